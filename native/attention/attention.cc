// attention: inputs q (batch, rows, heads, depth), k (batch, keys, groups, depth), v (batch, keys, groups, width) and,
// as the attrs bias, mask, key (0 or 1) say, a bias and a mask (uint8 or bool) that broadcast to (batch, heads, rows,
// keys) and four uint32 words for dropout; outputs y (batch, rows, heads, width) and, of (batch, heads, rows), two
// parts of the logarithms of the sums of exponentials. attrs causal, scale, drop_below (a uint32: weights whose bits
// are below are dropped), kept (what the others are multiplied by).
// attention_gradient: inputs g, the cotangent of the logarithms, q, k, v, y, both parts of the logarithms, and the same
// extras; outputs the cotangents of q, k and v.
//
// Each element of a result is added up in one order, over tiles of keys or blocks of rows whose sizes follow from the
// shapes: how the work is split over threads does not change the bits.
#include "attention.h"

#include <algorithm>
#include <cstring>

#include "../kernel.h"
#include "../matmul/thread_workspace.h"
#include "../thread_pool.h"

namespace headwater {
namespace {

// Multiply-adds below which a problem stays on one thread.
constexpr double kShared = 200e3;
// Packed tiles of one head up to this size are packed by the task that uses them, and stay in its cache.
constexpr int64_t kOwnTiles = 512 << 10;
// Rows of a task that packs its own tiles: enough to be worth it.
constexpr int64_t kOwnRows = 512;

int64_t divide_up(int64_t value, int64_t by) { return (value + by - 1) / by; }

// What both kernels know: the problem, where its inputs are, and the functions for it.
class AttentionKernel : public Kernel {
 public:
  // first: index of q among the inputs; k and v follow it. extras: index of the first extra.
  AttentionKernel(const char* name, const KernelSpec& spec, size_t first, size_t extras) : first_(first) {
    bool has_bias = spec.attrs.get_bool("bias", false), has_mask = spec.attrs.get_bool("mask", false);
    bool has_key = spec.attrs.get_bool("key", false);
    size_t count =
        extras + static_cast<size_t>(has_bias) + static_cast<size_t>(has_mask) + static_cast<size_t>(has_key);
    require_arity(name, spec, count, 3);
    const TensorSpec &q = spec.inputs[first], &k = spec.inputs[first + 1], &v = spec.inputs[first + 2];
    require(q.dtype == DType::kFloat32 || q.dtype == DType::kFloat64, name, "only float32 and float64");
    require(q.shape.rank() == 4 && k.shape.rank() == 4 && v.shape.rank() == 4, name, "q, k and v must have four axes");
    shape_.batch = q.shape[0];
    shape_.rows = q.shape[1];
    shape_.heads = q.shape[2];
    shape_.depth = q.shape[3];
    shape_.keys = k.shape[1];
    shape_.groups = k.shape[2];
    shape_.width = v.shape[3];
    require(shape_.groups > 0 && shape_.heads % shape_.groups == 0, name, "heads must be a multiple of groups");
    shape_.causal = spec.attrs.get_bool("causal", false);
    shape_.scale = spec.attrs.get_double("scale", 1);
    shape_.drop_below = static_cast<uint32_t>(spec.attrs.get_int("drop_below", 0));
    shape_.kept = spec.attrs.get_double("kept", 1);
    require(!shape_.drop_below || has_key, name, "dropout needs a key");
    dtype_ = q.dtype;
    item_ = static_cast<int64_t>(item_size(dtype_));
    expect(name, k, {shape_.batch, shape_.keys, shape_.groups, shape_.depth}, dtype_);
    expect(name, v, {shape_.batch, shape_.keys, shape_.groups, shape_.width}, dtype_);
    if (has_bias) bias_ = spread(name, spec.inputs[bias_input_ = extras++], item_);
    if (has_mask) mask_ = spread(name, spec.inputs[mask_input_ = extras++], 1);
    if (has_key) {
      key_input_ = extras++;
      require(spec.inputs[key_input_].dtype == DType::kUInt32 && spec.inputs[key_input_].count() == 4, name,
              "the key must be four uint32 words");
    }
    functions_ = &(*HW_SELECT_ISA(attention_functions))(dtype_);
  }

