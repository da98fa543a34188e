// Functions without a vector version, one double at a time.
#pragma once

#include <cmath>
#include <cstdint>

namespace headwater::elementwise {

// psi(x). Source: asymptotic series after upward recurrence, reflection for negative x (Abramowitz and Stegun 6.3).
static double digamma(double x) {
  constexpr double kPi = 3.14159265358979323846;
  constexpr double kRootHigh = 0x1.762d86356be3fp+0, kRootLow = 0x1.b86a722197829p-54;  // the zero of psi
  if (std::isnan(x) || x == INFINITY) return x;
  if (x == 0) return std::copysign(INFINITY, -x);
  double result = 0;
  if (x < 0) {
    double fraction = x - std::trunc(x);
    if (fraction == 0 || x == -INFINITY) return NAN;
    result = -kPi / std::tan(kPi * fraction);
    x = 1 - x;
  }
  if (result == 0 && std::fabs(x - kRootHigh) < 0.02) {
    // Taylor series about the zero, so that few digits are lost next to it.
    constexpr double kSeries[] = {0.96767224544762117,  -0.44276316898359211,  0.25849976095565101,
                                  -0.16394270544240653, 0.10782405069126237,   -0.072199561256454711,
                                  0.048804288164143107, -0.033161126474847359, 0.022597648232218105,
                                  -0.015424765904948959};
    double d = (x - kRootHigh) - kRootLow;
    double sum = 0;
    for (int i = 9; i >= 0; --i) sum = sum * d + kSeries[i];
    return sum * d;
  }
  while (x < 10) {
    result -= 1 / x;
    x += 1;
  }
  double z = 1 / (x * x);
  double series =
      z *
      (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
  return result + std::log(x) - 0.5 / x - series;
}

// The inverse of erf. Source: Giles, "Approximating the erfinv function" (2011), then two Newton-Halley steps.
static double erfinv(double y) {
  if (std::isnan(y) || std::fabs(y) > 1) return NAN;
  if (std::fabs(y) == 1) return std::copysign(INFINITY, y);
  if (y == 0) return y;
  double a = std::fabs(y);
  double w = -std::log1p(-a) - std::log1p(a);
  double x;
  if (w < 5) {
    constexpr double kCentral[] = {1.50140941,      0.246640727,    -0.00417768164, -0.00125372503, 0.00021858087,
                                   -4.39150654e-06, -3.5233877e-06, 3.43273939e-07, 2.81022636e-08};
    double t = w - 2.5;
    x = kCentral[8];
    for (int i = 7; i >= 0; --i) x = x * t + kCentral[i];
  } else {
    constexpr double kTail[] = {2.83297682,     1.00167406,    0.00943887047,  -0.0076224613,  0.00573950773,
                                -0.00367342844, 0.00134934322, 0.000100950558, -0.000200214257};
    double t = std::sqrt(w) - 3;
    if (t > 3) {
      x = std::sqrt(w - 0.5 * std::log(w) - 0.57) / a;  // the polynomial ends at w = 36
    } else {
      x = kTail[8];
      for (int i = 7; i >= 0; --i) x = x * t + kTail[i];
    }
  }
  x *= a;
  constexpr double kHalfRootPi = 0.886226925452758014;
  for (int i = 0; i < 3; ++i) {
    // 1 - a is exact for a >= 1/2: the complement keeps the digits of the tail.
    double error = a < 0.5 ? std::erf(x) - a : (1 - a) - std::erfc(x);
    double step = error * kHalfRootPi * std::exp(x * x);
    x -= step / (1 + x * step);
  }
  return std::copysign(x, y);
}

static double lgamma_real(double x) {
  if (x == -INFINITY) return INFINITY;
#if defined(__GLIBC__)
  int sign;
  return ::lgamma_r(x, &sign);
#else
  return std::lgamma(x);
#endif
}

}  // namespace headwater::elementwise
