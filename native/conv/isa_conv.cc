// The functions of sliding.h for one instruction set.
#include <type_traits>

#include "../matmul/micro_kernel.h"
#include "sliding.h"

namespace headwater::HW_ISA {

using namespace gemm;

// Rows are addressed one by one, so their number is bounded by the registers for addresses as well as for sums.
static constexpr int kTileRows = HW_ISA_LEVEL == 2 ? 8 : 6;
static constexpr int kTileVectors = 2;

template <class Visit>
HW_GEMM_INLINE void for_tiles(int64_t count, int64_t most, Visit&& visit) {
  int64_t tiles = (count + most - 1) / most, at = 0;
  for (int64_t i = 0; i < tiles; ++i) {
    int64_t size = count / tiles + (i < count % tiles ? 1 : 0);
    visit(at, size);
    at += size;
  }
}

// Tables of functions for 1 .. most rows.
template <template <int> class Make, int kMost>
struct Table {
  decltype(&Make<1>::run) functions[kMost];
  constexpr Table() : functions{} { fill<1>(); }
  template <int kSize>
  constexpr void fill() {
    functions[kSize - 1] = Make<kSize>::run;
    if constexpr (kSize < kMost) fill<kSize + 1>();
  }
};

template <class T, int kRows, int kVectors>
HW_GEMM_INLINE void clear_sums(Vec<T> (&sums)[kRows][kVectors]) {
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[i][v] = Vec<T>{};
}

// to[i] (+)= sums[i].
template <class T, int kRows, int kVectors, bool kMasked>
HW_GEMM_INLINE void store_sums(Vec<T> (&sums)[kRows][kVectors], T* base, const int64_t* lines, bool accumulate,
                               const Mask<T>& mask) {
  T* to[kRows];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) to[i] = base + lines[i];
  if (accumulate) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        sums[i][v] += kMasked && v == kVectors - 1 ? mask.load(to[i] + v * kWidth<T>) : load(to[i] + v * kWidth<T>);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      if (kMasked && v == kVectors - 1)
        mask.store(to[i] + v * kWidth<T>, sums[i][v]);
      else
        store(to[i] + v * kWidth<T>, sums[i][v]);
    }
}

// ---- products
// ----------------------------------------------------------------------------------------------------------

template <class T>
static constexpr int64_t kPanel = kTileVectors * kWidth<T>;

template <class T>
static void pack(const void* from_data, int64_t line, int64_t column, int64_t lines, int64_t columns, void* to_data) {
  const T* from = static_cast<const T*>(from_data);
  T* to = static_cast<T*>(to_data);
  for (int64_t p = 0; p < lines; ++p, to += kPanel<T>) {
    const T* source = from + p * line;
    int64_t j = 0;
    for (; j < columns; ++j) to[j] = source[j * column];
    for (; j < kPanel<T>; ++j) to[j] = T{};
  }
}

template <class T, int kVectors, bool kMasked>
struct ProductTile {
  template <int kRows>
  struct Rows {
    static void run(const TapRun* runs, int64_t count, const T* x, const int64_t* x_offsets, const T* packed, T* y,
                    const int64_t* y_offsets, bool accumulate, int lanes) {
      const Mask<T> mask(kMasked ? lanes : 0);
      Vec<T> sums[kRows][kVectors];
      clear_sums<T, kRows, kVectors>(sums);
      const T* a[kRows];
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) a[i] = x + x_offsets[i];
      for (const TapRun* run = runs; run != runs + count; ++run) {
        const T* b = packed + run->depth * kPanel<T>;
        const int64_t end = run->offset + run->length;
#pragma GCC unroll 1
        for (int64_t p = run->offset; p < end; ++p, b += kPanel<T>) {
          Vec<T> line[kVectors];
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; ++v) line[v] = load(b + v * kWidth<T>);
#pragma GCC unroll 16
          for (int i = 0; i < kRows; ++i) {
            Vec<T> factor = splat(a[i][p]);
#pragma GCC unroll 4
            for (int v = 0; v < kVectors; ++v) sums[i][v] = fma(factor, line[v], sums[i][v]);
          }
        }
      }
      store_sums<T, kRows, kVectors, kMasked>(sums, y, y_offsets, accumulate, mask);
    }
  };
};

template <class T, int kVectors, bool kMasked>
static constexpr Table<ProductTile<T, kVectors, kMasked>::template Rows, kTileRows> kProductTiles;

