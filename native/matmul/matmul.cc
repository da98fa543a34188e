// matmul: inputs a (*batch, m, k) or (*batch, k, m), b (*batch, k, n) or (*batch, n, k) or without the batch, and what
// an epilogue reads; attrs transpose_a, transpose_b, algorithm ("auto", "own", "onednn"), and optionally code and
// results, an element-wise program over (*batch, m, n) whose value 0 is the product. The program may have several
// results, and write them over inputs of its own.
#include <algorithm>

#include "../kernel.h"
#include "../thread_pool.h"
#include "epilogue.h"
#include "exact_product.h"
#include "gemm.h"
#include "onednn_product.h"

namespace headwater {
namespace {

struct ProductShape {
  DType dtype = DType::kFloat32;
  int64_t batch = 1, m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false, shared_b = false;
};

// ---- the three ways to multiply
// ------------------------------------------------------------------------------------------

// A product and what follows it. A derived class writes the product, and may finish rows itself where the epilogue
// allows.
class MatMul : public Kernel {
 public:
  MatMul(const KernelSpec& spec, const ProductShape& s, std::unique_ptr<Epilogue> epilogue)
      : epilogue_(std::move(epilogue)),
        work_(static_cast<double>(s.batch * s.m) * static_cast<double>(s.n) * static_cast<double>(s.k)),
        columns_(s.n),
        item_(static_cast<int64_t>(item_size(s.dtype))),
        count_(spec.outputs[0].shape.count()) {}

  // A product that the result has no room for lies in front; behind it, first the product and then the epilogue work.
  size_t scratch_bytes() const final {
    return product_offset() + std::max(product_scratch_bytes(), epilogue_ ? epilogue_->scratch_bytes() : 0);
  }

  double cost_hint() const final { return 100 + work_ / rate() + (epilogue_ ? epilogue_->cost_hint() : 0); }

  void run(const void* const* in, void* const* out, void* scratch) const final {
    if (!epilogue_) return multiply(in, out[0], scratch, {});
    bool by_spans = epilogue_->by_rows() && finishes_spans();
    void* product = epilogue_->in_place() ? out[0] : by_spans && makes_blocks() ? nullptr : scratch;
    void* rest = static_cast<char*>(scratch) + product_offset();
    if (by_spans) {
      struct Context {
        const MatMul* self;
        const void* const* in;
        void* const* out;
        char* product;
      } context{this, in, out, epilogue_->in_place() ? nullptr : static_cast<char*>(product)};
      SpanDone done{[](void* pointer, const Span& span) {
                      auto& c = *static_cast<Context*>(pointer);
                      c.self->epilogue_->run_spans(c.in, c.out, c.product ? c.self->placed(span, c.product) : span);
                    },
                    &context, epilogue_->workspace_bytes()};
      return multiply(in, product, rest, done);
    }
    multiply(in, product, rest, {});
    epilogue_->run_all(product, in, out, rest);
  }

 protected:
  // Without a product, which only a derived class that makes blocks is asked for, `done` takes it block by block.
  virtual void multiply(const void* const* in, void* product, void* scratch, const SpanDone& done) const = 0;
  virtual size_t product_scratch_bytes() const { return 0; }
  virtual bool finishes_spans() const { return false; }
  virtual bool makes_blocks() const { return false; }
  virtual double rate() const { return 20; }  // multiply-adds in a nanosecond, roughly

 private:
  size_t product_offset() const {
    bool kept = epilogue_ && !epilogue_->in_place() && !(epilogue_->by_rows() && finishes_spans() && makes_blocks());
    return kept ? static_cast<size_t>(count_ * item_ + 63) / 64 * 64 : 0;
  }

  // A span of a product that lies whole in memory of its own.
  Span placed(Span span, char* product) const {
    span.block = product + (span.begin * columns_ + span.column) * item_;
    span.block_row = columns_;
    return span;
  }

