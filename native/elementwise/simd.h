// Vectors of the widest size of the instruction set that a file is compiled for, by the compiler's vector extension,
// and the few operations for which it has no operator. Include only from isa_*.cc files.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__GNUC__) && !defined(__clang__) && HW_ISA_LEVEL == 2
// GCC 12 warns of the deliberately undefined registers in its own AVX-512 headers.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define HW_INLINE inline __attribute__((always_inline))
#define HW_LAMBDA __attribute__((always_inline))

namespace headwater::HW_ISA {

constexpr int kVectorBytes = HW_ISA_LEVEL == 2 ? 64 : HW_ISA_LEVEL == 1 ? 32 : 16;

template <class T, int kBytes = kVectorBytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(kBytes)));
};
template <class T>
using Vector = typename VectorOf<T>::type;

using F32 = Vector<float>;
using I32 = Vector<int32_t>;
using U32 = Vector<uint32_t>;
using F64 = Vector<double>;
using I64 = Vector<int64_t>;
using U64 = Vector<uint64_t>;
using F32Half = VectorOf<float, kVectorBytes / 2>::type;  // as many floats as F64 has doubles

template <class T>
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

template <class V>
HW_INLINE V load(const void* from) {
  V result;
  std::memcpy(&result, from, sizeof(V));
  return result;
}
template <class V>
HW_INLINE void store(void* to, V value) {
  std::memcpy(to, &value, sizeof(V));
}
template <class V>
HW_INLINE V load_partial(const void* from, size_t bytes) {
  V result{};
  std::memcpy(&result, from, bytes);
  return result;
}
template <class V>
HW_INLINE void store_partial(void* to, V value, size_t bytes) {
  std::memcpy(to, &value, bytes);
}
template <class V, class T>
HW_INLINE V splat(T value) {
  V result{};
  for (size_t i = 0; i < sizeof(V) / sizeof(result[0]); ++i) result[i] = value;
  return result;
}

// ---- operations with an instruction but no operator ----------------------------------------------------------------

