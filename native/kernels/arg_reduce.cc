// argmax, argmin: where the first extreme value along an axis is. NaN wins, the first of several, as in NumPy.
#include <algorithm>

#include "../kernel.h"
#include "../thread_pool.h"
#include "arithmetic.h"
#include "index.h"
#include "shapes.h"

namespace headwater {
namespace {

constexpr int64_t kElementsPerThread = 32 << 10;
constexpr int64_t kLanes = 16;
// Columns whose running extremes are held on the stack.
constexpr int64_t kColumns = 128;

template <class T>
using Ordered = std::conditional_t<is_small_float<T>, float, T>;

template <class T, bool kMax>
inline bool beats(Ordered<T> a, Ordered<T> b) {
  return kMax ? a > b : a < b;
}

// Lanes of independent extremes let the compiler use vector registers; a second pass then finds the first match.
template <class T, bool kMax>
int64_t arg_of_line(const T* x, int64_t size) {
  Ordered<T> lanes[kLanes];
  bool nan = false;
  Ordered<T> best = x[0];
  int64_t whole = size / kLanes * kLanes;
  if (whole) {
    for (int64_t j = 0; j < kLanes; ++j) lanes[j] = x[j];
    for (int64_t i = 0; i < whole; i += kLanes) {
      int found = 0;
      for (int64_t j = 0; j < kLanes; ++j) {
        Ordered<T> value = x[i + j];
        lanes[j] = beats<T, kMax>(value, lanes[j]) ? value : lanes[j];
        found |= value != value;
      }
      nan |= found != 0;
    }
    for (int64_t j = 0; j < kLanes; ++j) best = beats<T, kMax>(lanes[j], best) ? lanes[j] : best;
  }
  for (int64_t i = whole; i < size; ++i) {
    Ordered<T> value = x[i];
    best = beats<T, kMax>(value, best) ? value : best;
    nan |= value != value;
  }
  for (int64_t i = 0; i < size; ++i) {
    Ordered<T> value = x[i];
    if (nan ? value != value : value == best) return i;
  }
  return 0;
}

template <class T, bool kMax>
class ArgKernel final : public Kernel {
 public:
  ArgKernel(AxisView view, bool wide) : view_(view), wide_(wide) {}

  void run(const void* const* in, void* const* out, void*) const override {
    const T* x = static_cast<const T*>(in[0]);
    void* y = out[0];
    int64_t size = view_.size, inner = view_.inner;
    if (inner == 1) {
      parallel_for(view_.outer, std::max<int64_t>(1, kElementsPerThread / size), [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; ++line) put(y, line, arg_of_line<T, kMax>(x + line * size, size));
      });
      return;
    }
    int64_t blocks = (inner + kColumns - 1) / kColumns;
    int64_t grain = std::max<int64_t>(1, kElementsPerThread / (size * std::min(inner, kColumns)));
    parallel_for(view_.outer * blocks, grain, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        int64_t outer = unit / blocks, first = unit % blocks * kColumns;
        arg_of_columns(x + outer * size * inner + first, y, outer * inner + first, std::min(kColumns, inner - first));
      }
    });
  }

 private:
  // Writes an index as int64 or int32, as the output has it.
  void put(void* y, int64_t at, int64_t index) const {
    if (wide_)
      static_cast<int64_t*>(y)[at] = index;
    else
      static_cast<int32_t*>(y)[at] = static_cast<int32_t>(index);
  }

  void arg_of_columns(const T* x, void* y, int64_t at, int64_t columns) const {
    Ordered<T> best[kColumns];
    int64_t where[kColumns] = {};
    for (int64_t j = 0; j < columns; ++j) best[j] = x[j];
    for (int64_t i = 1; i < view_.size; ++i) {
      const T* row = x + i * view_.inner;
      for (int64_t j = 0; j < columns; ++j) {
        Ordered<T> value = row[j];
        bool better = (best[j] == best[j]) & (beats<T, kMax>(value, best[j]) | (value != value));
        best[j] = better ? value : best[j];
        where[j] = better ? i : where[j];
      }
    }
    for (int64_t j = 0; j < columns; ++j) put(y, at + j, where[j]);
  }

  AxisView view_;
  bool wide_;
};

template <bool kMax>
std::unique_ptr<Kernel> make_arg(const char* name, const KernelSpec& spec) {
  require_arity(name, spec, 1, 1);
  const TensorSpec &x = spec.inputs[0], &y = spec.outputs[0];
  require_index_dtype(name, y);
  int axis = checked_axis(name, spec.attrs.get_int("axis"), x.shape.rank());
  AxisView view(x.shape, axis);
  require(y.count() == view.outer * view.inner, name,
          "the output must be " + x.shape.text() + " without axis " + std::to_string(axis));
  require(view.size > 0 || y.count() == 0, name, "an empty axis has no extreme value");
  require(view.size <= INT32_MAX || y.dtype == DType::kInt64, name, "the axis is too long for int32");
  if (y.count() == 0) view = AxisView(Dims{0, 1}, 1);
  return visit_dtype(x.dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = typename decltype(tag)::type;
    if constexpr (is_complex_type<T>) {
      throw TypeError(std::string(name) + ": complex numbers have no order");
    } else {
      return std::make_unique<ArgKernel<T, kMax>>(view, y.dtype == DType::kInt64);
    }
  });
}

std::unique_ptr<Kernel> make_argmax(const KernelSpec& spec) { return make_arg<true>("argmax", spec); }
std::unique_ptr<Kernel> make_argmin(const KernelSpec& spec) { return make_arg<false>("argmin", spec); }

HW_REGISTER_KERNEL("argmax", make_argmax)
HW_REGISTER_KERNEL("argmin", make_argmin)

}  // namespace
}  // namespace headwater
