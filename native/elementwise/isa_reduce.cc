// Reductions of tiles. Sums of floats use eight vectors side by side inside a tile and doubles between tiles, so that
// the error does not grow with the length.
#include <limits>
#include <type_traits>

#include "loops.h"
#include "simd.h"

namespace headwater::HW_ISA {

using elementwise::Bool;
using elementwise::Complex;
using elementwise::Functions;
using elementwise::kLaneOf;
using elementwise::Lane;
using elementwise::Reduce;
using elementwise::ReduceFunctions;

namespace {

template <class T>
constexpr bool kFloats = std::is_floating_point_v<T>;

template <class T, Reduce kind>
struct AccumulatorOf {
  using type = std::conditional_t<kFloats<T> && (kind == Reduce::kSum || kind == Reduce::kProd), double, T>;
};
template <Reduce kind>
struct AccumulatorOf<Complex<float>, kind> {
  using type = Complex<double>;
};

template <class A, class T>
HW_INLINE A widen(T x) {
  if constexpr (std::is_same_v<T, Complex<float>> || std::is_same_v<T, Complex<double>>) {
    using Part = decltype(A{}.re);
    return A{static_cast<Part>(x.re), static_cast<Part>(x.im)};
  } else if constexpr (std::is_same_v<T, Bool>) {
    return x;
  } else {
    return static_cast<A>(x);
  }
}

template <Reduce kind, class T>
HW_INLINE T combine(T a, T b) {
  if constexpr (std::is_same_v<T, Bool>) {
    constexpr bool kOr = kind == Reduce::kSum || kind == Reduce::kMax || kind == Reduce::kAny;
    return Bool{static_cast<uint8_t>(kOr ? a.value | b.value : a.value & b.value)};
  } else if constexpr (std::is_same_v<T, Complex<float>> || std::is_same_v<T, Complex<double>>) {
    if constexpr (kind == Reduce::kSum) return T{a.re + b.re, a.im + b.im};
    return T{a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  } else if constexpr (kind == Reduce::kSum || kind == Reduce::kProd) {
    if constexpr (kFloats<T>) {
      return kind == Reduce::kSum ? a + b : a * b;
    } else {
      using U = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;
      U x = static_cast<U>(a), y = static_cast<U>(b);
      return static_cast<T>(kind == Reduce::kSum ? x + y : x * y);
    }
  } else if constexpr (kFloats<T>) {
    T chosen = kind == Reduce::kMax ? (a > b ? a : b) : (a < b ? a : b);  // b where one is NaN
    return a == a ? chosen : a;
  } else {
    return kind == Reduce::kMax ? (a > b ? a : b) : (a < b ? a : b);
  }
}

template <Reduce kind, class T>
HW_INLINE T identity() {
  if constexpr (std::is_same_v<T, Bool>) {
    return Bool{static_cast<uint8_t>(kind == Reduce::kProd || kind == Reduce::kMin || kind == Reduce::kAll)};
  } else if constexpr (std::is_same_v<T, Complex<float>> || std::is_same_v<T, Complex<double>>) {
    return T{static_cast<decltype(T{}.re)>(kind == Reduce::kSum ? 0 : 1), 0};
  } else if constexpr (kind == Reduce::kSum || kind == Reduce::kProd) {
    return static_cast<T>(kind == Reduce::kSum ? 0 : 1);
  } else if constexpr (kFloats<T>) {
    constexpr T kInf = std::numeric_limits<T>::infinity();
    return kind == Reduce::kMax ? -kInf : kInf;
  } else {
    return kind == Reduce::kMax ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
  }
}

template <Reduce kind, class V>
HW_INLINE V combine_vectors(V a, V b) {
  if constexpr (kind == Reduce::kSum) return a + b;
  if constexpr (kind == Reduce::kProd) return a * b;
  if constexpr (kind == Reduce::kMax) return maximum(a, b);
  return minimum(a, b);
}

// x[0] ... x[n - 1] combined; floats by vectors, in a fixed order that depends on n alone.
template <class T, Reduce kind>
HW_INLINE auto reduce_span(const T* x, int64_t n) {
  using A = typename AccumulatorOf<T, kind>::type;
  if constexpr (kFloats<T>) {
    using V = Vector<T>;
    constexpr int64_t kLane = kLanes<T>;
    A result = identity<kind, A>();
    int64_t i = 0;
    if (n >= kLane) {
      V sums[4];
      V start = splat<V>(identity<kind, T>());
      for (auto& sum : sums) sum = start;
      for (; i + 4 * kLane <= n; i += 4 * kLane) {
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) sums[j] = combine_vectors<kind>(sums[j], load<V>(x + i + j * kLane));
      }
      for (; i + kLane <= n; i += kLane) sums[0] = combine_vectors<kind>(sums[0], load<V>(x + i));
      V total = combine_vectors<kind>(combine_vectors<kind>(sums[0], sums[1]), combine_vectors<kind>(sums[2], sums[3]));
      for (int j = 0; j < kLane; ++j) result = combine<kind>(result, static_cast<A>(total[j]));
    }
    for (; i < n; ++i) result = combine<kind>(result, static_cast<A>(x[i]));
    return result;
  } else {
    A result = identity<kind, A>();
    for (int64_t i = 0; i < n; ++i) result = combine<kind>(result, widen<A>(x[i]));
    return result;
  }
}

// Rows too short for vectors: eight at a time, so that the additions of one do not wait for each other.
constexpr int64_t kShortRow = 16;
template <class T, Reduce kind>
int64_t reduce_short_rows(T* out, const T* x, int64_t rows, int64_t columns) {
  int64_t r = 0;
  for (; r + 8 <= rows; r += 8) {
    T sums[8];
    for (T& sum : sums) sum = identity<kind, T>();
    for (int64_t c = 0; c < columns; ++c) {
#pragma GCC unroll 8
      for (int64_t k = 0; k < 8; ++k) sums[k] = combine<kind>(sums[k], x[(r + k) * columns + c]);
    }
    for (int64_t k = 0; k < 8; ++k) out[r + k] = sums[k];
  }
  return r;
}

template <class T, Reduce kind>
ReduceFunctions make() {
  using A = typename AccumulatorOf<T, kind>::type;
  ReduceFunctions result;
  result.accumulator_size = sizeof(A);
  result.initialize = [](void* accumulators, int64_t n) {
    auto* a = static_cast<A*>(accumulators);
    for (int64_t i = 0; i < n; ++i) a[i] = identity<kind, A>();
  };
  result.segment = [](void* accumulator, const void* x, int64_t n) {
    auto* a = static_cast<A*>(accumulator);
    auto* from = static_cast<const T*>(x);
    constexpr int64_t kBlock = 4096;  // longer ones in blocks, so that doubles carry the sum
    for (int64_t i = 0; i < n; i += kBlock)
      *a = combine<kind>(*a, reduce_span<T, kind>(from + i, n - i < kBlock ? n - i : kBlock));
  };
  result.vector = [](void* accumulators, const void* x, int64_t n) {
    auto* a = static_cast<A*>(accumulators);
    auto* from = static_cast<const T*>(x);
    for (int64_t i = 0; i < n; ++i) a[i] = combine<kind>(a[i], widen<A>(from[i]));
  };
  result.merge = [](void* accumulators, const void* others, int64_t n) {
    auto* a = static_cast<A*>(accumulators);
    auto* b = static_cast<const A*>(others);
    for (int64_t i = 0; i < n; ++i) a[i] = combine<kind>(a[i], b[i]);
  };
  result.finish = [](void* results, const void* accumulators, int64_t n) {
    auto* out = static_cast<T*>(results);
    auto* a = static_cast<const A*>(accumulators);
    for (int64_t i = 0; i < n; ++i) out[i] = widen<T>(a[i]);
  };
  result.rows = [](void* results, const void* x, int64_t rows, int64_t columns) {
    auto* out = static_cast<T*>(results);
    auto* from = static_cast<const T*>(x);
    int64_t r = 0;
    if (columns < kShortRow) r = reduce_short_rows<T, kind>(out, from, rows, columns);
    for (; r < rows; ++r) out[r] = widen<T>(reduce_span<T, kind>(from + r * columns, columns));
  };
  result.fold = [](void* sums, const void* x, const void* y, int64_t n) {
    auto* out = static_cast<T*>(sums);
    auto* a = static_cast<const T*>(x);
    auto* b = static_cast<const T*>(y);
    int64_t i = 0;
    if constexpr (kFloats<T>) {
      using V = Vector<T>;
      for (; i + kLanes<T> <= n; i += kLanes<T>) store(out + i, combine_vectors<kind>(load<V>(a + i), load<V>(b + i)));
    }
    for (; i < n; ++i) out[i] = combine<kind>(a[i], b[i]);
  };
  return result;
}

template <class T, Reduce kind>
void set(Functions& table) {
  table.reduces[static_cast<int>(kind)][static_cast<int>(kLaneOf<T>)] = make<T, kind>();
}
template <class T>
void fill(Functions& table) {
  set<T, Reduce::kSum>(table);
  set<T, Reduce::kProd>(table);
  if constexpr (!std::is_class_v<T> || std::is_same_v<T, Bool>) {
    set<T, Reduce::kMax>(table);
    set<T, Reduce::kMin>(table);
  }
  if constexpr (std::is_same_v<T, Bool>) {
    set<T, Reduce::kAny>(table);
    set<T, Reduce::kAll>(table);
  }
}

}  // namespace

void fill_reduces(Functions& table) {
  fill<Bool>(table);
  fill<uint8_t>(table);
  fill<int8_t>(table);
  fill<uint16_t>(table);
  fill<int16_t>(table);
  fill<uint32_t>(table);
  fill<int32_t>(table);
  fill<uint64_t>(table);
  fill<int64_t>(table);
  fill<float>(table);
  fill<double>(table);
  fill<Complex<float>>(table);
  fill<Complex<double>>(table);
}

}  // namespace headwater::HW_ISA
