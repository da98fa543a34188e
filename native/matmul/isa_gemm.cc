// The functions of gemm.h for one instruction set: packing and the loops around the register tiles.
#include "gemm.h"
#include "gemm_blocks.h"
#include "tiles.h"

namespace headwater::HW_ISA::gemm {

template <class In>
struct AccumulatorOf {
  using type = float;
};
template <>
struct AccumulatorOf<double> {
  using type = double;
};
template <class In>
using Accumulator = typename AccumulatorOf<In>::type;

// ---- conversion
// --------------------------------------------------------------------------------------------------------

static inline float widen(float x) { return x; }
static inline double widen(double x) { return x; }
#if HW_ISA_LEVEL >= 1
static inline float widen(Float16 x) { return _cvtsh_ss(x.bits); }
#else
static inline float widen(Float16 x) { return half_bits_to_float(x.bits); }
#endif
static inline float widen(BFloat16 x) {
  uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

static inline void narrow(float x, Float16& to) {
#if HW_ISA_LEVEL >= 1
  to.bits = _cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  to.bits = float_to_half_bits(x);
#endif
}
static inline void narrow(float x, BFloat16& to) { to.bits = float_to_bfloat_bits(x); }

// ---- packing
// -----------------------------------------------------------------------------------------------------------

// to[p][j] = from[j][p] for `lines` contiguous lines; lines of `to` are `panel` long.
template <class In, class T>
static void transpose_into(const In* from, int64_t from_row, int64_t depth, int64_t lines, int64_t panel, T* to) {
  int64_t j = 0;
  if constexpr (sizeof(In) == 4) {
    typedef float Four __attribute__((vector_size(16)));
    auto get = [](const In* p) {
      Four value;
      std::memcpy(&value, p, sizeof(value));
      return value;
    };
    auto put = [](T* p, Four value) { std::memcpy(p, &value, sizeof(value)); };
    for (; j + 4 <= lines; j += 4) {
      const In* source = from + j * from_row;
      T* target = to + j;
      int64_t p = 0;
      for (; p + 4 <= depth; p += 4) {
        Four r0 = get(source + p), r1 = get(source + from_row + p);
        Four r2 = get(source + 2 * from_row + p), r3 = get(source + 3 * from_row + p);
        Four a = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), b = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
        Four c = __builtin_shufflevector(r2, r3, 0, 4, 1, 5), d = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
        put(target + p * panel, __builtin_shufflevector(a, c, 0, 1, 4, 5));
        put(target + (p + 1) * panel, __builtin_shufflevector(a, c, 2, 3, 6, 7));
        put(target + (p + 2) * panel, __builtin_shufflevector(b, d, 0, 1, 4, 5));
        put(target + (p + 3) * panel, __builtin_shufflevector(b, d, 2, 3, 6, 7));
      }
      for (; p < depth; ++p)
        for (int64_t i = 0; i < 4; ++i) target[p * panel + i] = widen(source[i * from_row + p]);
    }
  }
  for (; j < lines; ++j)
    for (int64_t p = 0; p < depth; ++p) to[p * panel + j] = widen(from[j * from_row + p]);
}

// to[p][j] = from[p][j] for `depth` contiguous lines.
template <class In, class T>
static void copy_into(const In* from, int64_t from_row, int64_t depth, int64_t lines, int64_t panel, T* to) {
  for (int64_t p = 0; p < depth; ++p)
    for (int64_t j = 0; j < lines; ++j) to[p * panel + j] = widen(from[p * from_row + j]);
}

// One panel, whose columns may end before it does.
template <class In, class T>
static void pack_panel(MatrixView b, int64_t depth, int64_t columns, int64_t panel, T* to) {
  const In* from = static_cast<const In*>(b.data);
  if (b.column == 1)
    copy_into(from, b.row, depth, columns, panel, to);
  else
    transpose_into(from, b.column, depth, columns, panel, to);
  if (columns == panel) return;
  for (int64_t p = 0; p < depth; ++p)
    for (int64_t j = columns; j < panel; ++j) to[p * panel + j] = T{};
}

template <class In>
static void pack_b(MatrixView b, int64_t depth, int64_t columns, int64_t panel, void* packed) {
  using T = Accumulator<In>;
  T* to = static_cast<T*>(packed);
  const In* from = static_cast<const In*>(b.data);
  constexpr int64_t together = 8, most_used = kPackedVectors * kWidth<T>;  // eight panels' lines are read in one go
  int64_t first = 0;
  if (b.column == 1 && sizeof(In) == sizeof(T) && panel == most_used) {
    for (; first + together * panel <= columns; first += together * panel) {
      for (int64_t p = 0; p < depth; ++p) {
#pragma GCC unroll 8
        for (int64_t q = 0; q < together; ++q)
          std::memcpy(to + first * depth + (q * depth + p) * most_used, from + p * b.row + first + q * most_used,
                      most_used * sizeof(T));
      }
    }
  }
  for (; first < columns; first += panel) {
    MatrixView part{from + first * b.column, b.row, b.column};
    pack_panel<In>(part, depth, columns - first < panel ? columns - first : panel, panel, to + first * depth);
  }
}

// ---- blocks of tiles
// ---------------------------------------------------------------------------------------------------

template <class T>
static void direct(MatrixView a_view, const void* b_data, int64_t b_row, bool b_packed, int64_t rows, int64_t columns,
                   int64_t depth, void* c_data, int64_t c_row) {
  constexpr int64_t width = kWidth<T>, panel = kDirectVectors * width;
  const T* a = static_cast<const T*>(a_view.data);
  const T* b = static_cast<const T*>(b_data);
  T* c = static_cast<T*>(c_data);
  if (b_packed) b_row = panel;
  for (int64_t first = 0; first < columns; first += panel) {
    int64_t lines = columns - first < panel ? columns - first : panel;
    const T* lines_of_b = b + first * (b_packed ? depth : 1);
    int64_t vectors = (lines + width - 1) / width;
    int lanes = static_cast<int>(lines % width);
    const TileFunction<T>* tiles = direct_tiles<T>(vectors, lanes != 0);
    // A vector that reaches over the end of its line reads the next lines, which the last few do not have.
    int64_t reach = b_packed ? 0 : (vectors * width - lines + b_row - 1) / b_row;
    for (int64_t p = 0; p < depth; p += kGemmDepth) {
      Edge edge{lanes, depth - reach > p ? depth - reach - p : 0};
      int64_t part = depth - p < kGemmDepth ? depth - p : kGemmDepth;
      for_row_tiles(rows, kDirectRows, [&](int64_t at, int64_t size) {
        tiles[size - 1](part, a + at * a_view.row + p * a_view.column, a_view.row, a_view.column,
                        lines_of_b + p * b_row, b_row, c + at * c_row + first, c_row, p > 0, edge);
      });
    }
  }
}

template <class In>
static void pack_a(MatrixView a, int64_t rows, int64_t depth, void* packed) {
  const In* from = static_cast<const In*>(a.data);
  Accumulator<In>* to = static_cast<Accumulator<In>*>(packed);
  for_row_tiles(rows, kPackedRows, [&](int64_t at, int64_t size) {
    if (a.column == 1)
      transpose_into(from + at * a.row, a.row, depth, size, size, to + at * depth);
    else
      copy_into(from + at * a.row, a.column, depth, size, size, to + at * depth);
  });
}

// C (+)= A B over a depth of at most kGemmDepth, both packed; panels of B are `b_panel` elements apart.
template <class T>
static void block(const void* a_data, const void* b_data, int64_t b_panel, int64_t rows, int64_t columns, int64_t depth,
                  void* c_data, int64_t c_row, bool accumulate) {
  constexpr int64_t width = kWidth<T>, panel = kPackedVectors * width;
  const T* a = static_cast<const T*>(a_data);
  const T* b = static_cast<const T*>(b_data);
  T* c = static_cast<T*>(c_data);
  for (int64_t first = 0; first < columns; first += panel, b += b_panel, c += panel) {
    int64_t lines = columns - first < panel ? columns - first : panel;
    Edge edge{static_cast<int>(lines % width), depth};
    if (lines > panel - width) {
      const TileFunction<T>* tiles = edge.lanes ? kPackedTiles<T, true>.functions : kPackedTiles<T, false>.functions;
      for_row_tiles(rows, kPackedRows, [&](int64_t at, int64_t size) {
        tiles[size - 1](depth, a + at * depth, 0, 0, b, 0, c + at * c_row, c_row, accumulate, edge);
      });
    } else {
      // One vector of columns: the tiles for A in place, which is packed in groups of rows.
      const TileFunction<T>* tiles = direct_tiles<T>(1, edge.lanes != 0);
      for_row_tiles(rows, kPackedRows, [&](int64_t at, int64_t size) {
        for (int64_t i = 0; i < size; i += kDirectRows) {
          int64_t few = size - i < kDirectRows ? size - i : kDirectRows;
          tiles[few - 1](depth, a + at * depth + i, 1, size, b, panel, c + (at + i) * c_row, c_row, accumulate, edge);
        }
      });
    }
  }
}

template <class In>
static void packed(MatrixView a, const void* b_data, int64_t rows, int64_t columns, int64_t depth, void* c_data,
                   int64_t c_row, bool accumulate, void* workspace) {
  using T = Accumulator<In>;
  constexpr int64_t panel = kPackedVectors * kWidth<T>;
  constexpr bool same = sizeof(In) == sizeof(T);
  T* a_packed = static_cast<T*>(workspace);
  // 16-bit results are summed in a block of their own and rounded once.
  T* sums = same ? static_cast<T*>(c_data) : a_packed + kGemmRows * kGemmDepth;
  int64_t sums_row = same ? c_row : kGemmColumns;
  for (int64_t p = 0; p < depth; p += kGemmDepth) {
    int64_t part = depth - p < kGemmDepth ? depth - p : kGemmDepth;
    MatrixView part_of_a{static_cast<const In*>(a.data) + p * a.column, a.row, a.column};
    pack_a<In>(part_of_a, rows, part, a_packed);
    block<T>(a_packed, static_cast<const T*>(b_data) + p * panel, depth * panel, rows, columns, part, sums, sums_row,
             accumulate || p > 0);
  }
  if constexpr (!same) {
    In* c = static_cast<In*>(c_data);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) narrow(sums[i * sums_row + j], c[i * c_row + j]);
  }
}

