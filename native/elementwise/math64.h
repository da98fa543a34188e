// Vector functions of doubles, within 4 units in the last place. Include only from isa_*.cc files.
// Methods: argument reduction to a small interval and a polynomial (Muller, "Elementary Functions", chapters 3, 5, 10);
// the coefficients are our own, from fit_polynomials.py.
#pragma once

#include "polynomials.h"
#include "simd.h"

namespace headwater::HW_ISA {

constexpr double kLn2High = 0x1.62e42feep-1;  // 33 bits, so that a multiple by an integer exponent is exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kLog10E = 0x1.bcb7b1526e50ep-2;
constexpr double kLog10Of2High = 0x1.34413509f7000p-2;
constexpr double kLog10Of2Low = 0x1.3fde623e2566bp-43;
constexpr double kInfinity = __builtin_inf();
constexpr double kNan = __builtin_nan("");

// 2^k for integers k in -1022..1023.
HW_INLINE F64 exp2_of_integer(F64 k) { return from_bits(bits_of(k + (0x1.8p52 + 1023)) << 52); }
// y 2^k in two steps, so that k may be twice as large and the result subnormal.
HW_INLINE F64 scale(F64 y, F64 k) {
  F64 half = floor(k * 0.5);
  return y * exp2_of_integer(half) * exp2_of_integer(k - half);
}

// e^x = 2^k (1 + tail)
template <class V>
struct ExpParts {
  V k, tail;
};
HW_INLINE F64 exp_tail(F64 r) { return fma(polynomial<polynomials::kExp64>(r), r * r, r); }
HW_INLINE ExpParts<F64> exp_parts(F64 x) {
  F64 k = round_even(x * kLog2E);
  F64 r = fma(k, splat<F64>(-kLn2High), x);
  return {k, exp_tail(fma(k, splat<F64>(-kLn2Low), r))};
}
// Keeps NaN.
HW_INLINE F64 limit(F64 x, double low, double high) {
  return min_or_second(splat<F64>(high), max_or_second(splat<F64>(low), x));
}

HW_INLINE F64 exp(F64 x) {
  auto [k, tail] = exp_parts(limit(x, -746, 710));
  return scale(tail + 1.0, k);
}
HW_INLINE F64 exp2(F64 x) {
  x = limit(x, -1076, 1025);
  F64 k = round_even(x);
  F64 f = x - k;
  F64 high = f * 0x1.62e42fefa39efp-1;
  F64 low = fma(f, splat<F64>(0x1.62e42fefa39efp-1), -high) + f * 0x1.abc9e3b39803fp-56;
  F64 tail = exp_tail(high);
  return scale(tail + fma(low, tail, low) + 1.0, k);
}
HW_INLINE F64 expm1(F64 x) {
  F64 limited = limit(x, -40, 710);
  auto [k, tail] = exp_parts(limited);
  F64 middle = min_or_second(splat<F64>(60), k);
  F64 power = exp2_of_integer(middle);
  F64 result = fma(power, tail, power - 1.0);
  result = k > 59.0 ? scale(tail + 1.0, k) : result;
  return x == 0.0 ? x : result;
}

// x = 2^e m with m in [sqrt(1/2), sqrt(2)), for positive x, subnormal ones included.
template <class V>
struct LogParts {
  V e, m;
};
HW_INLINE LogParts<F64> log_parts(F64 x) {
  I64 tiny = x < 0x1p-1022;
  x = tiny ? x * 0x1p54 : x;
  U64 shifted = bits_of(x) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
  F64 e = from_bits((shifted >> 52) | 0x4330000000000000u) - (0x1p52 + 1023);
  e = tiny ? e - 54.0 : e;
  return {e, from_bits((shifted & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu)};
}
// log(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)), plus `extra`, small.
HW_INLINE F64 log_of_mantissa(F64 f, F64 extra) {
  F64 s = f / (f + 2.0);
  F64 z = s * s;
  F64 half_square = f * f * 0.5;
  F64 r = z * polynomial<polynomials::kLog64>(z);
  return f - (half_square - fma(s, half_square + r, extra));
}
// The values at and beyond the ends of log's domain.
HW_INLINE F64 log_edges(F64 x, F64 result) {
  result = x == 0.0 ? splat<F64>(-kInfinity) : result;
  result = x < 0.0 ? splat<F64>(kNan) : result;
  return (I64)(x == kInfinity) | (I64)(x != x) ? x : result;
}
HW_INLINE F64 log(F64 x) {
  auto [e, m] = log_parts(x);
  F64 result = fma(e, splat<F64>(kLn2High), log_of_mantissa(m - 1.0, e * kLn2Low));
  return log_edges(x, result);
}
HW_INLINE F64 log2(F64 x) {
  auto [e, m] = log_parts(x);
  F64 y = log_of_mantissa(m - 1.0, splat<F64>(0.0));
  return log_edges(x, fma(y, splat<F64>(kLog2E), e) + y * 0x1.777d0ffda0d24p-56);
}
HW_INLINE F64 log10(F64 x) {
  auto [e, m] = log_parts(x);
  F64 y = log_of_mantissa(m - 1.0, splat<F64>(0.0));
  return log_edges(x, fma(e, splat<F64>(kLog10Of2High), fma(y, splat<F64>(kLog10E), e * kLog10Of2Low)));
}
HW_INLINE F64 log1p(F64 x) {
  F64 u = x + 1.0;
  F64 correction = x >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
  auto [e, m] = log_parts(u);
  F64 result = fma(e, splat<F64>(kLn2High), log_of_mantissa(m - 1.0, fma(e, splat<F64>(kLn2Low), correction / u)));
  result = u == 1.0 ? x : result;
  result = x == -1.0 ? splat<F64>(-kInfinity) : result;
  result = x < -1.0 ? splat<F64>(kNan) : result;
  result = (I64)(x == kInfinity) | (I64)(x != x) ? x : result;
  return x == 0.0 ? x : result;
}

// ---- trigonometry --------------------------------------------------------------------------------------------------

constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
constexpr double kHalfPi1 = 0x1.921fb544p+0;  // pi / 2 in parts of 33, 33 and 53 bits
constexpr double kHalfPi2 = 0x1.0b4611a6p-34;
constexpr double kHalfPi3 = 0x1.3198a2e037073p-69;
constexpr double kLargestReduced = 0x1p19;  // beyond, each lane goes to the C library's own reduction

// x = k pi/2 + high + low, for |x| <= kLargestReduced
struct Reduced {
  F64 k, high, low;
};
HW_INLINE Reduced reduce_angle(F64 x) {
  F64 k = round_even(x * kTwoOverPi);
  F64 first = x - k * kHalfPi1;
  F64 product = k * kHalfPi2;
  F64 second = first - product;
  F64 error = (first - second) - product;
  F64 low = error - k * kHalfPi3;
  F64 high = second + low;
  return {k, high, (second - high) + low};
}
HW_INLINE F64 sin_kernel(F64 x, F64 low) {
  F64 z = x * x;
  F64 tail = x * z * polynomial<polynomials::kSin64>(z);
  return x + (tail + fma(low, z * -0.5, low));
}
HW_INLINE F64 cos_kernel(F64 x, F64 low) {
  F64 z = x * x;
  F64 half = z * 0.5;
  F64 w = 1.0 - half;
  return w + (((1.0 - w) - half) + (z * z * polynomial<polynomials::kCos64>(z) - x * low));
}
HW_INLINE U64 quadrant(F64 k) { return bits_of(k + 0x1.8p52); }

template <class Function>
HW_INLINE F64 with_large_angles(F64 x, F64 result, Function exact) {
  I64 large = ~(I64)(abs(x) <= kLargestReduced);
  if (__builtin_expect(any(large), 0)) {
    for (int i = 0; i < kLanes<double>; ++i)
      if (large[i]) result[i] = exact(x[i]);
  }
  return result;
}
HW_INLINE F64 sin_or_cos(F64 x, uint64_t quarter_turns) {
  auto [k, high, low] = reduce_angle(x);
  U64 q = quadrant(k) + quarter_turns;
  F64 s = sin_kernel(high, low), c = cos_kernel(high, low);
  F64 result = (I64)(q << 63) < 0 ? c : s;
  return from_bits(bits_of(result) ^ ((q >> 1) << 63));
}
HW_INLINE F64 sin(F64 x) {
  F64 result = sin_or_cos(x, 0);
  result = x == 0.0 ? x : result;
  return with_large_angles(x, result, [](double lane) { return ::sin(lane); });
}
HW_INLINE F64 cos(F64 x) {
  return with_large_angles(x, sin_or_cos(x, 1), [](double lane) { return ::cos(lane); });
}
HW_INLINE F64 tan(F64 x) {
  auto [k, high, low] = reduce_angle(x);
  F64 s = sin_kernel(high, low), c = cos_kernel(high, low);
  I64 odd = (I64)(quadrant(k) << 63) < 0;
  F64 result = (odd ? -c : s) / (odd ? s : c);
  result = x == 0.0 ? x : result;
  return with_large_angles(x, result, [](double lane) { return ::tan(lane); });
}

// The angle of the point (x, y), both >= 0: 0 .. pi/2.
HW_INLINE F64 first_quadrant_angle(F64 y, F64 x) {
  constexpr double kPi2High = 0x1.921fb54442d18p+0, kPi2Low = 0x1.1a62633145c07p-54;
  I64 steep = y > x;
  F64 large = steep ? y : x, small = steep ? x : y;
  I64 both_infinite = (I64)(small == kInfinity) & (I64)(large == kInfinity);
  I64 beyond = small > large * 0x1.a827999fcef32p-2;  // tan(pi / 8)
  F64 numerator = beyond ? small - large : small;
  F64 denominator = beyond ? small + large : large;
  F64 q = numerator / denominator;
  q = denominator == 0.0 ? splat<F64>(0.0) : q;
  q = both_infinite ? splat<F64>(0.0) : q;
  beyond = beyond | both_infinite;
  F64 z = q * q;
  F64 tail = q * z * polynomial<polynomials::kAtan64>(z);
  F64 high = beyond ? splat<F64>(kPi2High * 0.5) : splat<F64>(0.0);
  F64 low = beyond ? splat<F64>(kPi2Low * 0.5) : splat<F64>(0.0);
  // steep: pi/2 - (high + q + tail + low)
  high = steep ? kPi2High - high : high;
  low = steep ? kPi2Low - low : low;
  q = steep ? -q : q;
  tail = steep ? -tail : tail;
  return high + (q + (tail + low));
}
HW_INLINE F64 atan(F64 x) {
  F64 result = with_sign(first_quadrant_angle(abs(x), splat<F64>(1.0)), x);
  return x == x ? result : x;
}
HW_INLINE F64 atan2(F64 y, F64 x) {
  constexpr double kPiHigh = 0x1.921fb54442d18p+1, kPiLow = 0x1.1a62633145c07p-53;
  // Halve both where the sum of the two could overflow.
  F64 ay = abs(y), ax = abs(x);
  I64 huge = (I64)(ay > 0x1p1021) | (I64)(ax > 0x1p1021);
  ay = huge ? ay * 0.25 : ay;
  ax = huge ? ax * 0.25 : ax;
  F64 angle = first_quadrant_angle(ay, ax);
  I64 left = (I64)sign_bit(x) < 0;
  angle = left ? kPiHigh - (angle - kPiLow) : angle;
  angle = with_sign(abs(angle), y);
  F64 sum = x + y;
  return (I64)(x != x) | (I64)(y != y) ? sum : angle;
}
HW_INLINE F64 asin(F64 x) {
  F64 a = abs(x);
  F64 result = with_sign(first_quadrant_angle(a, sqrt((1.0 - a) * (a + 1.0))), x);
  result = a < 0x1p-27 ? x : result;
  return a <= 1.0 ? result : (x == x ? splat<F64>(kNan) : x);
}
HW_INLINE F64 acos(F64 x) {
  F64 result = first_quadrant_angle(sqrt(1.0 - x), sqrt(x + 1.0)) * 2.0;
  return abs(x) <= 1.0 ? result : (x == x ? splat<F64>(kNan) : x);
}

// ---- hyperbolic functions ------------------------------------------------------------------------------------------

HW_INLINE F64 half_exp(F64 x) {  // e^x / 2, without overflow before sinh and cosh have one
  auto [k, tail] = exp_parts(limit(x, -746, 711));
  return scale(tail + 1.0, k - 1.0);
}
HW_INLINE F64 sinh(F64 x) {
  F64 a = abs(x);
  F64 t = expm1(min_or_second(splat<F64>(1.0), a));
  F64 small = 0.5 * (t + t / (t + 1.0));
  F64 e = half_exp(a);
  F64 result = with_sign(a < 1.0 ? small : e - 0.25 / e, x);
  return a < 0x1p-28 ? x : (x == x ? result : x);
}
HW_INLINE F64 cosh(F64 x) {
  F64 e = half_exp(abs(x));
  return e + 0.25 / e;
}
HW_INLINE F64 tanh(F64 x) {
  F64 t = expm1(-2.0 * min_or_second(splat<F64>(25.0), abs(x)));
  F64 result = with_sign(-t / (t + 2.0), x);
  return abs(x) < 0x1p-28 ? x : (x == x ? result : x);
}
HW_INLINE F64 asinh(F64 x) {
  F64 a = abs(x);
  I64 large = a > 0x1p28;
  F64 b = large ? splat<F64>(1.0) : a;
  F64 square = b * b;
  F64 argument = large ? a - 1.0 : b + square / (sqrt(square + 1.0) + 1.0);
  F64 result = log1p(argument);
  result = large ? result + 0x1.62e42fefa39efp-1 : result;
  result = a < 0x1p-28 ? a : result;
  return with_sign(abs(result), x);
}
HW_INLINE F64 acosh(F64 x) {
  I64 large = x > 0x1p28;
  F64 t = (large ? splat<F64>(2.0) : x) - 1.0;
  F64 argument = large ? x - 1.0 : t + sqrt(t * 2.0 + t * t);
  F64 result = log1p(argument);
  result = large ? result + 0x1.62e42fefa39efp-1 : result;
  return x < 1.0 ? splat<F64>(kNan) : result;
}
HW_INLINE F64 atanh(F64 x) {
  F64 a = abs(x);
  F64 result = 0.5 * log1p(2.0 * a / (1.0 - a));
  result = a == 1.0 ? splat<F64>(kInfinity) : result;
  result = a > 1.0 ? splat<F64>(kNan) : result;
  result = a < 0x1p-28 ? a : result;
  return x == x ? with_sign(abs(result), x) : x;
}

// ---- error function, logistic family, roots ------------------------------------------------------------------------

HW_INLINE F64 square_error(F64 x, F64 square) {  // x x - square, exactly
#if HW_ISA_LEVEL >= 1
  return fma(x, x, -square);
#else
  F64 high = from_bits(bits_of(x) & 0xfffffffff8000000u);
  F64 low = x - high;
  return ((high * high - square) + 2.0 * high * low) + low * low;
#endif
}
HW_INLINE F64 erf_small(F64 x) { return x * polynomial<polynomials::kErf64>(x * x); }
HW_INLINE F64 erfc_large(F64 a) {  // for a >= 0.5
  a = min_or_second(splat<F64>(28.0), a);
  F64 t = (a - 3.75) / (a + 3.75);
  F64 square = a * a;
  F64 negative = -square;
  F64 k = round_even(negative * kLog2E);
  F64 r = fma(k, splat<F64>(-kLn2High), negative);
  F64 tail = exp_tail(r - (k * kLn2Low + square_error(a, square)));
  F64 rational = polynomial<polynomials::kErfcx64>(t) / (2.0 * a + 1.0);
  return scale(fma(rational, tail, rational), k);
}
HW_INLINE F64 erf(F64 x) {
  F64 a = abs(x);
  F64 result = a < 0.75 ? erf_small(x) : with_sign(1.0 - erfc_large(a), x);
  return x == x ? result : x;
}
HW_INLINE F64 erfc(F64 x) {
  F64 a = abs(x);
  F64 large = erfc_large(a);
  large = x < 0.0 ? 2.0 - large : large;
  F64 result = a < 0.5 ? 1.0 - erf_small(x) : large;
  return x == x ? result : x;
}
HW_INLINE F64 cbrt(F64 x) {
  F64 a = abs(x);
  F64 y = exp2(log2(a) * (1.0 / 3));
  y = y - (y - a / (y * y)) * (1.0 / 3);
  I64 itself = ~((I64)(a > 0.0) & (I64)(a < kInfinity));
  return itself ? x : with_sign(y, x);
}

}  // namespace headwater::HW_ISA
