// Vector functions of floats, within 4 units in the last place. The frequent ones work on floats; the others go through
// the double versions, which costs about four times as much. Include only from isa_*.cc files.
#pragma once

#include "math64.h"

namespace headwater::HW_ISA {

constexpr float kInfinity32 = __builtin_inff();
constexpr float kNan32 = __builtin_nanf("");

HW_INLINE F32 exp2_of_integer(F32 k) { return from_bits(bits_of(k + (0x1.8p23f + 127)) << 23); }
HW_INLINE F32 scale(F32 y, F32 k) {
  F32 half = floor(k * 0.5f);
  return y * exp2_of_integer(half) * exp2_of_integer(k - half);
}
HW_INLINE F32 limit(F32 x, float low, float high) {
  return min_or_second(splat<F32>(high), max_or_second(splat<F32>(low), x));
}
HW_INLINE F32 exp_tail(F32 r) { return fma(polynomial<polynomials::kExp32>(r), r * r, r); }
HW_INLINE ExpParts<F32> exp_parts(F32 x) {
  F32 k = round_even(x * 1.44269504f);
  F32 r = fma(k, splat<F32>(-0x1.62e4p-1f), x);  // ln 2 in parts of 15 and 24 bits
  return {k, exp_tail(fma(k, splat<F32>(-0x1.7f7d1cp-20f), r))};
}
HW_INLINE F32 exp(F32 x) {
  auto [k, tail] = exp_parts(limit(x, -105, 89));
  return scale(tail + 1.0f, k);
}
// e^x for x in -87..88 or NaN: normal results only.
HW_INLINE F32 exp_normal(F32 x) {
  auto [k, tail] = exp_parts(x);
  F32 power = exp2_of_integer(k);
  return fma(power, tail, power);
}
HW_INLINE F32 exp2(F32 x) {
  x = limit(x, -151, 129);
  F32 k = round_even(x);
  F32 f = x - k;
  F32 high = f * 0x1.62e43p-1f;
  F32 low = fma(f, splat<F32>(0x1.62e43p-1f), -high) + f * -0x1.05c61p-29f;
  return scale((exp_tail(high) + low) + 1.0f, k);
}
HW_INLINE F32 expm1(F32 x) {
  auto [k, tail] = exp_parts(limit(x, -20, 89));
  F32 power = exp2_of_integer(min_or_second(splat<F32>(40), k));
  F32 result = fma(power, tail, power - 1.0f);
  result = k > 39.0f ? scale(tail + 1.0f, k) : result;
  return x == 0.0f ? x : result;
}

HW_INLINE LogParts<F32> log_parts(F32 x) {
  I32 tiny = x < 0x1p-126f;
  x = tiny ? x * 0x1p24f : x;
  U32 shifted = bits_of(x) + (0x3f800000u - 0x3f3504f3u);
  F32 e = __builtin_convertvector((I32)(shifted >> 23), F32) - 127.0f;
  e = tiny ? e - 24.0f : e;
  return {e, from_bits((shifted & 0x007fffffu) + 0x3f3504f3u)};
}
// log(1 + f) + extra; the large part first so that little is lost.
HW_INLINE F32 log_of_mantissa(F32 f, F32 extra) {
  F32 square = f * f;
  F32 tail = fma(f * square, polynomial<polynomials::kLog32>(f), extra);
  return f + fma(square, splat<F32>(-0.5f), tail);
}
HW_INLINE F32 log_edges(F32 x, F32 result) {
  result = x == 0.0f ? splat<F32>(-kInfinity32) : result;
  result = x < 0.0f ? splat<F32>(kNan32) : result;
  return (I32)(x == kInfinity32) | (I32)(x != x) ? x : result;
}
HW_INLINE F32 log(F32 x) {
  auto [e, m] = log_parts(x);
  F32 result = fma(e, splat<F32>(0x1.62ep-1f), log_of_mantissa(m - 1.0f, e * 0x1.0bfbe8p-15f));
  return log_edges(x, result);
}
HW_INLINE F32 log2(F32 x) {
  auto [e, m] = log_parts(x);
  F32 y = log_of_mantissa(m - 1.0f, splat<F32>(0.0f));
  return log_edges(x, fma(y, splat<F32>(0x1.715476p+0f), e) + y * 0x1.4ae0cp-26f);
}
HW_INLINE F32 log10(F32 x) {
  auto [e, m] = log_parts(x);
  F32 y = log_of_mantissa(m - 1.0f, splat<F32>(0.0f));
  return log_edges(x, fma(e, splat<F32>(0x1.344p-2f), fma(y, splat<F32>(0x1.bcb7b2p-2f), e * 0x1.3509f8p-18f)));
}
HW_INLINE F32 log1p(F32 x) {
  F32 u = x + 1.0f;
  F32 correction = x >= 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);
  auto [e, m] = log_parts(u);
  F32 result =
      fma(e, splat<F32>(0x1.62ep-1f), log_of_mantissa(m - 1.0f, fma(e, splat<F32>(0x1.0bfbe8p-15f), correction / u)));
  result = u == 1.0f ? x : result;
  result = x == -1.0f ? splat<F32>(-kInfinity32) : result;
  result = x < -1.0f ? splat<F32>(kNan32) : result;
  return (I32)(x == kInfinity32) | (I32)(x != x) ? x : result;
}
// log(1 + y) for y in 0..1: no edges to mind.
HW_INLINE F32 log1p_unit(F32 y) {
  F32 u = y + 1.0f;
  F32 correction = (y - (u - 1.0f)) / u;
  I32 upper = u > 1.41421356f;
  F32 m = upper ? u * 0.5f : u;
  F32 e = upper ? splat<F32>(1.0f) : splat<F32>(0.0f);
  F32 result =
      fma(e, splat<F32>(0x1.62ep-1f), log_of_mantissa(m - 1.0f, fma(e, splat<F32>(0x1.0bfbe8p-15f), correction)));
  return u == 1.0f ? y : result;
}