// ---- few rows
// ----------------------------------------------------------------------------------------------------------

// sums (columns) += x B over a few lines of B, eight of them in one pass over the sums.
template <class T>
static void add_lines(const T* x, const T* b, int64_t b_row, int64_t depth, int64_t columns, T* sums) {
  constexpr int64_t width = kWidth<T>, group = 8;
  const Mask<T> mask(static_cast<int>(columns % width));
  int64_t whole = columns / width * width;
  for (int64_t p = 0; p < depth; p += group) {
    int64_t count = depth - p < group ? depth - p : group;
    const T* lines = b + p * b_row;
    auto add = [&](Vec<T> total, auto&& get) {
      if (count == group) {
#pragma GCC unroll 8
        for (int64_t q = 0; q < group; ++q) total = fma(splat(x[p + q]), get(lines + q * b_row), total);
      } else {
        for (int64_t q = 0; q < count; ++q) total = fma(splat(x[p + q]), get(lines + q * b_row), total);
      }
      return total;
    };
    for (int64_t j = 0; j < whole; j += width)
      store(sums + j, add(load(sums + j), [j](const T* line) { return load(line + j); }));
    if (whole < columns)
      mask.store(sums + whole, add(mask.load(sums + whole), [&](const T* line) { return mask.load(line + whole); }));
  }
}

