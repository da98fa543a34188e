#include "strided_copy.h"

#include <algorithm>
#include <cstring>

#include "../thread_pool.h"

namespace headwater {
namespace {

// A second thread pays from about this many bytes on (measured: waking one costs some microseconds).
constexpr int64_t kBytesPerThread = 128 << 10;
// Rows and columns of a transposed tile: two cache lines of 4-byte items, so lines are read and written whole.
constexpr int64_t kTile = 32;

// An item of a size that no number has: pixels of three bytes, three halves, three floats.
template <size_t kBytes>
struct Bytes {
  char bytes[kBytes];
};
struct Item16 {
  uint64_t low, high;
};

template <class Visitor>
void visit_item(size_t item, Visitor&& visitor) {
  switch (item) {
    case 1:
      return visitor(uint8_t{});
    case 2:
      return visitor(uint16_t{});
    case 3:
      return visitor(Bytes<3>{});
    case 4:
      return visitor(uint32_t{});
    case 6:
      return visitor(Bytes<6>{});
    case 8:
      return visitor(uint64_t{});
    case 12:
      return visitor(Bytes<12>{});
    default:
      return visitor(Item16{});
  }
}

template <class T>
inline T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

template <class T>
inline void store(char* p, T value) {
  std::memcpy(p, &value, sizeof(T));
}

template <class T>
void copy_strided(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t count) {
  if (to_stride == static_cast<int64_t>(sizeof(T))) {
    for (int64_t i = 0; i < count; ++i) store(to + i * sizeof(T), load<T>(from + i * from_stride));
  } else {
    for (int64_t i = 0; i < count; ++i) store(to + i * to_stride, load<T>(from + i * from_stride));
  }
}

template <class T>
void fill_run(const char* from, char* to, int64_t count) {
  T value = load<T>(from);
  for (int64_t i = 0; i < count; ++i) store(to + i * sizeof(T), value);
}

// Square blocks transposed in 16-byte registers; Block<T>::size rows of Block<T>::size items.
template <class T>
struct Block {
  static constexpr int64_t size = 1;
  static void transpose(const char* from, int64_t, char* to, int64_t) { store(to, load<T>(from)); }
};

template <>
struct Block<uint32_t> {
  static constexpr int64_t size = 4;
  typedef uint32_t Vector __attribute__((vector_size(16)));
  static void transpose(const char* from, int64_t from_stride, char* to, int64_t to_stride) {
    Vector r0 = load<Vector>(from), r1 = load<Vector>(from + from_stride);
    Vector r2 = load<Vector>(from + 2 * from_stride), r3 = load<Vector>(from + 3 * from_stride);
    Vector a = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), b = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
    Vector c = __builtin_shufflevector(r2, r3, 0, 4, 1, 5), d = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    store<Vector>(to, __builtin_shufflevector(a, c, 0, 1, 4, 5));
    store<Vector>(to + to_stride, __builtin_shufflevector(a, c, 2, 3, 6, 7));
    store<Vector>(to + 2 * to_stride, __builtin_shufflevector(b, d, 0, 1, 4, 5));
    store<Vector>(to + 3 * to_stride, __builtin_shufflevector(b, d, 2, 3, 6, 7));
  }
};

template <>
struct Block<uint64_t> {
  static constexpr int64_t size = 2;
  typedef uint64_t Vector __attribute__((vector_size(16)));
  static void transpose(const char* from, int64_t from_stride, char* to, int64_t to_stride) {
    Vector r0 = load<Vector>(from), r1 = load<Vector>(from + from_stride);
    store<Vector>(to, __builtin_shufflevector(r0, r1, 0, 2));
    store<Vector>(to + to_stride, __builtin_shufflevector(r0, r1, 1, 3));
  }
};

template <>
struct Block<uint16_t> {
  static constexpr int64_t size = 8;
  typedef uint16_t Vector __attribute__((vector_size(16)));
  static Vector low(Vector a, Vector b) { return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
  static Vector high(Vector a, Vector b) { return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }
  // Interleaving row i with row i + 4 three times transposes an 8 x 8 block.
  static void transpose(const char* from, int64_t from_stride, char* to, int64_t to_stride) {
    Vector rows[8], next[8];
    for (int i = 0; i < 8; ++i) rows[i] = load<Vector>(from + i * from_stride);
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 4; ++i) {
        next[2 * i] = low(rows[i], rows[i + 4]);
        next[2 * i + 1] = high(rows[i], rows[i + 4]);
      }
      for (int i = 0; i < 8; ++i) rows[i] = next[i];
    }
    for (int i = 0; i < 8; ++i) store<Vector>(to + i * to_stride, rows[i]);
  }
};

