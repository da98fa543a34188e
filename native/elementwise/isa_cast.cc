// Conversions between all lanes, and between float32 and the 16-bit floats in memory.
#include <bit>
#include <limits>
#include <type_traits>

#include "loops.h"
#include "simd.h"

namespace headwater::HW_ISA {

using elementwise::Bool;
using elementwise::Complex;
using elementwise::Functions;
using elementwise::Lane;
using elementwise::LaneType;
using elementwise::Op;
using elementwise::OpFunction;

namespace {

template <class T>
constexpr bool kIsComplex = false;
template <class T>
constexpr bool kIsComplex<Complex<T>> = true;
template <class T>
constexpr bool kIsBool = std::is_same_v<T, Bool>;

// ---- casts ---------------------------------------------------------------------------------------------------------

// Truncates; what does not fit becomes the nearest end, NaN becomes 0.
template <class Int, class Float>
HW_INLINE Int saturate(Float x) {
  constexpr Float kLow = static_cast<Float>(std::numeric_limits<Int>::min());
  // The largest Int plus one is a power of two, so exact in every float type.
  constexpr Float kBeyond = static_cast<Float>(std::numeric_limits<Int>::max() / 2 + 1) * 2;
  bool fits = x > kLow - (sizeof(Int) < 4 || std::is_unsigned_v<Int> ? 1 : 0) && x < kBeyond;
  fits = fits || x == kLow;
  Int inside = static_cast<Int>(fits ? x : Float(0));
  Int beyond = x >= kBeyond ? std::numeric_limits<Int>::max() : x <= kLow ? std::numeric_limits<Int>::min() : Int(0);
  return fits ? inside : beyond;
}

template <class To, class From>
HW_INLINE To convert(From x) {
  if constexpr (kIsComplex<To> && kIsComplex<From>) {
    using Part = decltype(To{}.re);
    return To{static_cast<Part>(x.re), static_cast<Part>(x.im)};
  } else if constexpr (kIsBool<To>) {
    if constexpr (kIsComplex<From>) {
      return Bool{static_cast<uint8_t>(x.re != 0 || x.im != 0)};
    } else if constexpr (kIsBool<From>) {
      return x;
    } else {
      return Bool{static_cast<uint8_t>(x != 0)};
    }
  } else if constexpr (kIsBool<From>) {
    return convert<To>(x.value);
  } else if constexpr (kIsComplex<To>) {
    return To{static_cast<decltype(To{}.re)>(x), 0};
  } else if constexpr (kIsComplex<From>) {
    return convert<To>(x.re);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return saturate<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

template <class From, class To>
constexpr OpFunction cast_loop() {
  return map1<To, From, [](From x) HW_LAMBDA { return convert<To>(x); }>;
}
template <int from, int to>
void fill_row_of_casts(Functions& table) {
  table.casts[from][to] = cast_loop<LaneType<static_cast<Lane>(from)>, LaneType<static_cast<Lane>(to)>>();
  if constexpr (to + 1 < elementwise::kNumLanes) {
    fill_row_of_casts<from, to + 1>(table);
  } else if constexpr (from + 1 < elementwise::kNumLanes) {
    fill_row_of_casts<from + 1, 0>(table);
  }
}

// ---- the 16-bit floats ---------------------------------------------------------------------------------------------

HW_INLINE float load_bfloat(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
HW_INLINE uint16_t store_bfloat(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? (bits >> 16) | 0x40u : rounded);
}
// Written without branches, so that it vectorizes; see dtype.h for the same in steps.
HW_INLINE float load_half(uint16_t half) {
  uint32_t magnitude = half & 0x7fffu;
  uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  uint32_t normal = (magnitude << 13) + 0x38000000u;
  uint32_t special = (magnitude << 13) | 0x7f800000u;
  float subnormal = static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f;
  uint32_t bits = magnitude >= 0x7c00u ? special : magnitude < 0x400u ? std::bit_cast<uint32_t>(subnormal) : normal;
  return std::bit_cast<float>(bits | sign);
}
HW_INLINE uint16_t store_half(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  uint32_t sign = (bits >> 16) & 0x8000u;
  bits &= 0x7fffffffu;
  uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(bits) + 0.5f) - 0x3f000000u;
  uint32_t normal = (bits + 0xfffu + ((bits >> 13) & 1u) - 0x38000000u) >> 13;
  uint32_t result = bits < 0x38800000u ? subnormal : normal;
  result = bits >= 0x477ff000u ? 0x7c00u : result;
  result = bits > 0x7f800000u ? 0x7e00u : result;
  return static_cast<uint16_t>(result | sign);
}
#if defined(__x86_64__) && HW_ISA_LEVEL >= 1
void load_half_loop(void* result, const void* const* args, const int64_t*, int64_t n) {
  auto* out = static_cast<float*>(result);
  auto* a = static_cast<const uint16_t*>(args[0]);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + i))));
  for (; i < n; ++i) out[i] = load_half(a[i]);
}
void store_half_loop(void* result, const void* const* args, const int64_t*, int64_t n) {
  auto* out = static_cast<uint16_t*>(result);
  auto* a = static_cast<const float*>(args[0]);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(a + i), 0));
  for (; i < n; ++i) out[i] = store_half(a[i]);
}
#else
constexpr OpFunction load_half_loop = map1<float, uint16_t, [](uint16_t x) HW_LAMBDA { return load_half(x); }>;
constexpr OpFunction store_half_loop = map1<uint16_t, float, [](float x) HW_LAMBDA { return store_half(x); }>;
#endif

// A double cut to a float whose last bit says whether anything was cut off.
HW_INLINE float cast_to_odd(double x) {
  float nearest = static_cast<float>(x);
  uint32_t bits = std::bit_cast<uint32_t>(nearest);
  double back = static_cast<double>(nearest);
  bool exact = back == x || x != x;
  bool away = __builtin_fabs(back) > __builtin_fabs(x);
  uint32_t cut = (bits - (away ? 1u : 0u)) | 1u;
  return std::bit_cast<float>(exact ? bits : cut);
}

}  // namespace

void fill_casts(Functions& table) {
  fill_row_of_casts<0, 0>(table);
  auto set = [&](Op op, Lane lane, OpFunction function) {
    table.ops[static_cast<int>(op)][static_cast<int>(lane)] = function;
  };
  set(Op::kLoadFloat16, Lane::kU16, load_half_loop);
  set(Op::kLoadBFloat16, Lane::kU16, map1<float, uint16_t, [](uint16_t x) HW_LAMBDA { return load_bfloat(x); }>);
  set(Op::kStoreFloat16, Lane::kF32, store_half_loop);
  set(Op::kStoreBFloat16, Lane::kF32, map1<uint16_t, float, [](float x) HW_LAMBDA { return store_bfloat(x); }>);
  set(Op::kRoundFloat16, Lane::kF32, map1<float, float, [](float x) HW_LAMBDA { return load_half(store_half(x)); }>);
  set(Op::kRoundBFloat16, Lane::kF32,
      map1<float, float, [](float x) HW_LAMBDA { return load_bfloat(store_bfloat(x)); }>);
  set(Op::kCastToOdd, Lane::kF64, map1<float, double, [](double x) HW_LAMBDA { return cast_to_odd(x); }>);
}

}  // namespace headwater::HW_ISA
