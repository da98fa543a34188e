// Checks that the factories of kernels share. All throw std::invalid_argument (or TypeError) with the kernel's name.
#pragma once

#include <string>

#include "../errors.h"
#include "../kernel.h"

namespace headwater {

inline void require_same_dtype(const char* kernel, const TensorSpec& a, const TensorSpec& b) {
  if (a.dtype != b.dtype)
    throw TypeError(std::string(kernel) + ": dtypes " + dtype_name(a.dtype) + " and " + dtype_name(b.dtype) +
                    " differ");
}

inline void require_same_spec(const char* kernel, const TensorSpec& a, const TensorSpec& b) {
  require_same_dtype(kernel, a, b);
  require(a.shape == b.shape, kernel, "shapes " + a.shape.text() + " and " + b.shape.text() + " differ");
}

// An axis of a tensor of that rank; negative ones count from the end.
inline int checked_axis(const char* kernel, int64_t axis, int rank) {
  require(axis >= -rank && axis < rank, kernel,
          "axis " + std::to_string(axis) + " of a tensor with " + std::to_string(rank) + " axes");
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

// NumPy's rule: sizes right-aligned, each equal or 1 in `from`.
inline void require_broadcastable(const char* kernel, const Dims& from, const Dims& to) {
  bool fits = from.rank() <= to.rank();
  for (int axis = 0; fits && axis < from.rank(); ++axis)
    fits = from.back(axis) == to.back(axis) || from.back(axis) == 1;
  require(fits, kernel, from.text() + " cannot be broadcast to " + to.text());
}

// A tensor seen along one axis: outer lines of `size` elements that lie `inner` apart.
struct AxisView {
  int64_t outer = 1, size = 1, inner = 1;
  AxisView() = default;
  AxisView(const Dims& shape, int axis)
      : outer(shape.count(0, axis)), size(shape[axis]), inner(shape.count(axis + 1, shape.rank())) {}
};

}  // namespace headwater
