// convolution: inputs x (batch, *spatial, channels), kernel (*window, channels / groups, filters) and what an epilogue
// reads. convolution_input_gradient: inputs g (batch, *windows, filters), kernel. Attributes strides, low (padding in
// front, may be negative), dilation, groups, and optionally code and results, an element-wise program over the output
// whose value 0 is the convolution.
#include <algorithm>
#include <cstring>

#include "../matmul/epilogue.h"
#include "../thread_pool.h"
#include "exact_convolution.h"
#include "image_sizes.h"
#include "sliding_product.h"
#include "winograd_pass.h"

namespace headwater {
namespace {

std::unique_ptr<ConvPass> make_pass(const ConvShape& s, const WindowAxes& axes, bool transposed) {
  if (WinogradBlocks::serves(s.dtype, axes, source_images(s, transposed), made_images(s, transposed), s.groups))
    return std::make_unique<WinogradPass>(s, axes, transposed);
  return std::make_unique<SlidingPass>(s, axes, transposed);
}

// One or several passes over the input, and what follows them.
class Sliding final : public Kernel {
 public:
  Sliding(const KernelSpec& spec, const ConvShape& s, const std::vector<WindowAxes>& passes, bool transposed,
          std::unique_ptr<Epilogue> epilogue)
      : epilogue_(std::move(epilogue)), work_(s.work()) {
    const TensorSpec& y = spec.outputs[0];
    bytes_ = static_cast<size_t>(y.count()) * item_size(s.dtype);
    rows_ = y.shape.count(0, y.shape.rank() - 1);
    row_bytes_ = y.shape.empty() ? 1 : y.shape.back() * static_cast<int64_t>(item_size(s.dtype));
    for (const WindowAxes& axes : passes) {
      passes_.push_back(make_pass(s, axes, transposed));
      made_ += axes[0].count * axes[1].count * axes[2].count;
      packed_bytes_ += (passes_.back()->packed_bytes() + 63) / 64 * 64;
    }
    leaves_gaps_ = made_ != (transposed ? s.in_count() : s.out_count());
    if (epilogue_ && !epilogue_->in_place()) product_bytes_ = (bytes_ + 63) / 64 * 64;
  }

  size_t scratch_bytes() const override {
    return product_bytes_ + std::max(packed_bytes_, epilogue_ ? epilogue_->scratch_bytes() : 0);
  }
  double cost_hint() const override { return 1000 + work_ / 20 + (epilogue_ ? epilogue_->cost_hint() : 0); }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    if (rows_ == 0) return;
    void* y = product_bytes_ ? scratch : out[0];
    char* rest = static_cast<char*>(scratch) + product_bytes_;
    if (leaves_gaps_) std::memset(y, 0, bytes_);
    struct Context {
      const Epilogue* epilogue;
      const void* const* in;
      void* const* out;
    } context{epilogue_.get(), in, out};
    RowsDone done;
    if (epilogue_ && epilogue_->by_rows())
      done = {[](void* pointer, int64_t begin, int64_t end) {
                auto& c = *static_cast<Context*>(pointer);
                c.epilogue->run_rows(c.in, c.out, begin, end);
              },
              &context};
    bool while_cached = passes_.size() == 1 && !leaves_gaps_ && passes_[0]->has_whole_rows();
    for (const auto& pass : passes_) {
      pass->pack(in[1], rest);
      pass->run(in[0], in[1], rest, y, while_cached ? done : RowsDone{});
      rest += (pass->packed_bytes() + 63) / 64 * 64;
    }
    if (!epilogue_) return;
    if (!done.function)
      epilogue_->run_all(y, in, out, static_cast<char*>(scratch) + product_bytes_);
    else if (!while_cached)
      parallel_for(rows_, std::max<int64_t>(1, (64 << 10) / row_bytes_), done);
  }

 private:
  std::unique_ptr<Epilogue> epilogue_;
  std::vector<std::unique_ptr<ConvPass>> passes_;
  double work_;
  int64_t rows_ = 0, row_bytes_ = 1, made_ = 0;
  size_t bytes_ = 0, product_bytes_ = 0, packed_bytes_ = 0;
  bool leaves_gaps_ = false;
};

std::unique_ptr<Kernel> make_sliding(const char* name, const KernelSpec& spec, bool transposed) {
  require(spec.inputs.size() >= 2 && spec.outputs.size() == 1, name, "needs two inputs or more, and one output");
  std::unique_ptr<Epilogue> epilogue = Epilogue::make(spec);
  TensorSpec made{spec.inputs[0].dtype, spec.outputs[0].shape};  // before the epilogue
  require(epilogue || made == spec.outputs[0], name, "the dtypes differ");
  const TensorSpec &x = transposed ? made : spec.inputs[0], &y = transposed ? spec.inputs[0] : made;
  ConvShape s = checked_conv_shape(name, x, spec.inputs[1], y, spec.attrs);
  if (s.dtype != DType::kFloat32 && s.dtype != DType::kFloat64) {
    require(!transposed && !epilogue, name, std::string("is not there for ") + dtype_name(s.dtype));
    return make_exact_convolution(s);
  }
  std::vector<WindowAxes> passes;
  if (made.count() > 0 && spec.inputs[0].count() > 0) {
    if (transposed)
      passes = transposed_axes(s);
    else
      passes.push_back(forward_axes(s));
  }
  return std::make_unique<Sliding>(spec, s, passes, transposed, std::move(epilogue));
}

std::unique_ptr<Kernel> make_convolution(const KernelSpec& spec) { return make_sliding("convolution", spec, false); }
std::unique_ptr<Kernel> make_input_gradient(const KernelSpec& spec) {
  return make_sliding("convolution_input_gradient", spec, true);
}

HW_REGISTER_KERNEL("convolution", make_convolution)
HW_REGISTER_KERNEL("convolution_input_gradient", make_input_gradient)

}  // namespace
}  // namespace headwater