  double cost_hint() const final { return 100 + work() / 10; }

 protected:
  static void expect(const char* name, const TensorSpec& spec, const Dims& shape, DType dtype) {
    require(spec.dtype == dtype && spec.shape == shape, name, spec.text() + " where " + shape.text() + " is expected");
  }
  Dims row_shape() const { return {shape_.batch, shape_.heads, shape_.rows}; }
  Dims q_shape() const { return {shape_.batch, shape_.rows, shape_.heads, shape_.depth}; }
  Dims y_shape() const { return {shape_.batch, shape_.rows, shape_.heads, shape_.width}; }

  AttentionInputs inputs(const void* const* in) const {
    AttentionInputs found{in[first_], in[first_ + 1], in[first_ + 2], bias_, mask_, nullptr};
    if (bias_input_) found.bias.data = in[bias_input_];
    if (mask_input_) found.mask.data = in[mask_input_];
    if (key_input_) found.key = static_cast<const uint32_t*>(in[key_input_]);
    return found;
  }

  bool empty() const { return shape_.batch * shape_.rows * shape_.heads == 0 || shape_.keys == 0; }
  double work() const {
    double pairs = static_cast<double>(shape_.batch * shape_.heads) * static_cast<double>(shape_.rows * shape_.keys);
    return pairs * static_cast<double>(shape_.depth + shape_.width) / (shape_.causal ? 2 : 1);
  }
  // function(task) for each of the tasks, on several threads if the problem is worth it.
  template <class Function>
  void share(int64_t tasks, Function&& function) const {
    if (work() < kShared) {
      for (int64_t task = 0; task < tasks; ++task) function(task);
    } else {
      parallel_chunks(tasks, 1, [&](int64_t task, int64_t, int64_t) { function(task); });
    }
  }
  // A block of a thread's memory of so many bytes, and a second one behind it.
  static void* workspace(int64_t bytes, int64_t second, void** second_block) {
    int64_t start = (bytes + 63) / 64 * 64;
    char* memory = static_cast<char*>(thread_workspace(static_cast<size_t>(start + second)));
    if (second_block) *second_block = memory + start;
    return memory;
  }

  AttentionShape shape_{};
  DType dtype_ = DType::kFloat32;
  int64_t item_ = 4;
  const AttentionFunctions* functions_ = nullptr;

 private:
  SpreadTensor spread(const char* name, const TensorSpec& spec, int64_t item) const {
    int64_t full[] = {shape_.batch, shape_.heads, shape_.rows, shape_.keys};
    require(spec.shape.rank() == 4 && static_cast<int64_t>(item_size(spec.dtype)) == item, name,
            spec.text() + " is no bias or mask");
    SpreadTensor found;
    int64_t step = 1;
    for (int axis = 3; axis >= 0; --axis) {
      require(spec.shape[axis] == full[axis] || spec.shape[axis] == 1, name, spec.text() + " does not broadcast");
      found.steps[axis] = spec.shape[axis] == 1 ? 0 : step;
      step *= spec.shape[axis];
    }
    return found;
  }

  size_t first_, bias_input_ = 0, mask_input_ = 0, key_input_ = 0;
  SpreadTensor bias_, mask_;
};

class Attention final : public AttentionKernel {
 public:
  explicit Attention(const KernelSpec& spec) : AttentionKernel("attention", spec, 0, 3) {
    expect("attention", spec.outputs[0], y_shape(), dtype_);
    expect("attention", spec.outputs[1], row_shape(), dtype_);
    expect("attention", spec.outputs[2], row_shape(), dtype_);
    if (empty()) return;
    tiles_ = divide_up(shape_.keys, functions_->forward_tile_keys(shape_));
    head_bytes_ = tiles_ * functions_->forward_tile_size(shape_) * item_;
    own_tiles_ = head_bytes_ <= kOwnTiles;
  }

