#include "philox.h"

#if HW_ISA_LEVEL >= 1
#include <immintrin.h>
#endif

namespace headwater::HW_ISA {

static constexpr uint32_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
static constexpr uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
static constexpr int kRounds = 10;

static void one_block(const uint32_t* key, uint64_t block, uint32_t* out) {
  uint32_t x0 = static_cast<uint32_t>(block), x1 = static_cast<uint32_t>(block >> 32), x2 = key[2], x3 = key[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < kRounds; ++round, k0 += kWeyl0, k1 += kWeyl1) {
    uint64_t p0 = uint64_t{kMultiplier0} * x0, p1 = uint64_t{kMultiplier1} * x2;
    uint32_t y0 = static_cast<uint32_t>(p1 >> 32) ^ x1 ^ k0, y2 = static_cast<uint32_t>(p0 >> 32) ^ x3 ^ k1;
    x1 = static_cast<uint32_t>(p1);
    x3 = static_cast<uint32_t>(p0);
    x0 = y0;
    x2 = y2;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

// A vector holds one 32-bit word of a block in each 64-bit lane, the form in which the hardware multiplies 32 by 32
// bits.
#if HW_ISA_LEVEL == 2
static constexpr int kLanes = 8;
using Vector = __m512i;
static inline Vector broadcast(uint32_t word) { return _mm512_set1_epi64(word); }
static inline Vector count_from(uint64_t first) {
  return _mm512_add_epi64(_mm512_set1_epi64(static_cast<long long>(first)), _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
}
static inline Vector multiply(Vector a, Vector b) { return _mm512_mul_epu32(a, b); }
static inline Vector high(Vector a) { return _mm512_srli_epi64(a, 32); }
static inline Vector low(Vector a) { return _mm512_and_si512(a, _mm512_set1_epi64(0xffffffff)); }
static inline Vector exclusive_or(Vector a, Vector b, Vector c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
static inline void store_blocks(uint32_t* out, Vector x0, Vector x1, Vector x2, Vector x3) {
  Vector a = _mm512_or_si512(low(x0), _mm512_slli_epi64(x1, 32)),
         b = _mm512_or_si512(low(x2), _mm512_slli_epi64(x3, 32));
  Vector first = _mm512_permutex2var_epi64(a, _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0), b);
  Vector second = _mm512_permutex2var_epi64(a, _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4), b);
  _mm512_storeu_si512(out, first);
  _mm512_storeu_si512(out + 16, second);
}
#elif HW_ISA_LEVEL == 1
static constexpr int kLanes = 4;
using Vector = __m256i;
static inline Vector broadcast(uint32_t word) { return _mm256_set1_epi64x(word); }
static inline Vector count_from(uint64_t first) {
  return _mm256_add_epi64(_mm256_set1_epi64x(static_cast<long long>(first)), _mm256_set_epi64x(3, 2, 1, 0));
}
static inline Vector multiply(Vector a, Vector b) { return _mm256_mul_epu32(a, b); }
static inline Vector high(Vector a) { return _mm256_srli_epi64(a, 32); }
static inline Vector low(Vector a) { return _mm256_and_si256(a, _mm256_set1_epi64x(0xffffffff)); }
static inline Vector exclusive_or(Vector a, Vector b, Vector c) { return _mm256_xor_si256(_mm256_xor_si256(a, b), c); }
static inline void store_blocks(uint32_t* out, Vector x0, Vector x1, Vector x2, Vector x3) {
  Vector a = _mm256_or_si256(low(x0), _mm256_slli_epi64(x1, 32)),
         b = _mm256_or_si256(low(x2), _mm256_slli_epi64(x3, 32));
  Vector even = _mm256_unpacklo_epi64(a, b), odd = _mm256_unpackhi_epi64(a, b);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permute2x128_si256(even, odd, 0x20));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 8), _mm256_permute2x128_si256(even, odd, 0x31));
}
#endif

#if HW_ISA_LEVEL >= 1
// Two groups of blocks at a time hide the latency of the multiplications. The upper half of a lane may hold rubbish
// between rounds: only the low half is multiplied or stored.
static void lane_blocks(const uint32_t* key, uint64_t block, uint32_t* out) {
  constexpr int kGroups = 2;
  Vector x0[kGroups], x1[kGroups], x2[kGroups], x3[kGroups];
  for (int g = 0; g < kGroups; ++g) {
    Vector counter = count_from(block + static_cast<uint64_t>(g) * kLanes);
    x0[g] = counter;
    x1[g] = high(counter);
    x2[g] = broadcast(key[2]);
    x3[g] = broadcast(key[3]);
  }
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < kRounds; ++round, k0 += kWeyl0, k1 += kWeyl1) {
    for (int g = 0; g < kGroups; ++g) {
      Vector p0 = multiply(x0[g], broadcast(kMultiplier0)), p1 = multiply(x2[g], broadcast(kMultiplier1));
      x0[g] = exclusive_or(high(p1), x1[g], broadcast(k0));
      x2[g] = exclusive_or(high(p0), x3[g], broadcast(k1));
      x1[g] = p1;
      x3[g] = p0;
    }
  }
  for (int g = 0; g < kGroups; ++g) store_blocks(out + g * 4 * kLanes, x0[g], x1[g], x2[g], x3[g]);
}
#endif

void philox_blocks(const uint32_t* key, uint64_t first, int64_t count, uint32_t* out) {
  int64_t block = 0;
#if HW_ISA_LEVEL >= 1
  for (; block + 2 * kLanes <= count; block += 2 * kLanes)
    lane_blocks(key, first + static_cast<uint64_t>(block), out + 4 * block);
#endif
  for (; block < count; ++block) one_block(key, first + static_cast<uint64_t>(block), out + 4 * block);
}

}  // namespace headwater::HW_ISA
