// The AVX-512 instructions that the kernels use, in terms of AVX2: the AVX-512 kernels can be tested where the
// processor has none. Included before every kernel of that level if HEADWATER_EMULATE_AVX512 is set (see cmake/); never
// shipped.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace headwater::emulated {

#define HW_EMULATED static inline __attribute__((always_inline))

// A 512-bit register as two halves.
template <class Half, class Whole>
struct Halves {
  Half low, high;
};

template <class Half, class Whole>
HW_EMULATED Halves<Half, Whole> split(Whole x) {
  Halves<Half, Whole> parts;
  std::memcpy(&parts, &x, sizeof(x));
  return parts;
}

template <class Whole, class Half>
HW_EMULATED Whole join(Half low, Half high) {
  Halves<Half, Whole> parts{low, high};
  Whole x;
  std::memcpy(&x, &parts, sizeof(x));
  return x;
}

#define HW_EMULATED_1(name, whole, half, operation)          \
  HW_EMULATED whole name(whole x) {                          \
    auto a = split<half>(x);                                 \
    return join<whole>(operation(a.low), operation(a.high)); \
  }
#define HW_EMULATED_2(name, whole, half, operation)                         \
  HW_EMULATED whole name(whole x, whole y) {                                \
    auto a = split<half>(x), b = split<half>(y);                            \
    return join<whole>(operation(a.low, b.low), operation(a.high, b.high)); \
  }
#define HW_EMULATED_3(name, whole, half, operation)                                        \
  HW_EMULATED whole name(whole x, whole y, whole z) {                                      \
    auto a = split<half>(x), b = split<half>(y), c = split<half>(z);                       \
    return join<whole>(operation(a.low, b.low, c.low), operation(a.high, b.high, c.high)); \
  }

HW_EMULATED_3(fmadd_ps, __m512, __m256, _mm256_fmadd_ps)
HW_EMULATED_3(fmadd_pd, __m512d, __m256d, _mm256_fmadd_pd)
HW_EMULATED_2(min_ps, __m512, __m256, _mm256_min_ps)
HW_EMULATED_2(min_pd, __m512d, __m256d, _mm256_min_pd)
HW_EMULATED_2(max_ps, __m512, __m256, _mm256_max_ps)
HW_EMULATED_2(max_pd, __m512d, __m256d, _mm256_max_pd)
HW_EMULATED_1(sqrt_ps, __m512, __m256, _mm256_sqrt_ps)
HW_EMULATED_1(sqrt_pd, __m512d, __m256d, _mm256_sqrt_pd)
HW_EMULATED_2(add_epi64, __m512i, __m256i, _mm256_add_epi64)
HW_EMULATED_2(mul_epu32, __m512i, __m256i, _mm256_mul_epu32)
HW_EMULATED_2(and_si512, __m512i, __m256i, _mm256_and_si256)
HW_EMULATED_2(or_si512, __m512i, __m256i, _mm256_or_si256)

template <class Element, class Register>
HW_EMULATED Register from_elements(const Element (&elements)[64 / sizeof(Element)]) {
  Register x;
  std::memcpy(&x, elements, 64);
  return x;
}

template <class Element, class Register>
HW_EMULATED void to_elements(Register x, Element (&elements)[64 / sizeof(Element)]) {
  std::memcpy(elements, &x, 64);
}

HW_EMULATED __m512i set1_epi64(long long x) { return join<__m512i>(_mm256_set1_epi64x(x), _mm256_set1_epi64x(x)); }
HW_EMULATED __m512i set_epi64(long long a, long long b, long long c, long long d, long long e, long long f, long long g,
                              long long h) {
  return join<__m512i>(_mm256_set_epi64x(e, f, g, h), _mm256_set_epi64x(a, b, c, d));
}
HW_EMULATED __m512i slli_epi64(__m512i x, int count) {
  auto a = split<__m256i>(x);
  return join<__m512i>(_mm256_slli_epi64(a.low, count), _mm256_slli_epi64(a.high, count));
}
HW_EMULATED __m512i srli_epi64(__m512i x, int count) {
  auto a = split<__m256i>(x);
  return join<__m512i>(_mm256_srli_epi64(a.low, count), _mm256_srli_epi64(a.high, count));
}
// Bit i of the result is bit (a_i b_i c_i) of `table`.
HW_EMULATED __m512i ternarylogic_epi64(__m512i x, __m512i y, __m512i z, int table) {
  uint64_t a[8], b[8], c[8], result[8] = {};
  to_elements(x, a);
  to_elements(y, b);
  to_elements(z, c);
  for (int i = 0; i < 8; ++i) {
    for (int row = 0; row < 8; ++row) {
      if (table >> row & 1) result[i] |= (row & 4 ? a[i] : ~a[i]) & (row & 2 ? b[i] : ~b[i]) & (row & 1 ? c[i] : ~c[i]);
    }
  }
  return from_elements<uint64_t, __m512i>(result);
}
HW_EMULATED __m512i permutex2var_epi64(__m512i x, __m512i places, __m512i y) {
  uint64_t a[8], b[8], index[8], result[8];
  to_elements(x, a);
  to_elements(y, b);
  to_elements(places, index);
  for (int i = 0; i < 8; ++i) result[i] = (index[i] & 8 ? b : a)[index[i] & 7];
  return from_elements<uint64_t, __m512i>(result);
}