  size_t scratch_bytes() const override {
    return own_tiles_ ? 0 : static_cast<size_t>(shape_.batch * shape_.groups * head_bytes_);
  }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    if (empty()) return;
    AttentionInputs inputs = this->inputs(in);
    AttentionResults results{out[0], out[1], out[2]};
    int64_t groups = shape_.batch * shape_.groups;
    if (own_tiles_) {
      int64_t ranges = divide_up(shape_.rows, kOwnRows);
      share(groups * ranges, [&](int64_t task) {
        void* packed;
        void* workspace = this->workspace(functions_->forward_workspace(shape_) * item_, head_bytes_, &packed);
        pack(inputs, task / ranges, packed);
        int64_t first = task % ranges * kOwnRows, last = std::min(shape_.rows, first + kOwnRows);
        for (int64_t head = 0; head < shape_.heads_of_group(); ++head)
          for (int64_t row = first; row < last; row += kForwardRows)
            forward(inputs, results, task / ranges, head, {row, std::min(kForwardRows, last - row)}, packed, workspace);
      });
      return;
    }
    auto head_tiles = [&](int64_t group) { return static_cast<char*>(scratch) + group * head_bytes_; };
    share(groups * tiles_,
          [&](int64_t task) { pack_tile(inputs, task / tiles_, task % tiles_, head_tiles(task / tiles_)); });
    int64_t blocks = divide_up(shape_.rows, kForwardRows), heads = shape_.heads_of_group();
    share(groups * heads * blocks, [&](int64_t task) {
      // The last rows first: under a diagonal they have the most to do.
      int64_t group = task / blocks / heads, block = blocks - 1 - task % blocks, row = block * kForwardRows;
      forward(inputs, results, group, task / blocks % heads, {row, std::min(kForwardRows, shape_.rows - row)},
              head_tiles(group), workspace(functions_->forward_workspace(shape_) * item_, 0, nullptr));
    });
  }

 private:
  struct Range {
    int64_t first, count;
  };

  void pack_tile(const AttentionInputs& in, int64_t group, int64_t tile, void* packed) const {
    functions_->pack_forward(shape_, in, group / shape_.groups, group % shape_.groups, tile,
                             static_cast<char*>(packed) + tile * functions_->forward_tile_size(shape_) * item_);
  }
  void pack(const AttentionInputs& in, int64_t group, void* packed) const {
    for (int64_t tile = 0; tile < tiles_; ++tile) pack_tile(in, group, tile, packed);
  }
  // head: within its group; groups are counted through the batch.
  void forward(const AttentionInputs& in, const AttentionResults& out, int64_t group, int64_t head, Range rows,
               const void* packed, void* workspace) const {
    int64_t index = group % shape_.groups * shape_.heads_of_group() + head;
    functions_->forward(shape_, in, out, {group / shape_.groups, index, rows.first, rows.count}, packed, workspace);
  }

  int64_t tiles_ = 0, head_bytes_ = 0;
  bool own_tiles_ = true;
};

class AttentionGradient final : public AttentionKernel {
 public:
  explicit AttentionGradient(const KernelSpec& spec) : AttentionKernel("attention_gradient", spec, 2, 8) {
    const char* name = "attention_gradient";
    expect(name, spec.inputs[0], y_shape(), dtype_);
    expect(name, spec.inputs[1], row_shape(), dtype_);
    expect(name, spec.inputs[5], y_shape(), dtype_);
    expect(name, spec.inputs[6], row_shape(), dtype_);
    expect(name, spec.inputs[7], row_shape(), dtype_);
    expect(name, spec.outputs[0], q_shape(), dtype_);
    expect(name, spec.outputs[1], spec.inputs[3].shape, dtype_);
    expect(name, spec.outputs[2], spec.inputs[4].shape, dtype_);
    if (empty()) return;
    tiles_ = divide_up(shape_.keys, functions_->backward_tile_keys(shape_));
    tile_bytes_ = functions_->backward_tile_size(shape_) * item_;
    deltas_bytes_ = divide_up(shape_.batch * shape_.heads * shape_.rows * item_, 64) * 64;
    // A head's weights are computed once for all three gradients where heads keep the threads busy, and otherwise once
    // for the queries by blocks of rows and once for keys and values by tiles of keys.
    by_head_ = shape_.batch * shape_.groups >= 2 * num_threads() || work() < kShared || num_threads() == 1;
  }