template <class T>
static void product(const SlidingProduct& job) {
  const T* x = static_cast<const T*>(job.x);
  T* y = static_cast<T*>(job.y);
  for (int64_t first = 0; first < job.columns; first += kPanel<T>) {
    int64_t columns = job.columns - first < kPanel<T> ? job.columns - first : kPanel<T>;
    int lanes = static_cast<int>(columns % kWidth<T>);
    bool two = columns > kWidth<T>;
    const auto* tiles = two ? (lanes ? kProductTiles<T, 2, true>.functions : kProductTiles<T, 2, false>.functions)
                            : (lanes ? kProductTiles<T, 1, true>.functions : kProductTiles<T, 1, false>.functions);
    const T* packed = static_cast<const T*>(job.packed) + first * job.depth;
    for (int64_t block = 0; block < job.num_blocks; ++block) {
      const DepthBlock& part = job.blocks[block];
      for_tiles(job.pixels, kTileRows, [&](int64_t at, int64_t size) {
        tiles[size - 1](job.runs + part.first, part.count, x, job.x_offsets + at, packed, y + first, job.y_offsets + at,
                        block > 0, lanes);
      });
    }
  }
}

// ---- gradients of the kernel
// -------------------------------------------------------------------------------------------

template <class T, int kVectors, bool kMasked>
struct GradientTile {
  template <int kRows>
  struct Rows {
    static void run(const PixelLines& pixels, const T* x, const int64_t* rows, const T* g, T* result,
                    const int64_t* result_lines, bool accumulate, int lanes) {
      const Mask<T> mask(kMasked ? lanes : 0);
      Vec<T> sums[kRows][kVectors];
      clear_sums<T, kRows, kVectors>(sums);
      const int64_t length = pixels.length, x_step = pixels.x_step, g_step = pixels.g_step;
      const T* a[kRows];
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) a[i] = x + rows[i];
      for (int64_t group = 0; group < pixels.groups; ++group)
        for (int64_t line = 0; line < pixels.lines; ++line) {
          const int64_t start = group * pixels.x_group + line * pixels.x_line;
          const T* b = g + (group * pixels.g_group + line * pixels.g_line);
          int64_t at = start;
#pragma GCC unroll 1
          for (int64_t p = 0; p < length; ++p, b += g_step, at += x_step) {
            Vec<T> values[kVectors];
#pragma GCC unroll 4
            for (int v = 0; v < kVectors; ++v)
              values[v] = kMasked && v == kVectors - 1 ? mask.load(b + v * kWidth<T>) : load(b + v * kWidth<T>);
#pragma GCC unroll 16
            for (int i = 0; i < kRows; ++i) {
              Vec<T> factor = splat(a[i][at]);
#pragma GCC unroll 4
              for (int v = 0; v < kVectors; ++v) sums[i][v] = fma(factor, values[v], sums[i][v]);
            }
          }
        }
      store_sums<T, kRows, kVectors, kMasked>(sums, result, result_lines, accumulate, mask);
    }
  };
};

template <class T, int kVectors, bool kMasked>
static constexpr Table<GradientTile<T, kVectors, kMasked>::template Rows, kTileRows> kGradientTiles;

template <class T>
static void gradient(const SlidingGradient& job) {
  for (int64_t first = 0; first < job.columns; first += kPanel<T>) {
    int64_t columns = job.columns - first < kPanel<T> ? job.columns - first : kPanel<T>;
    int lanes = static_cast<int>(columns % kWidth<T>);
    bool two = columns > kWidth<T>;
    const auto* tiles = two ? (lanes ? kGradientTiles<T, 2, true>.functions : kGradientTiles<T, 2, false>.functions)
                            : (lanes ? kGradientTiles<T, 1, true>.functions : kGradientTiles<T, 1, false>.functions);
    for_tiles(job.num_rows, kTileRows, [&](int64_t at, int64_t size) {
      tiles[size - 1](job.pixels, static_cast<const T*>(job.x), job.rows + at, static_cast<const T*>(job.g) + first,
                      static_cast<T*>(job.result) + first, job.result_lines + at, job.accumulate, lanes);
    });
  }
}

// ---- a kernel for each channel
// -----------------------------------------------------------------------------------------

// Calls visit(first, mask, is_masked) for each vector of channels.
template <class T, class Visit>
HW_GEMM_INLINE void for_vectors(int64_t channels, Visit&& visit) {
  int64_t first = 0;
  const Mask<T> mask(static_cast<int>(channels % kWidth<T>));
  for (; first + kWidth<T> <= channels; first += kWidth<T>) visit(first, mask, std::false_type{});
  if (first < channels) visit(first, mask, std::true_type{});
}

template <class T, bool kMasked>
HW_GEMM_INLINE Vec<T> load_part(const T* from, const Mask<T>& mask) {
  return kMasked ? mask.load(from) : load(from);
}
template <class T, bool kMasked>
HW_GEMM_INLINE void store_part(T* to, Vec<T> value, const Mask<T>& mask) {
  kMasked ? mask.store(to, value) : store(to, value);
}