template <class Element, class Register, class Bits>
HW_EMULATED Register maskz_loadu(Bits bits, const void* from) {
  Element elements[64 / sizeof(Element)] = {};
  for (size_t i = 0; i < 64 / sizeof(Element); ++i) {
    if (bits >> i & 1) std::memcpy(&elements[i], static_cast<const char*>(from) + i * sizeof(Element), sizeof(Element));
  }
  return from_elements<Element, Register>(elements);
}
HW_EMULATED __m512 maskz_loadu_ps(__mmask16 bits, const void* from) { return maskz_loadu<float, __m512>(bits, from); }
HW_EMULATED __m512d maskz_loadu_pd(__mmask8 bits, const void* from) { return maskz_loadu<double, __m512d>(bits, from); }
template <class Element, class Register, class Bits>
HW_EMULATED void mask_storeu(void* to, Bits bits, Register x) {
  Element elements[64 / sizeof(Element)];
  to_elements(x, elements);
  for (size_t i = 0; i < 64 / sizeof(Element); ++i) {
    if (bits >> i & 1) std::memcpy(static_cast<char*>(to) + i * sizeof(Element), &elements[i], sizeof(Element));
  }
}
HW_EMULATED void mask_storeu_ps(void* to, __mmask16 bits, __m512 x) { mask_storeu<float>(to, bits, x); }
HW_EMULATED void mask_storeu_pd(void* to, __mmask8 bits, __m512d x) { mask_storeu<double>(to, bits, x); }
HW_EMULATED void storeu_si512(void* to, __m512i x) { std::memcpy(to, &x, sizeof(x)); }
HW_EMULATED void stream_ps(float* to, __m512 x) {
  auto a = split<__m256>(x);
  _mm256_stream_ps(to, a.low);
  _mm256_stream_ps(to + 8, a.high);
}

template <class Element, class Register>
HW_EMULATED uint32_t sign_bits(Register x) {
  Element elements[64 / sizeof(Element)];
  to_elements(x, elements);
  uint32_t bits = 0;
  for (size_t i = 0; i < 64 / sizeof(Element); ++i) bits |= static_cast<uint32_t>(elements[i] < 0) << i;
  return bits;
}
HW_EMULATED __mmask16 movepi32_mask(__m512i x) { return static_cast<__mmask16>(sign_bits<int32_t>(x)); }
HW_EMULATED __mmask8 movepi64_mask(__m512i x) { return static_cast<__mmask8>(sign_bits<int64_t>(x)); }

HW_EMULATED __m256 castps512_ps256(__m512 x) { return split<__m256>(x).low; }
HW_EMULATED __m512 castps256_ps512(__m256 x) { return join<__m512>(x, _mm256_setzero_ps()); }
HW_EMULATED __m256 extractf32x8_ps(__m512 x, int half) {
  auto a = split<__m256>(x);
  return half ? a.high : a.low;
}
HW_EMULATED __m512 insertf32x8(__m512 x, __m256 y, int half) {
  auto a = split<__m256>(x);
  return half ? join<__m512>(a.low, y) : join<__m512>(y, a.high);
}
HW_EMULATED __m512i cvtepu8_epi32(__m128i x) {
  return join<__m512i>(_mm256_cvtepu8_epi32(x), _mm256_cvtepu8_epi32(_mm_unpackhi_epi64(x, x)));
}
HW_EMULATED __m512 cvtepi32_ps(__m512i x) {
  auto a = split<__m256i>(x);
  return join<__m512>(_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high));
}
HW_EMULATED __m512d cvtps_pd(__m256 x) {
  return join<__m512d>(_mm256_cvtps_pd(_mm256_castps256_ps128(x)), _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)));
}
HW_EMULATED __m256 cvtpd_ps(__m512d x) {
  auto a = split<__m256d>(x);
  return _mm256_set_m128(_mm256_cvtpd_ps(a.high), _mm256_cvtpd_ps(a.low));
}
HW_EMULATED __m512 cvtph_ps(__m256i x) {
  return join<__m512>(_mm256_cvtph_ps(_mm256_castsi256_si128(x)), _mm256_cvtph_ps(_mm256_extracti128_si256(x, 1)));
}
template <int kRounding>
HW_EMULATED __m256i cvtps_ph(__m512 x) {
  auto a = split<__m256>(x);
  return _mm256_set_m128i(_mm256_cvtps_ph(a.high, kRounding), _mm256_cvtps_ph(a.low, kRounding));
}
template <int kMode>
HW_EMULATED __m512 roundscale_ps(__m512 x) {
  auto a = split<__m256>(x);
  return join<__m512>(_mm256_round_ps(a.low, kMode), _mm256_round_ps(a.high, kMode));
}
template <int kMode>
HW_EMULATED __m512d roundscale_pd(__m512d x) {
  auto a = split<__m256d>(x);
  return join<__m512d>(_mm256_round_pd(a.low, kMode), _mm256_round_pd(a.high, kMode));
}
// As coarse as the instruction: the reciprocal with 14 bits behind the point.
HW_EMULATED __m512 rcp14_ps(__m512 x) {
  float values[16];
  uint32_t bits[16];
  to_elements(x, values);
  for (int i = 0; i < 16; ++i) values[i] = 1.0f / values[i];
  std::memcpy(bits, values, 64);
  for (uint32_t& word : bits) word &= ~0x1ffu;
  return from_elements<uint32_t, __m512>(bits);
}

}  // namespace headwater::emulated

