// Kernels that read at positions given by data: gather, gather_nd, take_along_axis.
#include <algorithm>
#include <array>
#include <cstring>

#include "../kernel.h"
#include "../thread_pool.h"
#include "index.h"
#include "shapes.h"
#include "strided_copy.h"

namespace headwater {
namespace {

constexpr int64_t kBytesPerThread = 64 << 10;
constexpr int64_t kMostKept = 1024;  // indices of a gather whose meaning is found beforehand

int64_t row_grain(int64_t row_bytes) { return std::max<int64_t>(1, kBytesPerThread / (row_bytes + 16)); }

template <size_t kBytes>
inline void copy_row_fixed(char* to, const char* from) {
  if (from)
    std::memcpy(to, from, kBytes);
  else
    std::memset(to, 0, kBytes);
}

// Copies `count` rows; source(i) is the row to read for output row i, or null for a row of zeros.
template <class Source>
void copy_rows(char* to, int64_t begin, int64_t end, size_t bytes, Source&& source) {
  auto loop = [&](auto copy) {
    for (int64_t i = begin; i < end; ++i) copy(to + i * static_cast<int64_t>(bytes), source(i));
  };
  switch (bytes) {
    case 1:
      return loop(copy_row_fixed<1>);
    case 2:
      return loop(copy_row_fixed<2>);
    case 3:  // a pixel of three bytes
      return loop(copy_row_fixed<3>);
    case 4:
      return loop(copy_row_fixed<4>);
    case 8:
      return loop(copy_row_fixed<8>);
    case 12:  // a pixel of three floats
      return loop(copy_row_fixed<12>);
    case 16:
      return loop(copy_row_fixed<16>);
    default:
      return loop([bytes](char* target, const char* from) {
        if (from)
          std::memcpy(target, from, bytes);
        else
          std::memset(target, 0, bytes);
      });
  }
}

// gather: numpy.take(x, indices, axis). x (outer, size, inner), indices any shape -> (outer, *indices, inner).
class GatherKernel final : public Kernel {
 public:
  void run(const void* const* in, void* const* out, void*) const override {
    if (bytes == 0) return;
    const char* x = static_cast<const char*>(in[0]);
    char* y = static_cast<char*>(out[0]);
    if (view.outer == 1 || count > kMostKept)
      return copy_resolved(x, y, [&](int64_t position) { return offset(in[1], position); });
    std::array<int64_t, kMostKept> offsets;  // each index is read once, however many parts x has
    for (int64_t position = 0; position < count; ++position) offsets[position] = offset(in[1], position);
    copy_resolved(x, y, [&](int64_t position) { return offsets[position]; });
  }

  // Where the row of an index lies in its part of x, -1 for a row of zeros.
  int64_t offset(const void* indices, int64_t position) const {
    int64_t row = resolve_index("gather", mode, read_index(indices, dtype, position), axis, view.size);
    return row < 0 ? -1 : row * bytes;
  }

  template <class Offset>
  void copy_resolved(const char* x, char* y, Offset&& offset_of) const {
    parallel_for(view.outer * count, row_grain(bytes), [&](int64_t begin, int64_t end) {
      while (begin < end) {
        int64_t outer = begin / count, first = begin - outer * count, last = std::min(count, first + end - begin);
        const char* part = x + outer * view.size * bytes;
        copy_rows(y + outer * count * bytes, first, last, static_cast<size_t>(bytes), [&](int64_t position) {
          int64_t at = offset_of(position);
          return at < 0 ? nullptr : part + at;
        });
        begin += last - first;
      }
    });
  }

  AxisView view;
  int64_t axis = 0, count = 0, bytes = 0;
  DType dtype = DType::kInt64;
  IndexMode mode = IndexMode::kRaise;
};

std::unique_ptr<Kernel> make_gather(const KernelSpec& spec) {
  require_arity("gather", spec, 2, 1);
  const TensorSpec &x = spec.inputs[0], &indices = spec.inputs[1], &y = spec.outputs[0];
  require_same_dtype("gather", x, y);
  require_index_dtype("gather", indices);
  int axis = checked_axis("gather", spec.attrs.get_int("axis", 0), x.shape.rank());
  Dims expected(x.shape.begin(), x.shape.begin() + axis);
  for (int64_t size : indices.shape) expected.push_back(size);
  for (int i = axis + 1; i < x.shape.rank(); ++i) expected.push_back(x.shape[i]);
  require(expected == y.shape, "gather", "the output must be " + expected.text() + ", not " + y.shape.text());
  auto kernel = std::make_unique<GatherKernel>();
  kernel->view = AxisView(x.shape, axis);
  kernel->axis = axis;
  kernel->count = indices.count();
  kernel->bytes = y.count() ? kernel->view.inner * static_cast<int64_t>(item_size(x.dtype)) : 0;
  kernel->dtype = indices.dtype;
  kernel->mode = index_mode("gather", spec.attrs);
  return kernel;
}

// gather_nd: y[i...] = x[indices[i..., 0], ..., indices[i..., r - 1]].
class GatherNdKernel final : public Kernel {
 public:
  void run(const void* const* in, void* const* out, void*) const override {
    if (bytes == 0) return;
    const char* x = static_cast<const char*>(in[0]);
    char* y = static_cast<char*>(out[0]);
    parallel_for(index.vectors(), row_grain(bytes), [&](int64_t begin, int64_t end) {
      copy_rows(y, begin, end, static_cast<size_t>(bytes), [&](int64_t i) -> const char* {
        int64_t row = index.row(in[1], i);
        return row < 0 ? nullptr : x + row * bytes;
      });
    });
  }