#if defined(__x86_64__) && HW_ISA_LEVEL == 2
HW_INLINE F32 fma(F32 a, F32 b, F32 c) { return (F32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
HW_INLINE F64 fma(F64 a, F64 b, F64 c) { return (F64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
// The second argument where one is NaN.
HW_INLINE F32 min_or_second(F32 a, F32 b) { return (F32)_mm512_min_ps((__m512)a, (__m512)b); }
HW_INLINE F64 min_or_second(F64 a, F64 b) { return (F64)_mm512_min_pd((__m512d)a, (__m512d)b); }
HW_INLINE F32 max_or_second(F32 a, F32 b) { return (F32)_mm512_max_ps((__m512)a, (__m512)b); }
HW_INLINE F64 max_or_second(F64 a, F64 b) { return (F64)_mm512_max_pd((__m512d)a, (__m512d)b); }
HW_INLINE F32 sqrt(F32 x) { return (F32)_mm512_sqrt_ps((__m512)x); }
HW_INLINE F64 sqrt(F64 x) { return (F64)_mm512_sqrt_pd((__m512d)x); }
template <int kMode>
HW_INLINE F32 rounded(F32 x) {
  return (F32)_mm512_roundscale_ps((__m512)x, kMode);
}
template <int kMode>
HW_INLINE F64 rounded(F64 x) {
  return (F64)_mm512_roundscale_pd((__m512d)x, kMode);
}
HW_INLINE bool any(I32 mask) { return _mm512_movepi32_mask((__m512i)mask) != 0; }
HW_INLINE bool any(I64 mask) { return _mm512_movepi64_mask((__m512i)mask) != 0; }
HW_INLINE F64 widen_low(F32 x) { return (F64)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)x)); }
HW_INLINE F64 widen_high(F32 x) { return (F64)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)x, 1)); }
HW_INLINE F32 narrow(F64 low, F64 high) {
  return (F32)_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps((__m512d)low)), _mm512_cvtpd_ps((__m512d)high),
                                 1);
}
HW_INLINE void store_streaming(void* to, F32 value) { _mm512_stream_ps(static_cast<float*>(to), (__m512)value); }
#elif defined(__x86_64__) && HW_ISA_LEVEL == 1
HW_INLINE F32 fma(F32 a, F32 b, F32 c) { return (F32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
HW_INLINE F64 fma(F64 a, F64 b, F64 c) { return (F64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
// The second argument where one is NaN.
HW_INLINE F32 min_or_second(F32 a, F32 b) { return (F32)_mm256_min_ps((__m256)a, (__m256)b); }
HW_INLINE F64 min_or_second(F64 a, F64 b) { return (F64)_mm256_min_pd((__m256d)a, (__m256d)b); }
HW_INLINE F32 max_or_second(F32 a, F32 b) { return (F32)_mm256_max_ps((__m256)a, (__m256)b); }
HW_INLINE F64 max_or_second(F64 a, F64 b) { return (F64)_mm256_max_pd((__m256d)a, (__m256d)b); }
HW_INLINE F32 sqrt(F32 x) { return (F32)_mm256_sqrt_ps((__m256)x); }
HW_INLINE F64 sqrt(F64 x) { return (F64)_mm256_sqrt_pd((__m256d)x); }
template <int kMode>
HW_INLINE F32 rounded(F32 x) {
  return (F32)_mm256_round_ps((__m256)x, kMode | 8);
}
template <int kMode>
HW_INLINE F64 rounded(F64 x) {
  return (F64)_mm256_round_pd((__m256d)x, kMode | 8);
}
HW_INLINE bool any(I32 mask) { return _mm256_movemask_ps((__m256)mask) != 0; }
HW_INLINE bool any(I64 mask) { return _mm256_movemask_pd((__m256d)mask) != 0; }
HW_INLINE F64 widen_low(F32 x) { return (F64)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)x)); }
HW_INLINE F64 widen_high(F32 x) { return (F64)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)x, 1)); }
HW_INLINE F32 narrow(F64 low, F64 high) {
  return (F32)_mm256_set_m128(_mm256_cvtpd_ps((__m256d)high), _mm256_cvtpd_ps((__m256d)low));
}
HW_INLINE void store_streaming(void* to, F32 value) { _mm256_stream_ps(static_cast<float*>(to), (__m256)value); }
#elif defined(__SSE4_1__)
HW_INLINE F32 fma(F32 a, F32 b, F32 c) { return a * b + c; }
HW_INLINE F64 fma(F64 a, F64 b, F64 c) { return a * b + c; }
// The second argument where one is NaN.
HW_INLINE F32 min_or_second(F32 a, F32 b) { return (F32)_mm_min_ps((__m128)a, (__m128)b); }
HW_INLINE F64 min_or_second(F64 a, F64 b) { return (F64)_mm_min_pd((__m128d)a, (__m128d)b); }
HW_INLINE F32 max_or_second(F32 a, F32 b) { return (F32)_mm_max_ps((__m128)a, (__m128)b); }
HW_INLINE F64 max_or_second(F64 a, F64 b) { return (F64)_mm_max_pd((__m128d)a, (__m128d)b); }
HW_INLINE F32 sqrt(F32 x) { return (F32)_mm_sqrt_ps((__m128)x); }
HW_INLINE F64 sqrt(F64 x) { return (F64)_mm_sqrt_pd((__m128d)x); }
template <int kMode>
HW_INLINE F32 rounded(F32 x) {
  return (F32)_mm_round_ps((__m128)x, kMode | 8);
}
template <int kMode>
HW_INLINE F64 rounded(F64 x) {
  return (F64)_mm_round_pd((__m128d)x, kMode | 8);
}
HW_INLINE bool any(I32 mask) { return _mm_movemask_ps((__m128)mask) != 0; }
HW_INLINE bool any(I64 mask) { return _mm_movemask_pd((__m128d)mask) != 0; }
HW_INLINE F64 widen_low(F32 x) { return (F64)_mm_cvtps_pd((__m128)x); }
HW_INLINE F64 widen_high(F32 x) { return (F64)_mm_cvtps_pd(_mm_movehl_ps((__m128)x, (__m128)x)); }
HW_INLINE F32 narrow(F64 low, F64 high) {
  return (F32)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)low), _mm_cvtpd_ps((__m128d)high));
}
HW_INLINE void store_streaming(void* to, F32 value) { _mm_stream_ps(static_cast<float*>(to), (__m128)value); }
#else
// Any machine: lane by lane, which compilers turn into vector code where they can.
template <class V, class Function>
HW_INLINE V by_lane(V x, Function function) {
  for (size_t i = 0; i < sizeof(V) / sizeof(x[0]); ++i) x[i] = function(x[i]);
  return x;
}
HW_INLINE F32 fma(F32 a, F32 b, F32 c) { return a * b + c; }
HW_INLINE F64 fma(F64 a, F64 b, F64 c) { return a * b + c; }
HW_INLINE F32 min_or_second(F32 a, F32 b) { return a < b ? a : b; }
HW_INLINE F64 min_or_second(F64 a, F64 b) { return a < b ? a : b; }
HW_INLINE F32 max_or_second(F32 a, F32 b) { return a > b ? a : b; }
HW_INLINE F64 max_or_second(F64 a, F64 b) { return a > b ? a : b; }
HW_INLINE F32 sqrt(F32 x) {
  return by_lane(x, [](float lane) { return std::sqrt(lane); });
}
HW_INLINE F64 sqrt(F64 x) {
  return by_lane(x, [](double lane) { return std::sqrt(lane); });
}
template <int kMode, class V>
HW_INLINE V rounded(V x) {
  return by_lane(x, [](auto lane) {
    return kMode == 0   ? std::nearbyint(lane)
           : kMode == 1 ? std::floor(lane)
           : kMode == 2 ? std::ceil(lane)
                        : std::trunc(lane);
  });
}
template <class M>
HW_INLINE bool any(M mask) {
  bool result = false;
  for (size_t i = 0; i < sizeof(M) / sizeof(mask[0]); ++i) result |= mask[i] != 0;
  return result;
}
HW_INLINE F64 widen_low(F32 x) {
  F64 result;
  for (int i = 0; i < kLanes<double>; ++i) result[i] = x[i];
  return result;
}
HW_INLINE F64 widen_high(F32 x) {
  F64 result;
  for (int i = 0; i < kLanes<double>; ++i) result[i] = x[i + kLanes<double>];
  return result;
}
HW_INLINE F32 narrow(F64 low, F64 high) {
  F32 result;
  for (int i = 0; i < kLanes<double>; ++i) {
    result[i] = static_cast<float>(low[i]);
    result[i + kLanes<double>] = static_cast<float>(high[i]);
  }
  return result;
}
HW_INLINE void store_streaming(void* to, F32 value) { store(to, value); }
#endif