#define _mm512_fmadd_ps ::headwater::emulated::fmadd_ps
#define _mm512_fmadd_pd ::headwater::emulated::fmadd_pd
#define _mm512_min_ps ::headwater::emulated::min_ps
#define _mm512_min_pd ::headwater::emulated::min_pd
#define _mm512_max_ps ::headwater::emulated::max_ps
#define _mm512_max_pd ::headwater::emulated::max_pd
#define _mm512_sqrt_ps ::headwater::emulated::sqrt_ps
#define _mm512_sqrt_pd ::headwater::emulated::sqrt_pd
#define _mm512_add_epi64 ::headwater::emulated::add_epi64
#define _mm512_mul_epu32 ::headwater::emulated::mul_epu32
#define _mm512_and_si512 ::headwater::emulated::and_si512
#define _mm512_or_si512 ::headwater::emulated::or_si512
#define _mm512_set1_epi64 ::headwater::emulated::set1_epi64
#define _mm512_set_epi64 ::headwater::emulated::set_epi64
#define _mm512_slli_epi64 ::headwater::emulated::slli_epi64
#define _mm512_srli_epi64 ::headwater::emulated::srli_epi64
#define _mm512_ternarylogic_epi64 ::headwater::emulated::ternarylogic_epi64
#define _mm512_permutex2var_epi64 ::headwater::emulated::permutex2var_epi64
#define _mm512_maskz_loadu_ps ::headwater::emulated::maskz_loadu_ps
#define _mm512_maskz_loadu_pd ::headwater::emulated::maskz_loadu_pd
#define _mm512_mask_storeu_ps ::headwater::emulated::mask_storeu_ps
#define _mm512_mask_storeu_pd ::headwater::emulated::mask_storeu_pd
#define _mm512_storeu_si512 ::headwater::emulated::storeu_si512
#define _mm512_stream_ps ::headwater::emulated::stream_ps
#define _mm512_movepi32_mask ::headwater::emulated::movepi32_mask
#define _mm512_movepi64_mask ::headwater::emulated::movepi64_mask
#define _mm512_castps512_ps256 ::headwater::emulated::castps512_ps256
#define _mm512_castps256_ps512 ::headwater::emulated::castps256_ps512
#undef _mm512_extractf32x8_ps
#define _mm512_extractf32x8_ps ::headwater::emulated::extractf32x8_ps
#undef _mm512_insertf32x8
#define _mm512_insertf32x8 ::headwater::emulated::insertf32x8
#define _mm512_cvtepu8_epi32 ::headwater::emulated::cvtepu8_epi32
#define _mm512_cvtepi32_ps ::headwater::emulated::cvtepi32_ps
#define _mm512_cvtps_pd ::headwater::emulated::cvtps_pd
#define _mm512_cvtpd_ps ::headwater::emulated::cvtpd_ps
#define _mm512_cvtph_ps ::headwater::emulated::cvtph_ps
#undef _mm512_cvtps_ph
#define _mm512_cvtps_ph(x, rounding) ::headwater::emulated::cvtps_ph<(rounding)>(x)
#undef _mm512_roundscale_ps
#define _mm512_roundscale_ps(x, mode) ::headwater::emulated::roundscale_ps<(mode)>(x)
#undef _mm512_roundscale_pd
#define _mm512_roundscale_pd(x, mode) ::headwater::emulated::roundscale_pd<(mode)>(x)
#define _mm512_rcp14_ps ::headwater::emulated::rcp14_ps
