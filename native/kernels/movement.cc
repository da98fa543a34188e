// Kernels that only move elements, whatever their type: copy, transpose, broadcast, slice, reverse, pad, concatenate,
// dynamic_slice, update_slice.
#include <algorithm>
#include <cstring>

#include "../kernel.h"
#include "shapes.h"
#include "strided_copy.h"

namespace headwater {
namespace {

class CopyKernel final : public Kernel {
 public:
  explicit CopyKernel(size_t bytes) : bytes_(bytes) {}
  void run(const void* const* in, void* const* out, void*) const override { parallel_copy(out[0], in[0], bytes_); }

 private:
  size_t bytes_;
};

class StridedKernel final : public Kernel {
 public:
  explicit StridedKernel(StridedCopy copy) : copy_(std::move(copy)) {}
  void run(const void* const* in, void* const* out, void*) const override { copy_.run(in[0], out[0]); }

 private:
  StridedCopy copy_;
};

// copy: x of any shape -> the same elements (the shape may differ, the number of elements may not).
std::unique_ptr<Kernel> make_copy(const KernelSpec& spec) {
  require_arity("copy", spec, 1, 1);
  require_same_dtype("copy", spec.inputs[0], spec.outputs[0]);
  require(spec.inputs[0].count() == spec.outputs[0].count(), "copy",
          spec.inputs[0].shape.text() + " and " + spec.outputs[0].shape.text() + " differ in their number of elements");
  return std::make_unique<CopyKernel>(spec.inputs[0].bytes());
}

std::unique_ptr<Kernel> make_strided(const TensorSpec& x, const TensorSpec& y, const Dims& from_strides,
                                     int64_t from_offset = 0) {
  return std::make_unique<StridedKernel>(
      StridedCopy(item_size(x.dtype), y.shape, from_strides, row_major_strides(y.shape), from_offset));
}

// transpose: axis i of the output is axis perm[i] of x.
std::unique_ptr<Kernel> make_transpose(const KernelSpec& spec) {
  require_arity("transpose", spec, 1, 1);
  const TensorSpec &x = spec.inputs[0], &y = spec.outputs[0];
  require_same_dtype("transpose", x, y);
  std::vector<int64_t> perm = spec.attrs.get_ints("perm");
  require(static_cast<int>(perm.size()) == x.shape.rank() && x.shape.rank() == y.shape.rank(), "transpose",
          "perm has " + std::to_string(perm.size()) + " axes for " + x.shape.text() + " -> " + y.shape.text());
  Dims plain = row_major_strides(x.shape), strides;
  uint32_t seen = 0;
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    int64_t source = perm[axis];
    require(source >= 0 && source < x.shape.rank() && !(seen >> source & 1), "transpose", "perm is not a permutation");
    seen |= 1u << source;
    require(y.shape[axis] == x.shape[static_cast<int>(source)], "transpose",
            "perm does not lead from " + x.shape.text() + " to " + y.shape.text());
    strides.push_back(plain[static_cast<int>(source)]);
  }
  return make_strided(x, y, strides);
}

// broadcast: x repeated along axes of size 1 and new leading axes.
std::unique_ptr<Kernel> make_broadcast(const KernelSpec& spec) {
  require_arity("broadcast", spec, 1, 1);
  const TensorSpec &x = spec.inputs[0], &y = spec.outputs[0];
  require_same_dtype("broadcast", x, y);
  require_broadcastable("broadcast", x.shape, y.shape);
  return make_strided(x, y, broadcast_strides(x.shape, y.shape));
}

// slice: y[i0, i1, ...] = x[starts[0] + i0 * strides[0], ...]; strides may be negative.
std::unique_ptr<Kernel> make_slice(const KernelSpec& spec) {
  require_arity("slice", spec, 1, 1);
  const TensorSpec &x = spec.inputs[0], &y = spec.outputs[0];
  require_same_dtype("slice", x, y);
  int rank = x.shape.rank();
  std::vector<int64_t> starts = spec.attrs.get_ints("starts");
  std::vector<int64_t> steps = spec.attrs.get_ints("strides", std::vector<int64_t>(starts.size(), 1));
  require(y.shape.rank() == rank && static_cast<int>(starts.size()) == rank && static_cast<int>(steps.size()) == rank,
          "slice", "starts and strides need " + std::to_string(rank) + " entries");
  Dims plain = row_major_strides(x.shape), strides;
  int64_t offset = 0;
  for (int axis = 0; axis < rank; ++axis) {
    strides.push_back(0);
    if (y.shape[axis] == 0) continue;
    int64_t last;
    bool fits = starts[axis] >= 0 && starts[axis] < x.shape[axis] &&
                !__builtin_mul_overflow(steps[axis], y.shape[axis] - 1, &last) &&
                !__builtin_add_overflow(last, starts[axis], &last) && last >= 0 && last < x.shape[axis];
    require(fits, "slice",
            "axis " + std::to_string(axis) + " leaves " + x.shape.text() + " from start " +
                std::to_string(starts[axis]) + " in " + std::to_string(y.shape[axis]) + " steps of " +
                std::to_string(steps[axis]));
    strides[axis] = y.shape[axis] == 1 ? 0 : plain[axis] * steps[axis];
    offset += starts[axis] * plain[axis];
  }
  return make_strided(x, y, strides, offset);
}

// reverse: the order along `axes` is turned round.
std::unique_ptr<Kernel> make_reverse(const KernelSpec& spec) {
  require_arity("reverse", spec, 1, 1);
  const TensorSpec &x = spec.inputs[0], &y = spec.outputs[0];
  require_same_spec("reverse", x, y);
  Dims plain = row_major_strides(x.shape), strides = plain;
  int64_t offset = 0;
  for (int64_t given : spec.attrs.get_ints("axes")) {
    int axis = checked_axis("reverse", given, x.shape.rank());
    require(strides[axis] >= 0, "reverse", "axis " + std::to_string(axis) + " is given twice");
    strides[axis] = -plain[axis];
    offset += plain[axis] * (x.shape[axis] - 1);
  }
  return make_strided(x, y, strides, offset);
}

// pad: x with `low` and `high` elements of `value` around and `interior` ones between, along each axis.
class PadKernel final : public Kernel {
 public:
  void run(const void* const* in, void* const* out, void*) const override {
    for (const StridedCopy& fill : fills) fill.run(in[1], out[0]);
    body.run(in[0], out[0]);
  }

