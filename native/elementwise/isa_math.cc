// The operations on float32 and float64 that have vector code of their own.
#include "loops.h"
#include "math32.h"

namespace headwater::HW_ISA {

using elementwise::Functions;
using elementwise::Lane;
using elementwise::Op;

namespace {

template <class T, auto function>
void vector1(void* result, const void* const* args, const int64_t*, int64_t n) {
  using V = Vector<T>;
  constexpr int64_t kStep = kLanes<T>;
  auto* out = static_cast<T*>(result);
  auto* a = static_cast<const T*>(args[0]);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) store(out + i, function(load<V>(a + i)));
  if (i < n) {
    size_t bytes = static_cast<size_t>(n - i) * sizeof(T);
    store_partial(out + i, function(load_partial<V>(a + i, bytes)), bytes);
  }
}

// The same, two vectors at a time: their chains of operations fill each other's gaps (-fschedule-insns mixes them).
// Worth its code for what models spend their time on.
template <class T, auto function>
void vector1_in_pairs(void* result, const void* const* args, const int64_t* steps, int64_t n) {
  using V = Vector<T>;
  constexpr int64_t kStep = kLanes<T>;
  auto* out = static_cast<T*>(result);
  auto* a = static_cast<const T*>(args[0]);
  int64_t i = 0;
  for (; i + 2 * kStep <= n; i += 2 * kStep) {
    V first = function(load<V>(a + i)), second = function(load<V>(a + i + kStep));
    store(out + i, first);
    store(out + i + kStep, second);
  }
  const void* rest[] = {a + i};
  if (i < n) vector1<T, function>(out + i, rest, steps, n - i);
}

template <class T, auto function>
void vector2(void* result, const void* const* args, const int64_t* steps, int64_t n) {
  using V = Vector<T>;
  constexpr int64_t kStep = kLanes<T>;
  auto* out = static_cast<T*>(result);
  auto* a = static_cast<const T*>(args[0]);
  auto* b = static_cast<const T*>(args[1]);
  const int64_t sa = steps[0], sb = steps[1];
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) store(out + i, function(load<V>(a + i * sa), load<V>(b + i * sb)));
  if (i < n) {
    size_t bytes = static_cast<size_t>(n - i) * sizeof(T);
    store_partial(out + i, function(load_partial<V>(a + i * sa, bytes), load_partial<V>(b + i * sb, bytes)), bytes);
  }
}

template <class T, class V>
HW_INLINE V sign(V x) {
  V one = splat<V>(static_cast<T>(1));
  return x > 0 ? one : (x < 0 ? -one : x);  // zeros and NaN stay
}
template <class V>
HW_INLINE V heaviside(V x, V at_zero) {
  V result = x == 0 ? at_zero : x;  // NaN stays
  V sign_only = x > 0 ? splat<V>(1.0) : splat<V>(0.0);
  return (x < 0) | (x > 0) ? sign_only : result;
}
template <class V>
HW_INLINE V gelu_tanh(V x) {  // x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3)
  using T = decltype(x[0] + 0);
  V u = x * (x * x * static_cast<T>(0.044715 * 1.5957691216057308) + static_cast<T>(1.5957691216057308));
  V result = x * sigmoid(u);
  return x < -50 ? splat<V>(-0.0) : result;
}

template <class T>
void fill(Functions& table, Lane lane) {
  using V = Vector<T>;
  auto set = [&](Op op, elementwise::OpFunction function) {
    table.ops[static_cast<int>(op)][static_cast<int>(lane)] = function;
  };
#define HW_SET1(op, expression) set(Op::k_##op, vector1<T, [](V x) HW_LAMBDA -> V { return expression; }>);
#define HW_SET1_PAIRS(op, expression)                                                    \
  if constexpr (sizeof(T) == 4) {                                                        \
    set(Op::k_##op, vector1_in_pairs<T, [](V x) HW_LAMBDA -> V { return expression; }>); \
  } else {                                                                               \
    HW_SET1(op, expression)                                                              \
  }
#define HW_SET2(op, expression) set(Op::k_##op, vector2<T, [](V a, V b) HW_LAMBDA -> V { return expression; }>);
  HW_SET2(add, a + b)
  HW_SET2(subtract, a - b)
  HW_SET2(multiply, a * b)
  HW_SET2(divide, a / b)
  HW_SET2(maximum, maximum(a, b))
  HW_SET2(minimum, minimum(a, b))
  HW_SET2(atan2, atan2(a, b))
  HW_SET2(logaddexp, logaddexp(a, b))
  HW_SET2(copysign, with_sign(abs(a), b))
  HW_SET2(heaviside, heaviside(a, b))
  HW_SET1(negative, -x)
  HW_SET1(abs, abs(x))
  HW_SET1(sign, sign<T>(x))
  HW_SET1(square, x * x)
  HW_SET1(relu, max_or_second(V{}, x))  // NaN is the second, so it stays
  HW_SET1(sqrt, sqrt(x))
  HW_SET1(rsqrt, static_cast<T>(1) / sqrt(x))
  HW_SET1(reciprocal, static_cast<T>(1) / x)
  HW_SET1_PAIRS(exp, exp(x))
  HW_SET1(exp2, exp2(x))
  HW_SET1(expm1, expm1(x))
  HW_SET1_PAIRS(log, log(x))
  HW_SET1(log2, log2(x))
  HW_SET1(log10, log10(x))
  HW_SET1(log1p, log1p(x))
  HW_SET1(sin, sin(x))
  HW_SET1(cos, cos(x))
  HW_SET1(tan, tan(x))
  HW_SET1(asin, asin(x))
  HW_SET1(acos, acos(x))
  HW_SET1(atan, atan(x))
  HW_SET1(sinh, sinh(x))
  HW_SET1(cosh, cosh(x))
  HW_SET1_PAIRS(tanh, tanh(x))
  HW_SET1(asinh, asinh(x))
  HW_SET1(acosh, acosh(x))
  HW_SET1(atanh, atanh(x))
  HW_SET1_PAIRS(erf, erf(x))
  HW_SET1_PAIRS(erfc, erfc(x))
  HW_SET1(cbrt, cbrt(x))
  HW_SET1(floor, floor(x))
  HW_SET1(ceil, ceil(x))
  HW_SET1(round, round_even(x))
  HW_SET1(trunc, trunc(x))
  HW_SET1_PAIRS(sigmoid, sigmoid(x))
  HW_SET1(softplus, softplus(x))
  HW_SET1(gelu_tanh, gelu_tanh(x))
  if constexpr (sizeof(T) == 4) {
    HW_SET2(power, pow(a, b))
    HW_SET2(hypot, hypot(a, b))
  }
#undef HW_SET1
#undef HW_SET1_PAIRS
#undef HW_SET2
}

}  // namespace

void fill_math(Functions& table) {
  fill<float>(table, Lane::kF32);
  fill<double>(table, Lane::kF64);
}

}  // namespace headwater::HW_ISA
