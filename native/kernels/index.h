// How the index kernels read and check index values.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "../kernel.h"

namespace headwater {

// What an index outside of its axis means. kRaise: negative ones count from the end, others are an error (IndexError
// in Python). kClip: the nearest valid index. kFill: gather gives zeros, scatter skips the update.
enum class IndexMode : uint8_t { kRaise, kClip, kFill };

IndexMode index_mode(const char* kernel, const Attributes& attrs);
// Throws unless `spec` is int32 or int64.
void require_index_dtype(const char* kernel, const TensorSpec& spec);
[[noreturn]] void raise_index(const char* kernel, int64_t index, int64_t axis, int64_t size);

inline int64_t read_index(const void* indices, DType dtype, int64_t i) {
  return dtype == DType::kInt32 ? static_cast<const int32_t*>(indices)[i] : static_cast<const int64_t*>(indices)[i];
}

// The element that `index` means on an axis of `size`, or -1 for none (kFill only).
inline int64_t resolve_index(const char* kernel, IndexMode mode, int64_t index, int64_t axis, int64_t size) {
  if (static_cast<uint64_t>(index) < static_cast<uint64_t>(size)) return index;
  if (mode == IndexMode::kRaise) {
    if (index < 0 && index >= -size) return index + size;
    raise_index(kernel, index, axis, size);
  }
  if (mode == IndexMode::kClip && size > 0) return index < 0 ? 0 : size - 1;
  if (mode == IndexMode::kClip) raise_index(kernel, index, axis, size);
  return -1;
}

// Index vectors (..., r) that name a row of x by its leading r axes.
class RowIndex {
 public:
  RowIndex() = default;
  RowIndex(const char* kernel, const TensorSpec& x, const TensorSpec& indices, IndexMode mode);

  // The row that index vector i means, or -1 for none.
  int64_t row(const void* indices, int64_t i) const {
    int64_t row = 0;
    for (int axis = 0; axis < sizes_.rank(); ++axis) {
      int64_t index =
          resolve_index(kernel_, mode_, read_index(indices, dtype_, i * sizes_.rank() + axis), axis, sizes_[axis]);
      if (index < 0) return -1;
      row = row * sizes_[axis] + index;
    }
    return row;
  }
  int64_t vectors() const { return vectors_; }
  int64_t rows() const { return sizes_.count(); }
  int64_t row_size() const { return row_size_; }
  const Dims& result_shape() const { return result_shape_; }  // of a gather, and of the updates of a scatter

 private:
  const char* kernel_ = "";
  IndexMode mode_ = IndexMode::kRaise;
  DType dtype_ = DType::kInt64;
  Dims sizes_, result_shape_;
  int64_t vectors_ = 0, row_size_ = 0;
};

// combine(kind) for scatter and put_along_axis.
enum class Combine : uint8_t { kSet, kAdd, kMax, kMin, kMul };
Combine combine_kind(const char* kernel, const Attributes& attrs, DType dtype);

}  // namespace headwater
