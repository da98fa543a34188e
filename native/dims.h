// A shape: at most 16 sizes held inline, none negative, with a product that fits memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "dtype.h"

namespace headwater {

inline constexpr int kMaxRank = 16;
// The largest byte size that any tensor may have; leaves head room so that sums of a few sizes cannot overflow.
inline constexpr int64_t kMaxBytes = int64_t{1} << 47;

class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> sizes) {
    for (int64_t size : sizes) push_back(size);
  }
  template <class Iterator>
  Dims(Iterator first, Iterator last) {
    for (; first != last; ++first) push_back(*first);
  }

  int size() const { return size_; }
  int rank() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t operator[](int axis) const { return values_[axis]; }
  int64_t& operator[](int axis) { return values_[axis]; }
  // Counts from the end: back() is the last axis.
  int64_t back(int from_end = 0) const { return values_[size_ - 1 - from_end]; }
  const int64_t* data() const { return values_; }
  const int64_t* begin() const { return values_; }
  const int64_t* end() const { return values_ + size_; }
  int64_t* begin() { return values_; }
  int64_t* end() { return values_ + size_; }

  void push_back(int64_t value) {
    if (size_ == kMaxRank) throw std::invalid_argument("a shape may have at most 16 axes");
    values_[size_++] = value;
  }
  void resize(int rank, int64_t fill = 0) {
    if (rank < 0 || rank > kMaxRank) throw std::invalid_argument("a shape may have at most 16 axes");
    for (int axis = size_; axis < rank; ++axis) values_[axis] = fill;
    size_ = rank;
  }
  void clear() { size_ = 0; }

  // The number of elements. Exact for shapes that passed check_shape().
  int64_t count() const { return count(0, size_); }
  // The product of the sizes of axes first..last-1.
  int64_t count(int first, int last) const {
    int64_t product = 1;
    for (int axis = first; axis < last; ++axis) product *= values_[axis];
    return product;
  }

  friend bool operator==(const Dims& a, const Dims& b) {
    return a.size_ == b.size_ && std::equal(a.begin(), a.end(), b.begin());
  }

  // "(2, 3)", "(2,)", "()": as Python prints a tuple.
  std::string text() const {
    std::string result = "(";
    for (int axis = 0; axis < size_; ++axis) {
      if (axis) result += ", ";
      result += std::to_string(values_[axis]);
    }
    return result + (size_ == 1 ? ",)" : ")");
  }

 private:
  int size_ = 0;
  int64_t values_[kMaxRank];
};

// Elements times bytes each, refused if a size is negative or the total exceeds kMaxBytes.
// An axis of size 0 does not excuse the others: their product must be representable too.
inline int64_t checked_bytes(const Dims& shape, size_t bytes_each) {
  int64_t total = static_cast<int64_t>(bytes_each);
  bool has_zero = false;
  for (int64_t size : shape) {
    if (size < 0) throw std::invalid_argument("negative size in shape " + shape.text());
    if (size == 0) {
      has_zero = true;
      continue;
    }
    if (__builtin_mul_overflow(total, size, &total) || total > kMaxBytes)
      throw std::invalid_argument("shape " + shape.text() + " is too large");
  }
  return has_zero ? 0 : total;
}

inline int64_t checked_bytes(const Dims& shape, DType dtype) { return checked_bytes(shape, item_size(dtype)); }

// Row-major strides in elements.
inline Dims row_major_strides(const Dims& shape) {
  Dims strides;
  strides.resize(shape.rank());
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

}  // namespace headwater