// to[c][r] = from[r][c] for rows x cols items; rows are contiguous in `from`, columns in `to`.
template <class T>
void transpose_tile(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t rows, int64_t cols) {
  constexpr int64_t size = Block<T>::size;
  int64_t whole_rows = rows / size * size, whole_cols = cols / size * size;
  for (int64_t c = 0; c < whole_cols; c += size) {
    const char* source = from + c * sizeof(T);
    char* target = to + c * to_stride;
    for (int64_t r = 0; r < whole_rows; r += size)
      Block<T>::transpose(source + r * from_stride, from_stride, target + r * sizeof(T), to_stride);
    for (int64_t i = 0; i < size; ++i)
      for (int64_t r = whole_rows; r < rows; ++r)
        store(target + i * to_stride + r * sizeof(T), load<T>(source + r * from_stride + i * sizeof(T)));
  }
  for (int64_t c = whole_cols; c < cols; ++c)
    copy_strided<T>(from + c * sizeof(T), from_stride, to + c * to_stride, sizeof(T), rows);
}

}  // namespace

StridedCopy::StridedCopy(size_t item, const Dims& shape, const Dims& from_strides, const Dims& to_strides,
                         int64_t from_offset, int64_t to_offset)
    : item_(item),
      from_offset_(from_offset * static_cast<int64_t>(item)),
      to_offset_(to_offset * static_cast<int64_t>(item)) {
  if (shape.count() == 0) return;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    shape_.push_back(shape[axis]);
    from_strides_.push_back(from_strides[axis] * static_cast<int64_t>(item));
    to_strides_.push_back(to_strides[axis] * static_cast<int64_t>(item));
  }
  merge_axes();
  choose_inner();
}

// Two neighbouring axes that are one run in both views become one axis.
void StridedCopy::merge_axes() {
  int kept = 0;
  for (int axis = 1; axis < shape_.rank(); ++axis) {
    if (from_strides_[kept] == from_strides_[axis] * shape_[axis] &&
        to_strides_[kept] == to_strides_[axis] * shape_[axis]) {
      shape_[kept] *= shape_[axis];
    } else {
      shape_[++kept] = shape_[axis];
    }
    from_strides_[kept] = from_strides_[axis];
    to_strides_[kept] = to_strides_[axis];
  }
  int rank = shape_.empty() ? 0 : kept + 1;
  shape_.resize(rank);
  from_strides_.resize(rank);
  to_strides_.resize(rank);
}

void StridedCopy::choose_inner() {
  // A short contiguous run is one wider item: (h, w, 3) float32 moves as (h, w) of 12 bytes.
  while (!shape_.empty()) {
    int last = shape_.rank() - 1;
    int64_t item = static_cast<int64_t>(item_);
    if (from_strides_[last] != item || to_strides_[last] != item) break;
    int64_t run = shape_[last] * item;
    if (run > 16 || (run % 3 == 0 ? run != 3 && run != 6 && run != 12 : (run & (run - 1)) != 0)) break;
    item_ = static_cast<size_t>(run);
    shape_.resize(last);
    from_strides_.resize(last);
    to_strides_.resize(last);
  }
  if (shape_.empty()) {
    shape_ = {1};
    from_strides_ = to_strides_ = {static_cast<int64_t>(item_)};
  }
  int rank = shape_.rank();
  int last = rank - 1;
  int64_t item = static_cast<int64_t>(item_);
  inner_ = Inner::kStrided;
  outer_rank_ = last;
  if (to_strides_[last] == item && from_strides_[last] == item) inner_ = Inner::kRun;
  if (to_strides_[last] == item && from_strides_[last] == 0) inner_ = Inner::kFill;
  if (inner_ == Inner::kStrided && to_strides_[last] == item) {
    // The axis along which `from` is contiguous goes next to the last one: they are moved in tiles.
    for (int axis = 0; axis < last; ++axis) {
      if (from_strides_[axis] != item) continue;
      inner_ = Inner::kTranspose;
      outer_rank_ = last - 1;
      std::rotate(shape_.begin() + axis, shape_.begin() + axis + 1, shape_.begin() + last);
      std::rotate(from_strides_.begin() + axis, from_strides_.begin() + axis + 1, from_strides_.begin() + last);
      std::rotate(to_strides_.begin() + axis, to_strides_.begin() + axis + 1, to_strides_.begin() + last);
      break;
    }
  }
  units_ = shape_.count(0, outer_rank_);
  int64_t unit_bytes = shape_.count(outer_rank_, rank) * item;
  if (inner_ == Inner::kTranspose) {
    // A unit is a strip of kTile lines of the second last axis.
    int64_t strips = (shape_[last - 1] + kTile - 1) / kTile;
    unit_bytes = unit_bytes / strips + 1;
    units_ *= strips;
  }
  grain_ = std::max<int64_t>(1, kBytesPerThread / unit_bytes);
}

