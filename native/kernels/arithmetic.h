// Arithmetic on the 15 element types by one set of names: 16-bit floats compute in float32, integers wrap around, bool
// adds as "or" and multiplies as "and".
#pragma once

#include <cmath>
#include <complex>
#include <limits>
#include <type_traits>

#include "../dtype.h"

namespace headwater {

template <class T>
inline constexpr bool is_small_float = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;
template <class T>
inline constexpr bool is_floating = is_small_float<T> || std::is_floating_point_v<T>;
template <class T>
inline constexpr bool is_complex_type =
    std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;

// Unsigned arithmetic wraps where signed would be undefined, and uint64_t avoids promotion of short types to int.
template <class T>
using Wrapping = std::conditional_t<std::is_same_v<T, bool>, bool, uint64_t>;

template <class T>
inline T add(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a || b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  else if constexpr (is_small_float<T>)
    return T(float(a) + float(b));
  else
    return a + b;
}

template <class T>
inline T multiply(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a && b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  else if constexpr (is_small_float<T>)
    return T(float(a) * float(b));
  else
    return a * b;
}

template <class T>
inline bool is_nan(T a) {
  if constexpr (is_small_float<T>)
    return std::isnan(float(a));
  else if constexpr (std::is_floating_point_v<T>)
    return std::isnan(a);
  else if constexpr (is_complex_type<T>)
    return std::isnan(a.real()) || std::isnan(a.imag());
  else
    return false;
}

// As NumPy's maximum and minimum: NaN wins.
template <class T>
inline T maximum(T a, T b) {
  if constexpr (is_small_float<T>)
    return (float(a) >= float(b) || is_nan(a)) ? a : b;
  else
    return (a >= b || is_nan(a)) ? a : b;
}

template <class T>
inline T minimum(T a, T b) {
  if constexpr (is_small_float<T>)
    return (float(a) <= float(b) || is_nan(a)) ? a : b;
  else
    return (a <= b || is_nan(a)) ? a : b;
}

// The number `value` in type T, as a C++ conversion gives it.
template <class T>
inline T number(double value) {
  if constexpr (is_small_float<T>)
    return T(static_cast<float>(value));
  else
    return static_cast<T>(value);
}

}  // namespace headwater