// The reduction of the angle is done in doubles: exact enough next to every multiple of pi/2.
struct ReducedFloat {
  F32 r;
  U32 q;
};
HW_INLINE ReducedFloat reduce_angle(F32 x) {
  auto part = [](F64 wide) {
    F64 k = round_even(wide * kTwoOverPi);
    F64 r = wide - k * kHalfPi1;
    r = fma(k, splat<F64>(-kHalfPi2), r);
    return ExpParts<F64>{k, r};
  };
  auto [k0, r0] = part(widen_low(x));
  auto [k1, r1] = part(widen_high(x));
  F32 k = narrow(k0, k1);
  k = k - 8388608.0f * round_even(k * (1.0f / 8388608.0f));  // only the last bits of k matter
  return {narrow(r0, r1), bits_of(k + 0x1.8p23f)};
}
HW_INLINE F32 sin_kernel(F32 r, F32 z) { return fma(r * z, polynomial<polynomials::kSin32>(z), r); }
HW_INLINE F32 cos_kernel(F32 z) {
  return fma(z * z, polynomial<polynomials::kCos32>(z), fma(z, splat<F32>(-0.5f), splat<F32>(1.0f)));
}
template <class Function>
HW_INLINE F32 with_large_angles(F32 x, F32 result, Function exact) {
  I32 large = ~(I32)(abs(x) <= static_cast<float>(kLargestReduced));
  if (__builtin_expect(any(large), 0)) {
    for (int i = 0; i < kLanes<float>; ++i)
      if (large[i]) result[i] = static_cast<float>(exact(static_cast<double>(x[i])));
  }
  return result;
}
HW_INLINE F32 sin_or_cos(F32 x, uint32_t quarter_turns) {
  auto [r, quarters] = reduce_angle(x);
  U32 q = quarters + quarter_turns;
  F32 z = r * r;
  F32 result = (I32)(q << 31) < 0 ? cos_kernel(z) : sin_kernel(r, z);
  return from_bits(bits_of(result) ^ ((q >> 1) << 31));
}
HW_INLINE F32 sin(F32 x) {
  F32 result = sin_or_cos(x, 0);
  result = x == 0.0f ? x : result;
  return with_large_angles(x, result, [](double lane) { return ::sin(lane); });
}
HW_INLINE F32 cos(F32 x) {
  return with_large_angles(x, sin_or_cos(x, 1), [](double lane) { return ::cos(lane); });
}
HW_INLINE F32 tan(F32 x) {
  auto [r, q] = reduce_angle(x);
  F32 z = r * r;
  F32 s = sin_kernel(r, z), c = cos_kernel(z);
  I32 odd = (I32)(q << 31) < 0;
  F32 result = (odd ? -c : s) / (odd ? s : c);
  result = x == 0.0f ? x : result;
  return with_large_angles(x, result, [](double lane) { return ::tan(lane); });
}