  std::vector<StridedCopy> fills;
  StridedCopy body;
};

std::unique_ptr<Kernel> make_pad(const KernelSpec& spec) {
  require_arity("pad", spec, 2, 1);
  const TensorSpec &x = spec.inputs[0], &value = spec.inputs[1], &y = spec.outputs[0];
  require_same_dtype("pad", x, y);
  require_same_dtype("pad", x, value);
  require(value.count() == 1, "pad", "the value must be a scalar, not " + value.shape.text());
  int rank = x.shape.rank();
  size_t item = item_size(x.dtype);
  std::vector<int64_t> low = spec.attrs.get_ints("low"), high = spec.attrs.get_ints("high");
  std::vector<int64_t> interior = spec.attrs.get_ints("interior", std::vector<int64_t>(low.size(), 0));
  require(y.shape.rank() == rank && static_cast<int>(low.size()) == rank && static_cast<int>(high.size()) == rank &&
              static_cast<int>(interior.size()) == rank,
          "pad", "low, high and interior need " + std::to_string(rank) + " entries");
  Dims plain = row_major_strides(y.shape), zero, strides;
  zero.resize(rank, 0);
  bool spread = false;
  int64_t offset = 0;
  for (int axis = 0; axis < rank; ++axis) {
    require(low[axis] >= 0 && high[axis] >= 0 && interior[axis] >= 0, "pad", "widths must not be negative");
    int64_t gaps = std::max<int64_t>(x.shape[axis] - 1, 0), size = 0;
    bool fits = !__builtin_mul_overflow(gaps, interior[axis], &size) &&
                !__builtin_add_overflow(size, low[axis], &size) && !__builtin_add_overflow(size, high[axis], &size) &&
                !__builtin_add_overflow(size, x.shape[axis], &size);
    require(fits && size == y.shape[axis], "pad",
            "the widths do not lead from " + x.shape.text() + " to " + y.shape.text());
    spread |= interior[axis] > 0 && gaps > 0;
    strides.push_back(plain[axis] * (interior[axis] + 1));
    offset += plain[axis] * low[axis];
  }
  auto kernel = std::make_unique<PadKernel>();
  kernel->body = StridedCopy(item, x.shape, row_major_strides(x.shape), strides, 0, y.count() ? offset : 0);
  if (spread || x.count() == 0) {
    kernel->fills.emplace_back(item, y.shape, zero, plain);
    return kernel;
  }
  // Without gaps the border is, axis by axis, a slab before and one after what is within on all earlier axes.
  Dims slab = y.shape;
  int64_t corner = 0;
  for (int axis = 0; axis < rank; ++axis) {
    slab[axis] = low[axis];
    if (low[axis]) kernel->fills.emplace_back(item, slab, zero, plain, 0, corner);
    slab[axis] = high[axis];
    if (high[axis])
      kernel->fills.emplace_back(item, slab, zero, plain, 0, corner + (y.shape[axis] - high[axis]) * plain[axis]);
    slab[axis] = x.shape[axis];
    corner += low[axis] * plain[axis];
  }
  return kernel;
}

// concatenate: the inputs one after another along `axis`.
class ConcatenateKernel final : public Kernel {
 public:
  void run(const void* const* in, void* const* out, void*) const override {
    for (size_t i = 0; i < parts.size(); ++i) parts[i].run(in[i], out[0]);
  }