// Streaming stores become visible to other threads in order after this.
HW_INLINE void finish_streaming() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

template <class V>
HW_INLINE V round_even(V x) {
  return rounded<0>(x);
}
template <class V>
HW_INLINE V floor(V x) {
  return rounded<1>(x);
}
template <class V>
HW_INLINE V ceil(V x) {
  return rounded<2>(x);
}
template <class V>
HW_INLINE V trunc(V x) {
  return rounded<3>(x);
}

// ---- bits ----------------------------------------------------------------------------------------------------------

HW_INLINE U32 bits_of(F32 x) { return (U32)x; }
HW_INLINE U64 bits_of(F64 x) { return (U64)x; }
HW_INLINE F32 from_bits(U32 x) { return (F32)x; }
HW_INLINE F64 from_bits(U64 x) { return (F64)x; }
HW_INLINE U32 sign_bit(F32 x) { return bits_of(x) & 0x80000000u; }
HW_INLINE U64 sign_bit(F64 x) { return bits_of(x) & 0x8000000000000000u; }
template <class V>
HW_INLINE V abs(V x) {
  return from_bits(bits_of(x) ^ sign_bit(x));
}
// `magnitude` (not negative) with the sign of `sign`.
template <class V>
HW_INLINE V with_sign(V magnitude, V sign) {
  return from_bits(bits_of(magnitude) | sign_bit(sign));
}
template <class V>
HW_INLINE V flip_sign(V x, V sign) {
  return from_bits(bits_of(x) ^ sign_bit(sign));
}

// NaN if either is NaN.
template <class V>
HW_INLINE V maximum(V a, V b) {
  V larger = max_or_second(a, b);
  return a == a ? larger : a;
}
template <class V>
HW_INLINE V minimum(V a, V b) {
  V smaller = min_or_second(a, b);
  return a == a ? smaller : a;
}

// c0 + c1 x + c2 x^2 + ...
template <auto& kCoefficients, int kFirst = 0, class V>
HW_INLINE V polynomial(V x) {
  constexpr int kCount = sizeof(kCoefficients) / sizeof(kCoefficients[0]);
  V sum = splat<V>(kCoefficients[kCount - 1]);
#pragma GCC unroll 32
  for (int i = kCount - 2; i >= kFirst; --i) sum = fma(sum, x, splat<V>(kCoefficients[i]));
  return sum;
}

// function(x) computed in double precision.
template <class Function, class... Args>
HW_INLINE F32 in_double(Function function, Args... x) {
  return narrow(function(widen_low(x)...), function(widen_high(x)...));
}

}  // namespace headwater::HW_ISA
