// Kernels that write at positions given by data: scatter, put_along_axis, which may work in place. Updates are combined
// in their order, so the result does not depend on the number of threads: a thread owns rows (or columns) of the result
// and walks all updates.
#include <algorithm>
#include <cstring>

#include "../kernel.h"
#include "../thread_pool.h"
#include "arithmetic.h"
#include "index.h"
#include "shapes.h"
#include "strided_copy.h"

namespace headwater {
namespace {

// From this many updated elements on the work is shared.
constexpr int64_t kParallelElements = 32 << 10;
// Columns that a thread should have at least, in bytes: four cache lines.
constexpr int64_t kColumnBytes = 256;

template <class T, Combine kKind>
inline T combine(T a, T b) {
  if constexpr (kKind == Combine::kAdd)
    return add(a, b);
  else if constexpr (kKind == Combine::kMul)
    return multiply(a, b);
  else if constexpr (kKind == Combine::kMax)
    return maximum(a, b);
  else if constexpr (kKind == Combine::kMin)
    return minimum(a, b);
  else
    return b;
}

template <class T, Combine kKind>
void combine_run(void* to, const void* from, int64_t count) {
  T* a = static_cast<T*>(to);
  const T* b = static_cast<const T*>(from);
  if constexpr (kKind == Combine::kSet) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
  } else {
    for (int64_t i = 0; i < count; ++i) a[i] = combine<T, kKind>(a[i], b[i]);
  }
}

using CombineRun = void (*)(void*, const void*, int64_t);

CombineRun combine_function(DType dtype, Combine kind) {
  return visit_dtype(dtype, [kind](auto tag) -> CombineRun {
    using T = typename decltype(tag)::type;
    switch (kind) {
      case Combine::kAdd:
        return combine_run<T, Combine::kAdd>;
      case Combine::kMul:
        return combine_run<T, Combine::kMul>;
      default:
        break;
    }
    if constexpr (!is_complex_type<T>) {
      if (kind == Combine::kMax) return combine_run<T, Combine::kMax>;
      if (kind == Combine::kMin) return combine_run<T, Combine::kMin>;
    }
    return combine_run<T, Combine::kSet>;
  });
}

// scatter: a copy of x in which the row that indices[i] names is combined with updates[i], for all i in order.
// scatter_sum: the same for x of zeros, which is not read, and sums.
class ScatterKernel final : public Kernel {
 public:
  size_t scratch_bytes() const override { return static_cast<size_t>(index.vectors()) * sizeof(int64_t); }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    // All indices are checked before anything is written: an error leaves a variable as it was.
    int64_t* rows = static_cast<int64_t*>(scratch);
    int64_t updates = index.row_size() ? index.vectors() : 0;
    const void* indices = in[from_zero ? 0 : 1];
    for (int64_t i = 0; i < updates; ++i) rows[i] = index.row(indices, i);
    char* y = static_cast<char*>(out[0]);
    if (from_zero) {
      parallel_for(static_cast<int64_t>(bytes), 1 << 18,
                   [&](int64_t begin, int64_t end) { std::memset(y + begin, 0, static_cast<size_t>(end - begin)); });
    } else if (y != in[0]) {
      parallel_copy(y, in[0], bytes);
    }
    const char* source = static_cast<const char*>(in[from_zero ? 1 : 2]);
    int64_t size = index.row_size();
    if (updates * size < kParallelElements) {
      combine_block(y, source, rows, updates, 0, index.rows(), 0, size);
    } else if (size * item >= 2 * kColumnBytes) {
      parallel_for(size, kColumnBytes / item, [&](int64_t begin, int64_t end) {
        combine_block(y, source, rows, updates, 0, index.rows(), begin, end);
      });
    } else {
      int64_t chunk = (index.rows() + num_threads() - 1) / num_threads();
      parallel_chunks(index.rows(), chunk, [&](int64_t, int64_t begin, int64_t end) {
        combine_block(y, source, rows, updates, begin, end, 0, size);
      });
    }
  }

  RowIndex index;
  CombineRun combine_rows = nullptr;
  size_t bytes = 0;
  int64_t item = 1;
  bool from_zero = false;

 private:
  void combine_block(char* y, const char* source, const int64_t* rows, int64_t updates, int64_t first_row,
                     int64_t last_row, int64_t first, int64_t last) const {
    int64_t size = index.row_size();
    for (int64_t i = 0; i < updates; ++i)
      if (rows[i] >= first_row && rows[i] < last_row)
        combine_rows(y + (rows[i] * size + first) * item, source + (i * size + first) * item, last - first);
  }
};