  RowIndex index;
  int64_t bytes = 0;
};

std::unique_ptr<Kernel> make_gather_nd(const KernelSpec& spec) {
  require_arity("gather_nd", spec, 2, 1);
  const TensorSpec &x = spec.inputs[0], &y = spec.outputs[0];
  require_same_dtype("gather_nd", x, y);
  auto kernel = std::make_unique<GatherNdKernel>();
  kernel->index = RowIndex("gather_nd", x, spec.inputs[1], index_mode("gather_nd", spec.attrs));
  require(kernel->index.result_shape() == y.shape, "gather_nd",
          "the output must be " + kernel->index.result_shape().text() + ", not " + y.shape.text());
  kernel->bytes = y.count() ? kernel->index.row_size() * static_cast<int64_t>(item_size(x.dtype)) : 0;
  return kernel;
}

// take_along_axis: y[.., j, ..] = x[.., indices[.., j, ..], ..]; other axes of x and indices are equal or 1.
class TakeAlongAxisKernel final : public Kernel {
 public:
  void run(const void* const* in, void* const* out, void*) const override {
    const char* x = static_cast<const char*>(in[0]);
    char* y = static_cast<char*>(out[0]);
    int last = shape.rank() - 1;
    parallel_for(count, row_grain(item), [&](int64_t begin, int64_t end) {
      int64_t counter[kMaxRank], rest = begin, from = 0, at = 0;
      for (int i = last; i >= 0; --i) {
        counter[i] = rest % shape[i];
        rest /= shape[i];
        from += counter[i] * x_strides[i];
        at += counter[i] * index_strides[i];
      }
      copy_rows(y, begin, end, static_cast<size_t>(item), [&](int64_t) -> const char* {
        int64_t index = resolve_index("take_along_axis", mode, read_index(in[1], dtype, at), axis, size);
        const char* source = index < 0 ? nullptr : x + (from + index * axis_stride) * item;
        for (int i = last; i >= 0; --i) {
          from += x_strides[i];
          at += index_strides[i];
          if (++counter[i] < shape[i]) break;
          counter[i] = 0;
          from -= x_strides[i] * shape[i];
          at -= index_strides[i] * shape[i];
        }
        return source;
      });
    });
  }

  Dims shape, x_strides, index_strides;  // x_strides is 0 along the axis
  int64_t axis = 0, size = 0, axis_stride = 0, item = 0, count = 0;
  DType dtype = DType::kInt64;
  IndexMode mode = IndexMode::kRaise;
};

std::unique_ptr<Kernel> make_take_along_axis(const KernelSpec& spec) {
  require_arity("take_along_axis", spec, 2, 1);
  const TensorSpec &x = spec.inputs[0], &indices = spec.inputs[1], &y = spec.outputs[0];
  require_same_dtype("take_along_axis", x, y);
  require_index_dtype("take_along_axis", indices);
  int rank = x.shape.rank();
  int axis = checked_axis("take_along_axis", spec.attrs.get_int("axis"), rank);
  require(indices.shape.rank() == rank && y.shape.rank() == rank, "take_along_axis",
          x.shape.text() + " and indices " + indices.shape.text() + " must have as many axes");
  Dims lines = x.shape;
  lines[axis] = 1;
  require_broadcastable("take_along_axis", lines, y.shape);
  require_broadcastable("take_along_axis", indices.shape, y.shape);
  require(indices.shape[axis] == y.shape[axis], "take_along_axis",
          "the output " + y.shape.text() + " must be as long as the indices " + indices.shape.text());
  auto kernel = std::make_unique<TakeAlongAxisKernel>();
  kernel->shape = y.shape;
  kernel->x_strides = broadcast_strides(x.shape, y.shape);
  kernel->x_strides[axis] = 0;
  kernel->index_strides = broadcast_strides(indices.shape, y.shape);
  kernel->axis = axis;
  kernel->size = x.shape[axis];
  kernel->axis_stride = row_major_strides(x.shape)[axis];
  kernel->item = static_cast<int64_t>(item_size(x.dtype));
  kernel->count = y.count();
  kernel->dtype = indices.dtype;
  kernel->mode = index_mode("take_along_axis", spec.attrs);
  return kernel;
}

HW_REGISTER_KERNEL("gather", make_gather)
HW_REGISTER_KERNEL("gather_nd", make_gather_nd)
HW_REGISTER_KERNEL("take_along_axis", make_take_along_axis)

}  // namespace
}  // namespace headwater