  std::vector<StridedCopy> parts;
};

std::unique_ptr<Kernel> make_concatenate(const KernelSpec& spec) {
  require(!spec.inputs.empty() && spec.outputs.size() == 1, "concatenate", "needs one input or more, and one output");
  const TensorSpec& y = spec.outputs[0];
  int axis = checked_axis("concatenate", spec.attrs.get_int("axis"), y.shape.rank());
  Dims strides = row_major_strides(y.shape);
  auto kernel = std::make_unique<ConcatenateKernel>();
  int64_t position = 0;
  for (const TensorSpec& x : spec.inputs) {
    require_same_dtype("concatenate", x, y);
    require(x.shape.rank() == y.shape.rank(), "concatenate", x.shape.text() + " does not fit into " + y.shape.text());
    for (int other = 0; other < y.shape.rank(); ++other)
      require(other == axis || x.shape[other] == y.shape[other], "concatenate",
              x.shape.text() + " does not fit into " + y.shape.text());
    require(x.shape[axis] <= y.shape[axis] - position, "concatenate", "the inputs are longer than " + y.shape.text());
    kernel->parts.emplace_back(item_size(y.dtype), x.shape, row_major_strides(x.shape), strides, 0,
                               position * strides[axis]);
    position += x.shape[axis];
  }
  require(position == y.shape[axis], "concatenate", "the inputs are shorter than " + y.shape.text());
  return kernel;
}

// Reads where a slice starts and moves it so that it lies within the operand.
class SliceStart {
 public:
  SliceStart() = default;
  SliceStart(const char* kernel, const TensorSpec& starts, const Dims& whole, const Dims& part) : dtype_(starts.dtype) {
    require(starts.dtype == DType::kInt32 || starts.dtype == DType::kInt64, kernel, "starts must be int32 or int64");
    require(starts.shape.rank() == 1 && starts.shape[0] == whole.rank() && part.rank() == whole.rank(), kernel,
            "starts must have one entry for each axis of " + whole.text());
    strides_ = row_major_strides(whole);
    for (int axis = 0; axis < whole.rank(); ++axis) {
      require(part[axis] <= whole[axis], kernel, "a slice of " + part.text() + " does not fit into " + whole.text());
      limits_.push_back(whole[axis] - part[axis]);
    }
  }

