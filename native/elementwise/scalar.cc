// Operations that go lane by lane: divisions of integers, remainders, and functions for which the C library or a scalar
// formula serves.
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "functions.h"
#include "loops.h"
#include "scalar_math.h"

namespace headwater::elementwise {
namespace {

template <class Result, class A, auto function>
void each1(void* result, const void* const* args, const int64_t*, int64_t n) {
  auto* out = static_cast<Result*>(result);
  auto* a = static_cast<const A*>(args[0]);
  for (int64_t i = 0; i < n; ++i) out[i] = function(a[i]);
}
template <class T, auto function>
void each2(void* result, const void* const* args, const int64_t* steps, int64_t n) {
  auto* out = static_cast<T*>(result);
  auto* a = static_cast<const T*>(args[0]);
  auto* b = static_cast<const T*>(args[1]);
  for (int64_t i = 0; i < n; ++i) out[i] = function(a[i * steps[0]], b[i * steps[1]]);
}

// ---- integers ------------------------------------------------------------------------------------------------------

// x / 0 and x % 0 are 0; the one quotient that does not fit wraps.
template <class T>
T floor_divide(T a, T b) {
  if (b == 0) return 0;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(a));
    T quotient = static_cast<T>(a / b);
    return static_cast<T>(quotient - ((a % b != 0) && ((a < 0) != (b < 0))));
  } else {
    return static_cast<T>(a / b);
  }
}
template <class T>
T fmod(T a, T b) {
  if (b == 0) return 0;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
  }
  return static_cast<T>(a % b);
}
template <class T>
T remainder(T a, T b) {
  T result = fmod(a, b);
  if constexpr (std::is_signed_v<T>) {
    if (result != 0 && (result < 0) != (b < 0)) result = static_cast<T>(result + b);
  }
  return result;
}
template <class T>
T power(T base, T exponent) {
  if constexpr (std::is_signed_v<T>) {
    if (exponent < 0) return base == 1 ? 1 : base == -1 ? static_cast<T>(exponent % 2 ? -1 : 1) : 0;
  }
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (auto left = static_cast<uint64_t>(exponent); left; left >>= 1) {
    if (left & 1) result *= factor;
    factor *= factor;
  }
  return static_cast<T>(result);
}
template <class T>
uint64_t magnitude(T x) {
  return x < 0 ? uint64_t{0} - static_cast<uint64_t>(x) : static_cast<uint64_t>(x);
}
uint64_t gcd_of(uint64_t a, uint64_t b) {
  while (b) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
template <class T>
T gcd(T a, T b) {
  return static_cast<T>(gcd_of(magnitude(a), magnitude(b)));
}
template <class T>
T lcm(T a, T b) {
  uint64_t x = magnitude(a), y = magnitude(b);
  return x && y ? static_cast<T>(x / gcd_of(x, y) * y) : 0;
}

template <class T>
T count_bits(T x) {
  return static_cast<T>(std::popcount(static_cast<std::make_unsigned_t<T>>(x)));
}
template <class T>
T leading_zeros(T x) {
  return static_cast<T>(std::countl_zero(static_cast<std::make_unsigned_t<T>>(x)));
}

// ---- floats --------------------------------------------------------------------------------------------------------

// The remainder has the sign of the divisor, and a == quotient b + remainder as nearly as can be. Source: the rules of
// Python's float division, written out.
template <class T>
T remainder_float(T a, T b) {
  T rest = std::fmod(a, b);
  if (b == 0 || rest != rest) return rest;
  if (rest == 0) return std::copysign(T(0), b);
  return (b < 0) != (rest < 0) ? rest + b : rest;
}
template <class T>
T floor_divide_float(T a, T b) {
  if (b == 0) return a / b;
  T rest = std::fmod(a, b);
  T quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(T(0), a / b);
  T whole = std::floor(quotient);
  return quotient - whole > T(0.5) ? whole + 1 : whole;
}

// The next number towards b among 16-bit floats; `kInfinityBits` is the format's infinity.
template <uint16_t kInfinityBits>
uint16_t next_after_bits(uint16_t a, uint16_t b) {
  auto magnitude_of = [](uint16_t x) { return static_cast<uint16_t>(x & 0x7fffu); };
  if (magnitude_of(a) > kInfinityBits) return a;
  if (magnitude_of(b) > kInfinityBits) return b;
  auto order = [&](uint16_t x) {
    return x & 0x8000u ? -static_cast<int>(magnitude_of(x)) : static_cast<int>(magnitude_of(x));
  };
  int from = order(a), to = order(b);
  if (from == to) return b;
  if (from == 0) return static_cast<uint16_t>(to > 0 ? 0x0001u : 0x8001u);
  bool grows = (to > from) == (from > 0);
  return static_cast<uint16_t>(grows ? a + 1 : a - 1);
}

struct Setter {
  Functions& table;
  Lane lane;
  void operator()(Op op, OpFunction function) const {
    table.ops[static_cast<int>(op)][static_cast<int>(lane)] = function;
  }
};

template <class T>
void fill_integer(Functions& table) {
  Setter set{table, kLaneOf<T>};
  set(Op::k_floor_divide, each2<T, floor_divide<T>>);
  set(Op::k_remainder, each2<T, remainder<T>>);
  set(Op::k_fmod, each2<T, fmod<T>>);
  set(Op::k_power, each2<T, power<T>>);
  set(Op::k_gcd, each2<T, gcd<T>>);
  set(Op::k_lcm, each2<T, lcm<T>>);
  set(Op::k_popcount, each1<T, T, count_bits<T>>);
  set(Op::k_clz, each1<T, T, leading_zeros<T>>);
}
template <class T>
void fill_float(Functions& table) {
  Setter set{table, kLaneOf<T>};
  set(Op::k_floor_divide, each2<T, floor_divide_float<T>>);
  set(Op::k_remainder, each2<T, remainder_float<T>>);
  set(Op::k_fmod, each2<T, [](T a, T b) { return std::fmod(a, b); }>);
  set(Op::k_nextafter, each2<T, [](T a, T b) { return std::nextafter(a, b); }>);
  set(Op::k_power, each2<T, [](T a, T b) { return std::pow(a, b); }>);
  set(Op::k_hypot, each2<T, [](T a, T b) { return std::hypot(a, b); }>);
  set(Op::k_erfinv, each1<T, T, [](T x) { return static_cast<T>(erfinv(x)); }>);
  set(Op::k_lgamma, each1<T, T, [](T x) { return static_cast<T>(lgamma_real(x)); }>);
  set(Op::k_digamma, each1<T, T, [](T x) { return static_cast<T>(digamma(x)); }>);
  set(Op::k_angle,
      each1<T, T, [](T x) { return x != x                      ? x
                                   : std::signbit(x) && x != 0 ? T(3.14159265358979323846)
                                                               : T(0); }>);
}

}  // namespace

void fill_scalars(Functions& table) {
  fill_integer<uint8_t>(table);
  fill_integer<int8_t>(table);
  fill_integer<uint16_t>(table);
  fill_integer<int16_t>(table);
  fill_integer<uint32_t>(table);
  fill_integer<int32_t>(table);
  fill_integer<uint64_t>(table);
  fill_integer<int64_t>(table);
  fill_float<float>(table);
  fill_float<double>(table);
  // The bits of float16 come as kU16, those of bfloat16 as kI16.
  Setter{table, Lane::kU16}(Op::k_nextafter, each2<uint16_t, next_after_bits<0x7c00>>);
  Setter{table, Lane::kI16}(Op::k_nextafter, each2<uint16_t, next_after_bits<0x7f80>>);
}

}  // namespace headwater::elementwise
