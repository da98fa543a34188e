// The functions of pool_rows.h for one instruction set.
#include <type_traits>

#include "../matmul/micro_kernel.h"
#include "pool_rows.h"

namespace headwater::HW_ISA {

using namespace gemm;

template <class T>
using Index = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

// Loads and stores of whole vectors, or of the first lanes.
template <class T, bool kMasked>
struct Lanes {
  Mask<T> mask;
  Vec<T> load(const T* from) const {
    if constexpr (kMasked)
      return mask.load(from);
    else
      return gemm::load(from);
  }
  void store(T* to, Vec<T> value) const {
    if constexpr (kMasked)
      mask.store(to, value);
    else
      gemm::store(to, value);
  }
};

// Calls visit(lanes, first, taps) for each vector of channels of each window; taps is a constant where it is a common
// number, so that loops over it are unrolled.
template <class T, class Visit, class Taps>
HW_GEMM_INLINE void for_windows(const PoolRow& row, Visit&& visit, Taps taps) {
  const Mask<T> mask(static_cast<int>(row.channels % kWidth<T>));
  for (int64_t window = 0; window < row.windows; ++window) {
    int64_t first = 0;
    for (; first + kWidth<T> <= row.channels; first += kWidth<T>) visit(Lanes<T, false>{mask}, window, first, taps);
    if (first < row.channels) visit(Lanes<T, true>{mask}, window, first, taps);
  }
}

template <class T, class Visit>
HW_GEMM_INLINE void for_taps(const PoolRow& row, Visit&& visit) {
  if (row.num_taps == 4)
    for_windows<T>(row, visit, std::integral_constant<int64_t, 4>{});
  else if (row.num_taps == 9)
    for_windows<T>(row, visit, std::integral_constant<int64_t, 9>{});
  else
    for_windows<T>(row, visit, row.num_taps);
}

// All bits where b beats a: it is larger, or NaN where a is none.
template <class T>
HW_GEMM_INLINE auto beats(Vec<T> b, Vec<T> a) {
  return (b > a) | ((b != b) & (a == a));
}

template <class T>
static void max(const PoolRow& row) {
  for_taps<T>(row, [&](auto lanes, int64_t window, int64_t first, auto taps) __attribute__((always_inline)) {
    const T* x = static_cast<const T*>(row.x) + (window * row.step + first);
    Vec<T> best = lanes.load(x + row.taps[0]);
    for (int64_t tap = 1; tap < taps; ++tap) {
      Vec<T> value = lanes.load(x + row.taps[tap]);
      best = beats<T>(value, best) ? value : best;
    }
    lanes.store(static_cast<T*>(row.to) + (window * row.line + first), best);
  });
}

// The number of the tap that wins, in each lane.
template <class T, class L, class Taps>
HW_GEMM_INLINE Vec<Index<T>> winner(const PoolRow& row, const T* x, L lanes, Taps taps) {
  Vec<T> best = lanes.load(x + row.taps[0]);
  Vec<Index<T>> found{};
  for (int64_t tap = 1; tap < taps; ++tap) {
    Vec<T> value = lanes.load(x + row.taps[tap]);
    auto wins = beats<T>(value, best);
    best = wins ? value : best;
    found = wins ? splat<Index<T>>(static_cast<Index<T>>(tap)) : found;
  }
  return found;
}

template <class T>
static void max_gradient(const PoolRow& row) {
  for_taps<T>(row, [&](auto lanes, int64_t window, int64_t first, auto taps) __attribute__((always_inline)) {
    int64_t at = window * row.step + first;
    Vec<Index<T>> found = winner<T>(row, static_cast<const T*>(row.x) + at, lanes, taps);
    Vec<T> g = lanes.load(static_cast<const T*>(row.other) + (window * row.line + first));
    T* to = static_cast<T*>(row.to) + at;
    for (int64_t tap = 0; tap < taps; ++tap) {
      Vec<T> part = found == splat<Index<T>>(static_cast<Index<T>>(tap)) ? g : Vec<T>{};
      lanes.store(to + row.taps[tap], row.accumulate ? lanes.load(to + row.taps[tap]) + part : part);
    }
  });
}

template <class T>
static void max_take(const PoolRow& row) {
  for_taps<T>(row, [&](auto lanes, int64_t window, int64_t first, auto taps) __attribute__((always_inline)) {
    int64_t at = window * row.step + first;
    Vec<Index<T>> found = winner<T>(row, static_cast<const T*>(row.x) + at, lanes, taps);
    const T* h = static_cast<const T*>(row.other) + at;
    Vec<T> taken = lanes.load(h + row.taps[0]);
    for (int64_t tap = 1; tap < taps; ++tap)
      taken = found == splat<Index<T>>(static_cast<Index<T>>(tap)) ? lanes.load(h + row.taps[tap]) : taken;
    lanes.store(static_cast<T*>(row.to) + (window * row.line + first), taken);
  });
}

template <class T>
static void average(const PoolRow& row) {
  const Vec<T> cells = splat(static_cast<T>(row.num_taps));
  for_taps<T>(row, [&](auto lanes, int64_t window, int64_t first, auto taps) __attribute__((always_inline)) {
    const T* x = static_cast<const T*>(row.x) + (window * row.step + first);
    Vec<T> sum = lanes.load(x + row.taps[0]);
    for (int64_t tap = 1; tap < taps; ++tap) sum += lanes.load(x + row.taps[tap]);
    lanes.store(static_cast<T*>(row.to) + (window * row.line + first), sum / cells);
  });
}

template <class T>
static void average_gradient(const PoolRow& row) {
  const Vec<T> cells = splat(static_cast<T>(row.num_taps));
  for_taps<T>(row, [&](auto lanes, int64_t window, int64_t first, auto taps) __attribute__((always_inline)) {
    Vec<T> part = lanes.load(static_cast<const T*>(row.other) + (window * row.line + first)) / cells;
    T* to = static_cast<T*>(row.to) + (window * row.step + first);
    for (int64_t tap = 0; tap < taps; ++tap)
      lanes.store(to + row.taps[tap], row.accumulate ? lanes.load(to + row.taps[tap]) + part : part);
  });
}

template <class T>
static constexpr PoolFunctions kFunctions{max<T>, max_gradient<T>, max_take<T>, average<T>, average_gradient<T>};

const PoolFunctions& pool_functions(DType dtype) {
  return dtype == DType::kFloat64 ? kFunctions<double> : kFunctions<float>;
}

}  // namespace headwater::HW_ISA