  size_t scratch_bytes() const override {
    return static_cast<size_t>(deltas_bytes_ + (by_head_ ? 0 : shape_.batch * shape_.groups * tiles_ * tile_bytes_));
  }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    int64_t k_bytes = shape_.batch * shape_.keys * shape_.groups * item_;
    std::memset(out[0], 0, static_cast<size_t>(shape_.batch * shape_.rows * shape_.heads * shape_.depth * item_));
    std::memset(out[1], 0, static_cast<size_t>(k_bytes * shape_.depth));
    std::memset(out[2], 0, static_cast<size_t>(k_bytes * shape_.width));
    if (empty()) return;
    int64_t rows = shape_.batch * shape_.heads * shape_.rows, grain = 1 + (64 << 10) / shape_.width;
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      functions_->deltas(shape_, in[0], in[5], in[1], begin, end, scratch);
    });
    AttentionInputs inputs = this->inputs(in);
    AttentionGradients gradients{in[0], in[6], in[7], scratch, out[0], out[1], out[2]};
    int64_t groups = shape_.batch * shape_.groups;
    if (by_head_) {
      share(groups, [&](int64_t group) {
        for (int64_t tile = 0; tile < tiles_; ++tile) {
          void* packed;
          void* workspace = this->workspace(functions_->backward_workspace(shape_) * item_, tile_bytes_, &packed);
          functions_->pack_backward(shape_, inputs, group / shape_.groups, group % shape_.groups, tile, packed);
          tile_of_group(inputs, gradients, group, tile, packed, true, workspace);
        }
      });
      return;
    }
    auto tile_at = [&](int64_t index) { return static_cast<char*>(scratch) + deltas_bytes_ + index * tile_bytes_; };
    share(groups * tiles_, [&](int64_t task) {
      int64_t group = task / tiles_;
      functions_->pack_backward(shape_, inputs, group / shape_.groups, group % shape_.groups, task % tiles_,
                                tile_at(task));
    });
    share(groups * tiles_, [&](int64_t task) {
      void* workspace = this->workspace(functions_->backward_workspace(shape_) * item_, 0, nullptr);
      tile_of_group(inputs, gradients, task / tiles_, task % tiles_, tile_at(task), false, workspace);
    });
    int64_t blocks = divide_up(shape_.rows, kBackwardRows), heads = shape_.heads_of_group();
    share(groups * heads * blocks, [&](int64_t task) {
      int64_t group = task / blocks / heads, block = blocks - 1 - task % blocks;
      void* workspace = this->workspace(functions_->backward_workspace(shape_) * item_, 0, nullptr);
      for (int64_t tile = 0; tile < tiles_; ++tile)
        functions_->backward(shape_, inputs, gradients, block_of(group, task / blocks % heads, block), tile,
                             tile_at(group * tiles_ + tile), true, false, workspace);
    });
  }

 private:
  AttentionRows block_of(int64_t group, int64_t head, int64_t block) const {
    int64_t first = block * kBackwardRows;
    return {group / shape_.groups, group % shape_.groups * shape_.heads_of_group() + head, first,
            std::min(kBackwardRows, shape_.rows - first)};
  }
  // All rows of all heads of a group, with one tile of keys.
  void tile_of_group(const AttentionInputs& in, const AttentionGradients& gradients, int64_t group, int64_t tile,
                     const void* packed, bool by_q, void* workspace) const {
    for (int64_t head = 0; head < shape_.heads_of_group(); ++head)
      for (int64_t block = 0; block * kBackwardRows < shape_.rows; ++block)
        functions_->backward(shape_, in, gradients, block_of(group, head, block), tile, packed, by_q, true, workspace);
  }

  int64_t tiles_ = 0, tile_bytes_ = 0, deltas_bytes_ = 0;
  bool by_head_ = true;
};

std::unique_ptr<Kernel> make_attention(const KernelSpec& spec) { return std::make_unique<Attention>(spec); }
std::unique_ptr<Kernel> make_attention_gradient(const KernelSpec& spec) {
  return std::make_unique<AttentionGradient>(spec);
}

HW_REGISTER_KERNEL("attention", make_attention)
HW_REGISTER_KERNEL("attention_gradient", make_attention_gradient)

}  // namespace
}  // namespace headwater