  int64_t offset(const void* starts) const {
    int64_t total = 0;
    for (int axis = 0; axis < limits_.rank(); ++axis) {
      int64_t start = dtype_ == DType::kInt32 ? static_cast<const int32_t*>(starts)[axis]
                                              : static_cast<const int64_t*>(starts)[axis];
      total += std::clamp<int64_t>(start, 0, limits_[axis]) * strides_[axis];
    }
    return total;
  }

 private:
  DType dtype_ = DType::kInt64;
  Dims limits_, strides_;
};

// dynamic_slice: the block of the output's shape that begins at `starts`, clamped so that it fits.
class DynamicSliceKernel final : public Kernel {
 public:
  void run(const void* const* in, void* const* out, void*) const override {
    copy.run(static_cast<const char*>(in[0]) + start.offset(in[1]) * item, out[0]);
  }

  StridedCopy copy;
  SliceStart start;
  int64_t item = 1;
};

std::unique_ptr<Kernel> make_dynamic_slice(const KernelSpec& spec) {
  require_arity("dynamic_slice", spec, 2, 1);
  const TensorSpec &x = spec.inputs[0], &y = spec.outputs[0];
  require_same_dtype("dynamic_slice", x, y);
  auto kernel = std::make_unique<DynamicSliceKernel>();
  kernel->start = SliceStart("dynamic_slice", spec.inputs[1], x.shape, y.shape);
  kernel->item = static_cast<int64_t>(item_size(x.dtype));
  kernel->copy = StridedCopy(item_size(x.dtype), y.shape, row_major_strides(x.shape), row_major_strides(y.shape));
  return kernel;
}

// update_slice: x with `update` written at `starts`, clamped so that it fits. The output may be x itself.
class UpdateSliceKernel final : public Kernel {
 public:
  void run(const void* const* in, void* const* out, void*) const override {
    parallel_copy(out[0], in[0], bytes);
    copy.run(in[1], static_cast<char*>(out[0]) + start.offset(in[2]) * item);
  }

  StridedCopy copy;
  SliceStart start;
  size_t bytes = 0;
  int64_t item = 1;
};

std::unique_ptr<Kernel> make_update_slice(const KernelSpec& spec) {
  require_arity("update_slice", spec, 3, 1);
  const TensorSpec &x = spec.inputs[0], &update = spec.inputs[1], &y = spec.outputs[0];
  require_same_spec("update_slice", x, y);
  require_same_dtype("update_slice", x, update);
  auto kernel = std::make_unique<UpdateSliceKernel>();
  kernel->start = SliceStart("update_slice", spec.inputs[2], x.shape, update.shape);
  kernel->item = static_cast<int64_t>(item_size(x.dtype));
  kernel->bytes = x.bytes();
  kernel->copy =
      StridedCopy(item_size(x.dtype), update.shape, row_major_strides(update.shape), row_major_strides(x.shape));
  return kernel;
}

HW_REGISTER_KERNEL("copy", make_copy)
HW_REGISTER_KERNEL("transpose", make_transpose)
HW_REGISTER_KERNEL("broadcast", make_broadcast)
HW_REGISTER_KERNEL("slice", make_slice)
HW_REGISTER_KERNEL("reverse", make_reverse)
HW_REGISTER_KERNEL("pad", make_pad)
HW_REGISTER_KERNEL("concatenate", make_concatenate)
HW_REGISTER_KERNEL("dynamic_slice", make_dynamic_slice)
HW_REGISTER_KERNEL("update_slice", make_update_slice)

}  // namespace
}  // namespace headwater