// C (kRows, kVectors) += A (kRows, kLines) B (kLines, kVectors).
template <class T, int kRows, int kLines, int kVectors, bool kMasked>
HW_GEMM_INLINE void add_tile(MatrixView a, const T* b, int64_t b_row, T* c, int64_t c_row, const Mask<T>& mask) {
  constexpr int64_t width = kWidth<T>;
  const T* factors = static_cast<const T*>(a.data);
  Vec<T> sums[kRows][kVectors];
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v)
      sums[i][v] = kMasked ? mask.load(c + i * c_row) : load(c + i * c_row + v * width);
#pragma GCC unroll 4
  for (int p = 0; p < kLines; ++p) {
    Vec<T> line[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) line[v] = kMasked ? mask.load(b + p * b_row) : load(b + p * b_row + v * width);
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      Vec<T> factor = splat(factors[i * a.row + p * a.column]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[i][v] = fma(factor, line[v], sums[i][v]);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      if (kMasked)
        mask.store(c + i * c_row, sums[i][v]);
      else
        store(c + i * c_row + v * width, sums[i][v]);
    }
}

// The same for all columns.
template <class T, int kRows, int kLines>
static void add_lines_to_rows(MatrixView a, const T* b, int64_t b_row, int64_t columns, T* c, int64_t c_row) {
  constexpr int64_t width = kWidth<T>;
  const Mask<T> mask(static_cast<int>(columns % width));
  int64_t j = 0;
  for (; j + 2 * width <= columns; j += 2 * width)
    add_tile<T, kRows, kLines, 2, false>(a, b + j, b_row, c + j, c_row, mask);
  if (j + width <= columns) {
    add_tile<T, kRows, kLines, 1, false>(a, b + j, b_row, c + j, c_row, mask);
    j += width;
  }
  if (j < columns) add_tile<T, kRows, kLines, 1, true>(a, b + j, b_row, c + j, c_row, mask);
}