std::unique_ptr<Kernel> make_scatter(const KernelSpec& spec) {
  require_arity("scatter", spec, 3, 1);
  const TensorSpec &x = spec.inputs[0], &updates = spec.inputs[2], &y = spec.outputs[0];
  require_same_spec("scatter", x, y);
  require_same_dtype("scatter", x, updates);
  auto kernel = std::make_unique<ScatterKernel>();
  kernel->index = RowIndex("scatter", x, spec.inputs[1], index_mode("scatter", spec.attrs));
  require(kernel->index.result_shape() == updates.shape, "scatter",
          "the updates must be " + kernel->index.result_shape().text() + ", not " + updates.shape.text());
  kernel->combine_rows = combine_function(x.dtype, combine_kind("scatter", spec.attrs, x.dtype));
  kernel->bytes = x.bytes();
  kernel->item = static_cast<int64_t>(item_size(x.dtype));
  return kernel;
}

std::unique_ptr<Kernel> make_scatter_sum(const KernelSpec& spec) {
  require_arity("scatter_sum", spec, 2, 1);
  const TensorSpec &updates = spec.inputs[1], &y = spec.outputs[0];
  require_same_dtype("scatter_sum", y, updates);
  auto kernel = std::make_unique<ScatterKernel>();
  kernel->index = RowIndex("scatter_sum", y, spec.inputs[0], index_mode("scatter_sum", spec.attrs));
  require(kernel->index.result_shape() == updates.shape, "scatter_sum",
          "the updates must be " + kernel->index.result_shape().text() + ", not " + updates.shape.text());
  kernel->combine_rows = combine_function(y.dtype, Combine::kAdd);
  kernel->bytes = y.bytes();
  kernel->item = static_cast<int64_t>(item_size(y.dtype));
  kernel->from_zero = true;
  return kernel;
}

// put_along_axis: a copy of x in which x[.., indices[.., j, ..], ..] is combined with values[.., j, ..]. Indices and
// values have one shape, equal to that of x but along the axis.
class PutAlongAxisKernel final : public Kernel {
 public:
  size_t scratch_bytes() const override { return static_cast<size_t>(count) * sizeof(int64_t); }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    int64_t* positions = static_cast<int64_t*>(scratch);
    for (int64_t i = 0; i < count; ++i)
      positions[i] = resolve_index("put_along_axis", mode, read_index(in[1], dtype, i), axis, view.size);
    if (out[0] != in[0]) parallel_copy(out[0], in[0], bytes);
    char* y = static_cast<char*>(out[0]);
    const char* values = static_cast<const char*>(in[2]);
    int64_t line = length * view.inner;
    parallel_for(view.outer, std::max<int64_t>(1, kParallelElements / std::max<int64_t>(line, 1)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t i = begin * line; i < end * line; ++i) {
                     if (positions[i] < 0) continue;
                     int64_t target = (i / line * view.size + positions[i]) * view.inner + i % view.inner;
                     combine_items(y + target * item, values + i * item, 1);
                   }
                 });
  }

  AxisView view;
  int64_t axis = 0, length = 0, count = 0, item = 1;
  size_t bytes = 0;
  DType dtype = DType::kInt64;
  IndexMode mode = IndexMode::kRaise;
  CombineRun combine_items = nullptr;
};

std::unique_ptr<Kernel> make_put_along_axis(const KernelSpec& spec) {
  require_arity("put_along_axis", spec, 3, 1);
  const TensorSpec &x = spec.inputs[0], &indices = spec.inputs[1], &values = spec.inputs[2], &y = spec.outputs[0];
  require_same_spec("put_along_axis", x, y);
  require_same_dtype("put_along_axis", x, values);
  require_index_dtype("put_along_axis", indices);
  int axis = checked_axis("put_along_axis", spec.attrs.get_int("axis"), x.shape.rank());
  require(indices.shape == values.shape && indices.shape.rank() == x.shape.rank(), "put_along_axis",
          "indices " + indices.shape.text() + " and values " + values.shape.text() + " must have one shape");
  for (int i = 0; i < x.shape.rank(); ++i)
    require(i == axis || indices.shape[i] == x.shape[i], "put_along_axis",
            "indices " + indices.shape.text() + " do not fit " + x.shape.text());
  auto kernel = std::make_unique<PutAlongAxisKernel>();
  kernel->view = AxisView(x.shape, axis);
  kernel->axis = axis;
  kernel->length = indices.shape[axis];
  kernel->count = indices.count();
  kernel->item = static_cast<int64_t>(item_size(x.dtype));
  kernel->bytes = x.bytes();
  kernel->dtype = indices.dtype;
  kernel->mode = index_mode("put_along_axis", spec.attrs);
  kernel->combine_items = combine_function(x.dtype, combine_kind("put_along_axis", spec.attrs, x.dtype));
  return kernel;
}

HW_REGISTER_KERNEL("scatter", make_scatter)
HW_REGISTER_KERNEL("scatter_sum", make_scatter_sum)
HW_REGISTER_KERNEL("put_along_axis", make_put_along_axis)

}  // namespace
}  // namespace headwater