void StridedCopy::run(const void* from, void* to) const {
  if (inner_ == Inner::kNothing) return;
  const char* source = static_cast<const char*>(from) + from_offset_;
  char* target = static_cast<char*>(to) + to_offset_;
  if (inner_ == Inner::kRun && units_ == 1) return parallel_copy(target, source, shape_[0] * item_);
  if (inner_ == Inner::kFill && units_ == 1) {
    visit_item(item_, [&](auto tag) {
      using T = decltype(tag);
      parallel_for(shape_[0], kBytesPerThread / sizeof(T),
                   [&](int64_t begin, int64_t end) { fill_run<T>(source, target + begin * sizeof(T), end - begin); });
    });
    return;
  }
  parallel_for(units_, grain_, [&](int64_t begin, int64_t end) { run_units(source, target, begin, end); });
}

void StridedCopy::run_units(const char* from, char* to, int64_t begin, int64_t end) const {
  int last = shape_.rank() - 1;
  int64_t strips = inner_ == Inner::kTranspose ? (shape_[last - 1] + kTile - 1) / kTile : 1;
  int64_t strip = begin % strips;
  int64_t counter[kMaxRank];
  int64_t rest = begin / strips;
  for (int axis = outer_rank_ - 1; axis >= 0; --axis) {
    counter[axis] = rest % shape_[axis];
    rest /= shape_[axis];
    from += counter[axis] * from_strides_[axis];
    to += counter[axis] * to_strides_[axis];
  }
  auto advance = [&] {
    for (int axis = outer_rank_ - 1; axis >= 0; --axis) {
      from += from_strides_[axis];
      to += to_strides_[axis];
      if (++counter[axis] < shape_[axis]) return;
      counter[axis] = 0;
      from -= from_strides_[axis] * shape_[axis];
      to -= to_strides_[axis] * shape_[axis];
    }
  };
  int64_t size = shape_[last], from_stride = from_strides_[last], to_stride = to_strides_[last];
  if (inner_ == Inner::kRun) {
    size_t bytes = static_cast<size_t>(size) * item_;
    for (int64_t unit = begin; unit < end; ++unit, advance()) std::memcpy(to, from, bytes);
    return;
  }
  visit_item(item_, [&](auto tag) {
    using T = decltype(tag);
    if (inner_ == Inner::kFill) {
      for (int64_t unit = begin; unit < end; ++unit, advance()) fill_run<T>(from, to, size);
    } else if (inner_ == Inner::kStrided) {
      for (int64_t unit = begin; unit < end; ++unit, advance()) copy_strided<T>(from, from_stride, to, to_stride, size);
    } else {
      int64_t lines = shape_[last - 1], line_stride = to_strides_[last - 1];
      for (int64_t unit = begin; unit < end; ++unit) {
        int64_t line = strip * kTile, tile = std::min(kTile, lines - line);
        for (int64_t r = 0; r < size; r += kTile)
          transpose_tile<T>(from + r * from_stride + line * sizeof(T), from_stride,
                            to + r * sizeof(T) + line * line_stride, line_stride, std::min(kTile, size - r), tile);
        if (++strip == strips) {
          strip = 0;
          advance();
        }
      }
    }
  });
}

Dims broadcast_strides(const Dims& from_shape, const Dims& to_shape) {
  Dims strides, plain = row_major_strides(from_shape);
  strides.resize(to_shape.rank(), 0);
  int shift = to_shape.rank() - from_shape.rank();
  for (int axis = 0; axis < from_shape.rank(); ++axis) strides[axis + shift] = from_shape[axis] == 1 ? 0 : plain[axis];
  return strides;
}

void parallel_copy(void* to, const void* from, size_t bytes) {
  if (to == from || bytes == 0) return;
  parallel_for(static_cast<int64_t>(bytes), kBytesPerThread * 2, [&](int64_t begin, int64_t end) {
    std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin,
                static_cast<size_t>(end - begin));
  });
}

}  // namespace headwater