  std::unique_ptr<Epilogue> epilogue_;
  double work_;
  int64_t columns_, item_, count_;
};

class OwnMatMul final : public MatMul {
 public:
  OwnMatMul(const KernelSpec& spec, const ProductShape& s, std::unique_ptr<Epilogue> epilogue)
      : MatMul(spec, s, std::move(epilogue)),
        gemm_(s.dtype, s.m, s.n, s.k, s.transpose_a, s.transpose_b, s.batch, s.shared_b) {}

 protected:
  void multiply(const void* const* in, void* product, void* scratch, const SpanDone& done) const override {
    gemm_.run(in[0], in[1], product, scratch, done);
  }
  size_t product_scratch_bytes() const override { return gemm_.scratch_bytes(); }
  bool finishes_spans() const override { return gemm_.finishes_spans(); }
  bool makes_blocks() const override { return gemm_.makes_blocks(); }

 private:
  Gemm gemm_;
};

class OnednnMatMul final : public MatMul {
 public:
  // Post-operations stand for an epilogue where they can.
  OnednnMatMul(const KernelSpec& spec, const ProductShape& s, const std::vector<PostOperation>& post,
               std::unique_ptr<Epilogue> epilogue)
      : MatMul(spec, s, std::move(epilogue)),
        product_(s.dtype, s.m, s.n, s.k, s.transpose_a, s.transpose_b, s.batch, s.shared_b, post) {}

 protected:
  void multiply(const void* const* in, void* product, void* scratch, const SpanDone&) const override {
    product_.run(in[0], in[1], product, in + 2, scratch);
  }
  size_t product_scratch_bytes() const override { return product_.scratch_bytes(); }

 private:
  OnednnProduct product_;
};

class ExactMatMul final : public MatMul {
 public:
  ExactMatMul(const KernelSpec& spec, const ProductShape& s, DType out, ExactProduct product,
              std::unique_ptr<Epilogue> epilogue)
      : MatMul(spec, s, std::move(epilogue)),
        s_(s),
        product_(product),
        item_(static_cast<int64_t>(item_size(s.dtype))),
        out_item_(static_cast<int64_t>(item_size(out))) {}

 protected:
  void multiply(const void* const* in, void* result, void* /*scratch*/, const SpanDone&) const override {
    int64_t a_row = s_.transpose_a ? 1 : s_.k, a_item = s_.m * s_.k;
    int64_t grain = std::max<int64_t>(1, (16 << 10) / std::max<int64_t>(1, s_.n * s_.k));
    parallel_for(s_.batch * s_.m, grain, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end;) {
        int64_t batch = row / s_.m, i = row % s_.m, rows = std::min(s_.m - i, end - row);
        MatrixView a{static_cast<const char*>(in[0]) + (batch * a_item + i * a_row) * item_, a_row,
                     s_.transpose_a ? s_.m : 1};
        MatrixView b{static_cast<const char*>(in[1]) + (s_.shared_b ? 0 : batch * s_.k * s_.n) * item_,
                     s_.transpose_b ? 1 : s_.n, s_.transpose_b ? s_.k : 1};
        product_(a, b, rows, s_.n, s_.k, static_cast<char*>(result) + row * s_.n * out_item_, s_.n);
        row += rows;
      }
    });
  }
  double rate() const override { return 1; }

 private:
  ProductShape s_;
  ExactProduct product_;
  int64_t item_, out_item_;
};

// ---- the factory
// ---------------------------------------------------------------------------------------------------------