template <class T>
struct ScaleTile {
  template <int kRows>
  struct Rows {
    static void run(const SlidingScale& job, int64_t at) {
      const T* a[kRows];
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) a[i] = static_cast<const T*>(job.x) + job.x_offsets[at + i];
      for_vectors<T>(job.channels, [&](int64_t first, const Mask<T>& mask, auto masked) {
        constexpr bool kMasked = decltype(masked)::value;
        const T* kernel = static_cast<const T*>(job.kernel) + first;
        Vec<T> sums[kRows];
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) sums[i] = Vec<T>{};
#pragma GCC unroll 1
        for (int64_t tap = 0; tap < job.num_taps; ++tap) {
          Vec<T> factor = load_part<T, kMasked>(kernel + job.kernel_lines[tap], mask);
          int64_t offset = job.taps[tap] + first;
#pragma GCC unroll 16
          for (int i = 0; i < kRows; ++i) sums[i] = fma(load_part<T, kMasked>(a[i] + offset, mask), factor, sums[i]);
        }
        T* y = static_cast<T*>(job.y) + first;
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) store_part<T, kMasked>(y + job.y_offsets[at + i], sums[i], mask);
      });
    }
  };
};

template <class T>
static constexpr Table<ScaleTile<T>::template Rows, kTileRows> kScaleTiles;

template <class T>
static void scale(const SlidingScale& job) {
  for_tiles(job.pixels, kTileRows, [&](int64_t at, int64_t size) { kScaleTiles<T>.functions[size - 1](job, at); });
}

static constexpr int kTileTaps = 9;

template <class T, bool kMasked>
struct ScaleGradientTile {
  template <int kTaps>
  struct Rows {
    static void run(const SlidingGradient& job, int64_t tap, int64_t first, const Mask<T>& mask) {
      Vec<T> sums[kTaps];
#pragma GCC unroll 16
      for (int i = 0; i < kTaps; ++i) sums[i] = Vec<T>{};
      const PixelLines& pixels = job.pixels;
      int64_t offsets[kTaps];
#pragma GCC unroll 16
      for (int i = 0; i < kTaps; ++i) offsets[i] = job.rows[tap + i];
      for (int64_t group = 0; group < pixels.groups; ++group)
        for (int64_t line = 0; line < pixels.lines; ++line) {
          const T* x = static_cast<const T*>(job.x) + (group * pixels.x_group + line * pixels.x_line + first);
          const T* g = static_cast<const T*>(job.g) + (group * pixels.g_group + line * pixels.g_line + first);
#pragma GCC unroll 1
          for (int64_t p = 0; p < pixels.length; ++p, x += pixels.x_step, g += pixels.g_step) {
            Vec<T> factor = load_part<T, kMasked>(g, mask);
#pragma GCC unroll 16
            for (int i = 0; i < kTaps; ++i) sums[i] = fma(load_part<T, kMasked>(x + offsets[i], mask), factor, sums[i]);
          }
        }
#pragma GCC unroll 16
      for (int i = 0; i < kTaps; ++i) {
        T* to = static_cast<T*>(job.result) + job.result_lines[tap + i] + first;
        store_part<T, kMasked>(to, job.accumulate ? load_part<T, kMasked>(to, mask) + sums[i] : sums[i], mask);
      }
    }
  };
};

template <class T, bool kMasked>
static constexpr Table<ScaleGradientTile<T, kMasked>::template Rows, kTileTaps> kScaleGradientTiles;

template <class T>
static void scale_gradient(const SlidingGradient& job) {
  for_vectors<T>(job.columns, [&](int64_t first, const Mask<T>& mask, auto masked) {
    for_tiles(job.num_rows, kTileTaps, [&](int64_t tap, int64_t size) {
      kScaleGradientTiles<T, decltype(masked)::value>.functions[size - 1](job, tap, first, mask);
    });
  });
}

template <class T>
static void add_up(const void* from_data, int64_t parts, int64_t stride, int64_t count, void* to_data) {
  const T* from = static_cast<const T*>(from_data);
  T* to = static_cast<T*>(to_data);
  for_vectors<T>(count, [&](int64_t first, const Mask<T>& mask, auto masked) {
    constexpr bool kMasked = decltype(masked)::value;
    Vec<T> sum = load_part<T, kMasked>(from + first, mask);
    for (int64_t part = 1; part < parts; ++part) sum += load_part<T, kMasked>(from + part * stride + first, mask);
    store_part<T, kMasked>(to + first, sum, mask);
  });
}

template <class T>
static constexpr ConvFunctions kFunctions{kPanel<T>,   pack<T>,           product<T>, scale<T>,
                                          gradient<T>, scale_gradient<T>, add_up<T>};

const ConvFunctions& conv_functions(DType dtype) {
  return dtype == DType::kFloat64 ? kFunctions<double> : kFunctions<float>;
}

}  // namespace headwater::HW_ISA
