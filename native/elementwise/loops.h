// Loops over tiles, written so that the compiler vectorizes them.
#pragma once

#include "ops.h"

namespace headwater::elementwise {

// A lane's C++ type.
template <class T>
struct Complex {
  T re, im;
};
template <Lane>
struct LaneTypeOf;
#define HW_LANE_TYPE(lane, T)     \
  template <>                     \
  struct LaneTypeOf<Lane::lane> { \
    using type = T;               \
  };
struct Bool {  // distinct from uint8_t
  uint8_t value;
};
HW_LANE_TYPE(kBool, Bool)
HW_LANE_TYPE(kU8, uint8_t)
HW_LANE_TYPE(kI8, int8_t)
HW_LANE_TYPE(kU16, uint16_t)
HW_LANE_TYPE(kI16, int16_t)
HW_LANE_TYPE(kU32, uint32_t)
HW_LANE_TYPE(kI32, int32_t)
HW_LANE_TYPE(kU64, uint64_t)
HW_LANE_TYPE(kI64, int64_t)
HW_LANE_TYPE(kF32, float)
HW_LANE_TYPE(kF64, double)
HW_LANE_TYPE(kC64, Complex<float>)
HW_LANE_TYPE(kC128, Complex<double>)
#undef HW_LANE_TYPE
template <Lane lane>
using LaneType = typename LaneTypeOf<lane>::type;

template <class T>
inline constexpr Lane kLaneOf = Lane::kBool;
template <>
inline constexpr Lane kLaneOf<uint8_t> = Lane::kU8;
template <>
inline constexpr Lane kLaneOf<int8_t> = Lane::kI8;
template <>
inline constexpr Lane kLaneOf<uint16_t> = Lane::kU16;
template <>
inline constexpr Lane kLaneOf<int16_t> = Lane::kI16;
template <>
inline constexpr Lane kLaneOf<uint32_t> = Lane::kU32;
template <>
inline constexpr Lane kLaneOf<int32_t> = Lane::kI32;
template <>
inline constexpr Lane kLaneOf<uint64_t> = Lane::kU64;
template <>
inline constexpr Lane kLaneOf<int64_t> = Lane::kI64;
template <>
inline constexpr Lane kLaneOf<float> = Lane::kF32;
template <>
inline constexpr Lane kLaneOf<double> = Lane::kF64;
template <>
inline constexpr Lane kLaneOf<Complex<float>> = Lane::kC64;
template <>
inline constexpr Lane kLaneOf<Complex<double>> = Lane::kC128;

}  // namespace headwater::elementwise

namespace headwater::HW_ISA {

template <class Result, class A, auto function>
void map1(void* result, const void* const* args, const int64_t*, int64_t n) {
  auto* out = static_cast<Result*>(result);
  auto* a = static_cast<const A*>(args[0]);
  for (int64_t i = 0; i < n; ++i) out[i] = function(a[i]);
}

template <class Result, class A, class B, auto function>
void map2(void* result, const void* const* args, const int64_t* steps, int64_t n) {
  auto* out = static_cast<Result*>(result);
  auto* a = static_cast<const A*>(args[0]);
  auto* b = static_cast<const B*>(args[1]);
  if (steps[0] && steps[1]) {
    for (int64_t i = 0; i < n; ++i) out[i] = function(a[i], b[i]);
  } else if (steps[0]) {
    const B y = *b;
    for (int64_t i = 0; i < n; ++i) out[i] = function(a[i], y);
  } else {  // one of the two moves, or there would be nothing to loop over
    const A x = *a;
    for (int64_t i = 0; i < n; ++i) out[i] = function(x, b[i]);
  }
}

}  // namespace headwater::HW_ISA