HW_INLINE F32 atan(F32 x) {
  F32 a = abs(x);
  I32 steep = a > 2.41421356f, beyond = a > 0.414213562f;
  F32 numerator = steep ? splat<F32>(-1.0f) : (beyond ? a - 1.0f : a);
  F32 denominator = steep ? a : (beyond ? a + 1.0f : splat<F32>(1.0f));
  F32 q = numerator / denominator;
  F32 z = q * q;
  F32 tail = q * z * polynomial<polynomials::kAtan32>(z);
  F32 high = steep ? splat<F32>(0x1.921fb6p+0f) : (beyond ? splat<F32>(0x1.921fb6p-1f) : splat<F32>(0.0f));
  F32 low = steep ? splat<F32>(-0x1.777a5cp-25f) : (beyond ? splat<F32>(-0x1.777a5cp-26f) : splat<F32>(0.0f));
  F32 result = with_sign(abs(high + (q + (tail + low))), x);
  return x == x ? result : x;
}
HW_INLINE F32 asin(F32 x) {
  F32 a = abs(x);
  I32 outer = a > 0.5f;
  F32 z = outer ? (1.0f - a) * 0.5f : a * a;
  F32 s = outer ? sqrt(z) : a;
  F32 p = fma(s * z, polynomial<polynomials::kAsin32>(z), s);
  F32 result = outer ? 0x1.921fb6p+0f - (p * 2.0f + 0x1.777a5cp-25f) : p;
  result = with_sign(abs(result), x);
  return a <= 1.0f ? result : (x == x ? splat<F32>(kNan32) : x);
}

HW_INLINE F32 half_exp(F32 x) {
  auto [k, tail] = exp_parts(limit(x, -105, 90));
  return scale(tail + 1.0f, k - 1.0f);
}
HW_INLINE F32 sinh(F32 x) {
  F32 a = abs(x);
  F32 small = fma(x * x * x, polynomial<polynomials::kSinh32>(x * x), x);
  F32 e = half_exp(a);
  F32 result = a < 1.0f ? small : with_sign(e - 0.25f / e, x);
  return x == x ? result : x;
}
HW_INLINE F32 cosh(F32 x) {
  F32 e = half_exp(abs(x));
  return e + 0.25f / e;
}
HW_INLINE F32 tanh(F32 x) {
  F32 a = abs(x);
  F32 z = a * a;
  F32 small = fma(a * z, polynomial<polynomials::kTanh32>(z), a);
  F32 e = exp_normal(min_or_second(splat<F32>(20.0f), a * 2.0f));
  F32 large = 1.0f - 2.0f / (e + 1.0f);
  return with_sign(abs(a < 0.625f ? small : large), x);
}
HW_INLINE F32 erf(F32 x) {
  F32 a = abs(x);
  F32 small = x * polynomial<polynomials::kErf32>(x * x);
  F32 limited = min_or_second(splat<F32>(4.0f), a);
  F32 large = with_sign(1.0f - exp_normal(polynomial<polynomials::kErfTail32>(limited)), x);
  F32 result = a < 1.0f ? small : large;
  return x == x ? result : x;
}

