// Moves a block of elements from one strided view of memory to another: the engine under transpose, slice, broadcast,
// reverse, pad and concatenate. The plan (merged axes, inner loop) is made once; a run allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../dims.h"

namespace headwater {

class StridedCopy {
 public:
  StridedCopy() = default;
  // Strides and offsets are in elements of `item` bytes (1, 2, 4, 8 or 16); a `from` stride may be 0 (broadcast) or
  // negative (reverse). The views must not overlap.
  StridedCopy(size_t item, const Dims& shape, const Dims& from_strides, const Dims& to_strides, int64_t from_offset = 0,
              int64_t to_offset = 0);

  void run(const void* from, void* to) const;

 private:
  enum class Inner : uint8_t { kNothing, kRun, kFill, kTranspose, kStrided };

  void merge_axes();
  void choose_inner();
  void run_units(const char* from, char* to, int64_t begin, int64_t end) const;

  Inner inner_ = Inner::kNothing;
  size_t item_ = 1;
  int64_t from_offset_ = 0, to_offset_ = 0;  // bytes
  // Axes after merging, outermost first; the last one or two (transpose) belong to the inner loop. Strides in bytes.
  Dims shape_, from_strides_, to_strides_;
  int outer_rank_ = 0;
  int64_t units_ = 0;  // calls of the inner loop
  int64_t grain_ = 1;  // units that one thread should do at least
};

// The view of `shape`, row-major, as a plain copy: strides of `from` right-aligned and 0 where a size of 1 is repeated.
Dims broadcast_strides(const Dims& from_shape, const Dims& to_shape);

// memcpy, by several threads when it is long.
void parallel_copy(void* to, const void* from, size_t bytes);

}  // namespace headwater
