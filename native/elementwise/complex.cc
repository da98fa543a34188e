// Operations on complex numbers. Functions go through the C library in double precision.
#include <cmath>
#include <complex>

#include "functions.h"
#include "loops.h"

namespace headwater::elementwise {
namespace {

using Wide = std::complex<double>;
template <class T>
Wide wide(Complex<T> z) {
  return {static_cast<double>(z.re), static_cast<double>(z.im)};
}
template <class T>
Complex<T> narrow(Wide z) {
  return {static_cast<T>(z.real()), static_cast<T>(z.imag())};
}

template <class Result, class A, auto function>
void each1(void* result, const void* const* args, const int64_t*, int64_t n) {
  auto* out = static_cast<Result*>(result);
  auto* a = static_cast<const A*>(args[0]);
  for (int64_t i = 0; i < n; ++i) out[i] = function(a[i]);
}
template <class Result, class A, auto function>
void each2(void* result, const void* const* args, const int64_t* steps, int64_t n) {
  auto* out = static_cast<Result*>(result);
  auto* a = static_cast<const A*>(args[0]);
  auto* b = static_cast<const A*>(args[1]);
  for (int64_t i = 0; i < n; ++i) out[i] = function(a[i * steps[0]], b[i * steps[1]]);
}

// Scaled by the larger part of the divisor, so that nothing overflows on the way. Source: Smith, CACM 5 (1962) 435.
template <class T>
Complex<T> divide(Complex<T> a, Complex<T> b) {
  T re = std::fabs(b.re), im = std::fabs(b.im);
  if (re >= im) {
    if (re == 0 && im == 0) return {a.re / re, a.im / re};
    T ratio = b.im / b.re, scale = 1 / (b.re + b.im * ratio);
    return {(a.re + a.im * ratio) * scale, (a.im - a.re * ratio) * scale};
  }
  T ratio = b.re / b.im, scale = 1 / (b.im + b.re * ratio);
  return {(a.re * ratio + a.im) * scale, (a.im * ratio - a.re) * scale};
}

Wide power(Wide base, Wide exponent) {
  if (exponent == Wide(0)) return 1;
  if (base == Wide(0)) {
    if (exponent.real() > 0 && exponent.imag() == 0) return 0;
    return {NAN, NAN};
  }
  double n = exponent.real();
  if (exponent.imag() == 0 && n == std::floor(n) && std::fabs(n) <= 100) {
    Wide result = 1, factor = base;
    for (int left = static_cast<int>(std::fabs(n)); left; left >>= 1) {
      if (left & 1) result *= factor;
      factor *= factor;
    }
    return n < 0 ? Wide(1) / result : result;
  }
  return std::pow(base, exponent);
}

Wide log1p(Wide z) {
  // |1 + z|^2 - 1 without cancellation near z = 0
  double re = z.real(), im = z.imag();
  double size = std::fabs(re) < 0.5 && std::fabs(im) < 0.5 ? 0.5 * std::log1p(re * (2 + re) + im * im)
                                                           : std::log(std::hypot(1 + re, im));
  return {size, std::atan2(im, 1 + re)};
}
Wide expm1(Wide z) {
  double half = std::sin(z.imag() / 2);
  double growth = std::expm1(z.real());
  return {growth * std::cos(z.imag()) - 2 * half * half, (growth + 1) * std::sin(z.imag())};
}

template <class T>
void fill(Functions& table) {
  using C = Complex<T>;
  auto set = [&](Op op, OpFunction function) {
    table.ops[static_cast<int>(op)][static_cast<int>(kLaneOf<C>)] = function;
  };
#define HW_FUNCTION(op, expression)         \
  set(Op::k_##op, each1<C, C, [](C value) { \
        Wide z = wide(value);               \
        return narrow<T>(expression);       \
      }>);
  set(Op::k_add, each2<C, C, [](C a, C b) { return C{a.re + b.re, a.im + b.im}; }>);
  set(Op::k_subtract, each2<C, C, [](C a, C b) { return C{a.re - b.re, a.im - b.im}; }>);
  set(Op::k_multiply, each2<C, C, [](C a, C b) { return C{a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }>);
  set(Op::k_divide, each2<C, C, divide<T>>);
  set(Op::k_power, each2<C, C, [](C a, C b) { return narrow<T>(power(wide(a), wide(b))); }>);
  set(Op::k_equal, each2<Bool, C, [](C a, C b) { return Bool{static_cast<uint8_t>(a.re == b.re && a.im == b.im)}; }>);
  set(Op::k_not_equal,
      each2<Bool, C, [](C a, C b) { return Bool{static_cast<uint8_t>(a.re != b.re || a.im != b.im)}; }>);
  set(Op::k_isnan,
      each1<Bool, C, [](C z) { return Bool{static_cast<uint8_t>(std::isnan(z.re) || std::isnan(z.im))}; }>);
  set(Op::k_isinf,
      each1<Bool, C, [](C z) { return Bool{static_cast<uint8_t>(std::isinf(z.re) || std::isinf(z.im))}; }>);
  set(Op::k_isfinite,
      each1<Bool, C, [](C z) { return Bool{static_cast<uint8_t>(std::isfinite(z.re) && std::isfinite(z.im))}; }>);
  set(Op::k_negative, each1<C, C, [](C z) { return C{-z.re, -z.im}; }>);
  set(Op::k_conj, each1<C, C, [](C z) { return C{z.re, -z.im}; }>);
  set(Op::k_square, each1<C, C, [](C z) { return C{z.re * z.re - z.im * z.im, z.re * z.im + z.im * z.re}; }>);
  set(Op::k_reciprocal, each1<C, C, [](C z) { return divide(C{1, 0}, z); }>);
  set(Op::k_real, each1<T, C, [](C z) { return z.re; }>);
  set(Op::k_imag, each1<T, C, [](C z) { return z.im; }>);
  set(Op::k_abs, each1<T, C, [](C z) { return std::hypot(z.re, z.im); }>);
  set(Op::k_angle, each1<T, C, [](C z) { return std::atan2(z.im, z.re); }>);
  set(Op::k_sign, each1<C, C, [](C z) {
        T size = std::hypot(z.re, z.im);
        return size == 0 ? C{0, 0} : C{z.re / size, z.im / size};
      }>);
  HW_FUNCTION(sqrt, std::sqrt(z))
  HW_FUNCTION(rsqrt, Wide(1) / std::sqrt(z))
  HW_FUNCTION(exp, std::exp(z))
  HW_FUNCTION(exp2, std::exp(z * 0.693147180559945309417))
  HW_FUNCTION(expm1, expm1(z))
  HW_FUNCTION(log, std::log(z))
  HW_FUNCTION(log2, std::log(z) * 1.44269504088896340736)
  HW_FUNCTION(log10, std::log(z) * 0.434294481903251827651)
  HW_FUNCTION(log1p, log1p(z))
  HW_FUNCTION(sin, std::sin(z))
  HW_FUNCTION(cos, std::cos(z))
  HW_FUNCTION(tan, std::tan(z))
  HW_FUNCTION(asin, std::asin(z))
  HW_FUNCTION(acos, std::acos(z))
  HW_FUNCTION(atan, std::atan(z))
  HW_FUNCTION(sinh, std::sinh(z))
  HW_FUNCTION(cosh, std::cosh(z))
  HW_FUNCTION(tanh, std::tanh(z))
  HW_FUNCTION(asinh, std::asinh(z))
  HW_FUNCTION(acosh, std::acosh(z))
  HW_FUNCTION(atanh, std::atanh(z))
  HW_FUNCTION(sigmoid, Wide(1) / (Wide(1) + std::exp(-z)))
#undef HW_FUNCTION
  // complex(re, im): by the lane of its parts
  table.ops[static_cast<int>(Op::k_complex)][static_cast<int>(kLaneOf<T>)] = [](void* result, const void* const* args,
                                                                                const int64_t* steps, int64_t n) {
    auto* out = static_cast<C*>(result);
    auto* re = static_cast<const T*>(args[0]);
    auto* im = static_cast<const T*>(args[1]);
    for (int64_t i = 0; i < n; ++i) out[i] = C{re[i * steps[0]], im[i * steps[1]]};
  };
}

}  // namespace

void fill_complex(Functions& table) {
  fill<float>(table);
  fill<double>(table);
}

}  // namespace headwater::elementwise