ProductShape checked_shape(const KernelSpec& spec) {
  require(spec.inputs.size() >= 2 && !spec.outputs.empty(), "matmul", "needs two inputs or more, and an output");
  const TensorSpec &a = spec.inputs[0], &b = spec.inputs[1], &c = spec.outputs[0];
  if (a.dtype != b.dtype)
    throw TypeError(std::string("matmul: dtypes ") + dtype_name(a.dtype) + " and " + dtype_name(b.dtype) + " differ");
  ProductShape s;
  s.dtype = a.dtype;
  s.transpose_a = spec.attrs.get_bool("transpose_a", false);
  s.transpose_b = spec.attrs.get_bool("transpose_b", false);
  int rank = a.shape.rank();
  std::string both = a.shape.text() + " and " + b.shape.text();
  require(rank >= 2 && b.shape.rank() >= 2, "matmul", "operands " + both + " must have two axes or more");
  require(b.shape.rank() == rank || b.shape.rank() == 2, "matmul", both + ": b must have the batch of a, or none");
  Dims expected;
  for (int axis = 0; axis < rank - 2; ++axis) {
    require(b.shape.rank() == 2 || a.shape[axis] == b.shape[axis], "matmul", "the batches of " + both + " differ");
    expected.push_back(a.shape[axis]);
    s.batch *= a.shape[axis];
  }
  s.m = a.shape.back(s.transpose_a ? 0 : 1);
  s.k = a.shape.back(s.transpose_a ? 1 : 0);
  s.n = b.shape.back(s.transpose_b ? 1 : 0);
  int64_t depth = b.shape.back(s.transpose_b ? 0 : 1);
  require(s.k == depth, "matmul",
          both + " would contract an axis of " + std::to_string(s.k) + " with an axis of " + std::to_string(depth));
  s.shared_b = b.shape.rank() == 2 && rank > 2;
  expected.push_back(s.m);
  expected.push_back(s.n);
  require(c.shape == expected, "matmul", "the output must be " + expected.text() + ", not " + c.shape.text());
  return s;
}

// Where oneDNN is the default. For float32 nowhere: on AVX2 (AMD Zen 1, benchmarks/native_matmul.py, GFLOP/s of one
// core) it does 25-38 against 28-36 of our tiles on products of more than 10 million multiply-adds, and 4-18
// against 14-31 below a million; and its bits depend on the number of threads, since it splits k where m and n are few
// ((64, 8192) @ (8192, 64) on two threads, (300, 5000) @ (5000, 300) on eight), which ours do not. bfloat16 is its own
// where the processor multiplies it faster than float32, 1.7 times on Zen 4: large products only, where it has no cause
// to split k.
bool prefer_onednn(const ProductShape& s) {
  return s.dtype == DType::kBFloat16 && onednn_fast_bfloat16() && s.m >= 128 && s.n >= 128 && s.k >= 64;
}

std::unique_ptr<Kernel> make_matmul(const KernelSpec& spec) {
  ProductShape s = checked_shape(spec);
  DType out = spec.outputs[0].dtype;
  bool empty = spec.outputs[0].count() == 0;
  std::unique_ptr<Epilogue> epilogue = Epilogue::make(spec);
  std::string algorithm = spec.attrs.get_string("algorithm", "auto");
  require(algorithm == "auto" || algorithm == "own" || algorithm == "onednn", "matmul",
          "unknown algorithm '" + algorithm + "', expected auto, own or onednn");
  if (epilogue) out = s.dtype;  // of the product
  if (is_float(s.dtype)) {
    if (out != s.dtype)
      throw TypeError(std::string("matmul: the product of ") + dtype_name(s.dtype) + " cannot be " + dtype_name(out));
    bool wanted = algorithm == "onednn";
    require(!wanted || onednn_has_product(s.dtype), "matmul",
            std::string("oneDNN does not multiply ") + dtype_name(s.dtype) + " in this build or on this machine");
    if ((wanted || (algorithm == "auto" && prefer_onednn(s))) && !empty && s.k > 0) {
      std::vector<PostOperation> post;
      if (epilogue && post_operations(spec, post)) epilogue.reset();
      return std::make_unique<OnednnMatMul>(spec, s, post, std::move(epilogue));
    }
    return std::make_unique<OwnMatMul>(spec, s, std::move(epilogue));
  }
  require(algorithm != "onednn", "matmul", std::string("oneDNN does not multiply ") + dtype_name(s.dtype));
  ExactProduct product = (*HW_SELECT_ISA(exact_product))(s.dtype, out);
  if (!product)
    throw TypeError(std::string("matmul: the product of ") + dtype_name(s.dtype) + " cannot be " + dtype_name(out));
  return std::make_unique<ExactMatMul>(spec, s, out, product, std::move(epilogue));
}

HW_REGISTER_KERNEL("matmul", make_matmul)

}  // namespace
}  // namespace headwater