template <class T, int kLines>
static void add_lines_to_all(MatrixView a, const T* b, int64_t b_row, int64_t rows, int64_t columns, T* c,
                             int64_t c_row) {
  static constexpr decltype(&add_lines_to_rows<T, 1, kLines>) tiles[] = {
      add_lines_to_rows<T, 1, kLines>, add_lines_to_rows<T, 2, kLines>, add_lines_to_rows<T, 3, kLines>,
      add_lines_to_rows<T, 4, kLines>};
  for_row_tiles(rows, 4, [&](int64_t at, int64_t size) {
    MatrixView part{static_cast<const T*>(a.data) + at * a.row, a.row, a.column};
    tiles[size - 1](part, b, b_row, columns, c + at * c_row, c_row);
  });
}

template <class T>
static void rows_by_lines(MatrixView a, const void* b_data, int64_t b_row, int64_t rows, int64_t columns, int64_t depth,
                          void* c_data, int64_t c_row) {
  const T *from = static_cast<const T*>(a.data), *b = static_cast<const T*>(b_data);
  T* c = static_cast<T*>(c_data);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) c[i * c_row + j] = T{};
  if (rows == 1 && a.column == 1) return add_lines(from, b, b_row, depth, columns, c);
  constexpr int64_t lines = 4;  // they stay in the first-level cache for the next rows
  int64_t p = 0;
  for (; p + lines <= depth; p += lines)
    add_lines_to_all<T, lines>({from + p * a.column, a.row, a.column}, b + p * b_row, b_row, rows, columns, c, c_row);
  for (; p < depth; ++p)
    add_lines_to_all<T, 1>({from + p * a.column, a.row, a.column}, b + p * b_row, b_row, rows, columns, c, c_row);
}

template <class T>
static void sum_rows(const void* rows, int64_t count, int64_t row_stride, int64_t columns, void* y_data) {
  const T* from = static_cast<const T*>(rows);
  T* y = static_cast<T*>(y_data);
  for (int64_t j = 0; j < columns; ++j) {
    T sum = from[j];
    for (int64_t i = 1; i < count; ++i) sum += from[i * row_stride + j];
    y[j] = sum;
  }
}