HW_INLINE F32 square_error(F32 x, F32 square) {  // x x - square, exactly
#if HW_ISA_LEVEL >= 1
  return fma(x, x, -square);
#else
  F32 high = from_bits(bits_of(x) & 0xfffff000u);
  F32 low = x - high;
  return ((high * high - square) + 2.0f * high * low) + low * low;
#endif
}
HW_INLINE F32 erfc(F32 x) {
  F32 a = min_or_second(splat<F32>(10.1f), abs(x));
  F32 square = a * a;
  auto [k, tail] = exp_parts(-square);
  tail = tail - (tail + 1.0f) * square_error(a, square);  // what the square rounds off
  F32 rational =
      polynomial<polynomials::kErfcx32>((a - 2.0f) / (a + 2.0f)) / fma(a, splat<F32>(2.0f), splat<F32>(1.0f));
  F32 large = scale(fma(rational, tail, rational), k);
  large = x < 0.0f ? 2.0f - large : large;
  F32 result = a < 0.5f ? 1.0f - x * polynomial<polynomials::kErf32>(x * x) : large;
  return x == x ? result : x;
}

template <class V>
HW_INLINE V logistic(V x) {
  V e = exp(-abs(x));
  V numerator = x < 0 ? e : e - e + 1;
  return numerator / (e + 1);
}
HW_INLINE F32 sigmoid(F32 x) { return logistic(x); }
HW_INLINE F64 sigmoid(F64 x) { return logistic(x); }
HW_INLINE F64 log1p_unit(F64 x) { return log1p(x); }
template <class V>
HW_INLINE V softplus(V x) {
  V e = exp(-abs(x));
  V result = (x > 0 ? x : x - x) + log1p_unit(e);
  return x == x ? (x > 100 ? x : (x < -800 ? e : result)) : x;
}
template <class V>
HW_INLINE V logaddexp(V a, V b) {
  V high = a > b ? a : b, low = a > b ? b : a;
  V difference = low - high;
  V result = high + log1p_unit(exp(difference));
  result = a == b ? high + static_cast<decltype(a[0] + 0)>(0x1.62e42fefa39efp-1) : result;  // infinities too
  return (a != a) | (b != b) ? a + b : result;
}

// The rest: in doubles.
#define HW_IN_DOUBLE(name)                                              \
  HW_INLINE F32 name(F32 x) {                                           \
    return in_double([](F64 wide) HW_LAMBDA { return name(wide); }, x); \
  }
HW_IN_DOUBLE(acos)
HW_IN_DOUBLE(asinh)
HW_IN_DOUBLE(acosh)
HW_IN_DOUBLE(atanh)
HW_IN_DOUBLE(cbrt)
#undef HW_IN_DOUBLE
HW_INLINE F32 atan2(F32 y, F32 x) {
  return in_double([](F64 a, F64 b) HW_LAMBDA { return atan2(a, b); }, y, x);
}
HW_INLINE F32 hypot(F32 x, F32 y) {
  F32 result = in_double([](F64 a, F64 b) HW_LAMBDA { return sqrt(a * a + b * b); }, x, y);
  return (I32)(abs(x) == kInfinity32) | (I32)(abs(y) == kInfinity32) ? splat<F32>(kInfinity32) : result;
}
HW_INLINE F64 pow_in_double(F64 x, F64 y) {  // good to about 40 bits: enough for a float
  F64 a = abs(x);
  F64 l = log2(a);
  F64 exponent = l == 0.0 ? l : y * l;
  F64 result = exp2(limit(exponent, -1070, 1020));
  I64 whole = floor(y) == y;
  F64 half = y * 0.5;
  I64 odd = whole & (I64)(floor(half) != half);
  F64 negative = whole | (I64)(a == kInfinity) ? result : (x == 0.0 ? result : splat<F64>(kNan));
  negative = odd ? -negative : negative;
  result = (I64)sign_bit(x) < 0 ? negative : result;
  result = (I64)(x != x) | (I64)(y != y) ? x + y : result;
  return (I64)(y == 0.0) | (I64)(x == 1.0) ? splat<F64>(1.0) : result;
}
HW_INLINE F32 pow(F32 x, F32 y) {
  return in_double([](F64 a, F64 b) HW_LAMBDA { return pow_in_double(a, b); }, x, y);
}

}  // namespace headwater::HW_ISA