template <class T>
HW_GEMM_INLINE T horizontal_sum(Vec<T> values) {
  T parts[kWidth<T>];
  store(parts, values);
  for (int half = kWidth<T> / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) parts[i] += parts[i + half];
  return parts[0];
}

// y[j..j+kLines) = x . lines of the transpose of B, two chains of sums each.
template <class T, int kLines>
static void dot_lines(const T* x, const T* lines, int64_t line_stride, int64_t depth, T* y) {
  constexpr int64_t width = kWidth<T>;
  Vec<T> even[kLines], odd[kLines];
  for (int q = 0; q < kLines; ++q) even[q] = odd[q] = Vec<T>{};
  int64_t p = 0;
  for (; p + 2 * width <= depth; p += 2 * width) {
    Vec<T> x0 = load(x + p), x1 = load(x + p + width);
#pragma GCC unroll 4
    for (int q = 0; q < kLines; ++q) {
      even[q] = fma(x0, load(lines + q * line_stride + p), even[q]);
      odd[q] = fma(x1, load(lines + q * line_stride + p + width), odd[q]);
    }
  }
  for (; p < depth; p += width) {
    const Mask<T> mask(static_cast<int>(depth - p < width ? depth - p : width));
    Vec<T> x0 = mask.load(x + p);
    for (int q = 0; q < kLines; ++q) even[q] = fma(x0, mask.load(lines + q * line_stride + p), even[q]);
  }
  for (int q = 0; q < kLines; ++q) y[q] = horizontal_sum<T>(even[q] + odd[q]);
}

template <class T>
static void row_by_dots(const void* x_data, const void* lines, int64_t line_stride, int64_t depth, int64_t columns,
                        void* y_data) {
  const T *x = static_cast<const T*>(x_data), *data = static_cast<const T*>(lines);
  T* y = static_cast<T*>(y_data);
  int64_t j = 0;
  for (; j + 4 <= columns; j += 4) dot_lines<T, 4>(x, data + j * line_stride, line_stride, depth, y + j);
  for (; j < columns; ++j) dot_lines<T, 1>(x, data + j * line_stride, line_stride, depth, y + j);
}

// ---- the table
// ---------------------------------------------------------------------------------------------------------

template <class In>
static constexpr GemmFunctions make_functions() {
  using T = Accumulator<In>;
  constexpr bool same = sizeof(In) == sizeof(T);
  GemmFunctions functions{};
  functions.direct_panel = kDirectVectors * kWidth<T>;
  functions.packed_panel = kPackedVectors * kWidth<T>;
  functions.workspace_bytes = sizeof(T) * static_cast<size_t>(kGemmRows * (kGemmDepth + (same ? 0 : kGemmColumns)));
  functions.pack_b = pack_b<In>;
  functions.packed = packed<In>;
  if constexpr (same) {
    functions.pack_a = pack_a<T>;
    functions.block = block<T>;
    functions.direct = direct<T>;
    functions.rows_by_lines = rows_by_lines<T>;
    functions.row_by_dots = row_by_dots<T>;
    functions.sum_rows = sum_rows<T>;
  }
  return functions;
}

}  // namespace headwater::HW_ISA::gemm

namespace headwater::HW_ISA {

const GemmFunctions& gemm_functions(DType dtype) {
  static constexpr GemmFunctions half = gemm::make_functions<Float16>(), bfloat = gemm::make_functions<BFloat16>();
  static constexpr GemmFunctions single = gemm::make_functions<float>(), twice = gemm::make_functions<double>();
  switch (dtype) {
    case DType::kFloat16:
      return half;
    case DType::kBFloat16:
      return bfloat;
    case DType::kFloat64:
      return twice;
    default:
      return single;
  }
}

}  // namespace headwater::HW_ISA
