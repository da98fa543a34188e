// Register tiles of the matrix product. Include only from isa_*.cc files.
#pragma once

#include <cstdint>
#include <cstring>

#if HW_ISA_LEVEL >= 1
#include <immintrin.h>
#endif

namespace headwater::HW_ISA::gemm {

#define HW_GEMM_INLINE static inline __attribute__((always_inline))

static constexpr int kBytes = HW_ISA_LEVEL == 2 ? 64 : HW_ISA_LEVEL == 1 ? 32 : 16;

template <class T>
struct VectorType {
  typedef T type __attribute__((vector_size(kBytes)));
};
template <class T>
using Vec = typename VectorType<T>::type;
template <class T>
static constexpr int kWidth = kBytes / static_cast<int>(sizeof(T));

template <class T>
HW_GEMM_INLINE Vec<T> load(const T* from) {
  Vec<T> value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}
template <class T>
HW_GEMM_INLINE void store(T* to, Vec<T> value) {
  std::memcpy(to, &value, sizeof(value));
}
template <class T>
HW_GEMM_INLINE Vec<T> splat(T value) {
  return value - Vec<T>{};
}

// The first `count` lanes of a vector in memory: the others are neither read nor written, and read as zero.
#if HW_ISA_LEVEL == 2
HW_GEMM_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm512_fmadd_ps(a, b, c); }
HW_GEMM_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm512_fmadd_pd(a, b, c); }
template <class T>
struct Mask;
template <>
struct Mask<float> {
  __mmask16 bits;
  explicit Mask(int count) : bits(static_cast<__mmask16>((1u << count) - 1)) {}
  Vec<float> load(const float* from) const { return _mm512_maskz_loadu_ps(bits, from); }
  void store(float* to, Vec<float> value) const { _mm512_mask_storeu_ps(to, bits, value); }
};
template <>
struct Mask<double> {
  __mmask8 bits;
  explicit Mask(int count) : bits(static_cast<__mmask8>((1u << count) - 1)) {}
  Vec<double> load(const double* from) const { return _mm512_maskz_loadu_pd(bits, from); }
  void store(double* to, Vec<double> value) const { _mm512_mask_storeu_pd(to, bits, value); }
};
#elif HW_ISA_LEVEL == 1
HW_GEMM_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm256_fmadd_ps(a, b, c); }
HW_GEMM_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm256_fmadd_pd(a, b, c); }
template <class T>
struct Mask;
template <>
struct Mask<float> {
  __m256i bits;
  explicit Mask(int count)
      : bits(_mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))) {}
  Vec<float> load(const float* from) const { return _mm256_maskload_ps(from, bits); }
  void store(float* to, Vec<float> value) const { _mm256_maskstore_ps(to, bits, value); }
};
template <>
struct Mask<double> {
  __m256i bits;
  explicit Mask(int count) : bits(_mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3))) {}
  Vec<double> load(const double* from) const { return _mm256_maskload_pd(from, bits); }
  void store(double* to, Vec<double> value) const { _mm256_maskstore_pd(to, bits, value); }
};
#else
template <class V>
HW_GEMM_INLINE V fma(V a, V b, V c) {
  return a * b + c;
}
template <class T>
struct Mask {
  int count;
  explicit Mask(int lanes) : count(lanes) {}
  Vec<T> load(const T* from) const {
    Vec<T> value{};
    for (int i = 0; i < kWidth<T>; ++i)
      if (i < count) value[i] = from[i];
    return value;
  }
  void store(T* to, Vec<T> value) const {
    for (int i = 0; i < kWidth<T>; ++i)
      if (i < count) to[i] = value[i];
  }
};
#endif

// sums += a b over `depth`; with kMasked only the lanes of `mask` are read of the last vector of each line.
template <class T, int kRows, int kVectors, bool kMasked>
HW_GEMM_INLINE void accumulate_lines(int64_t depth, const T*& a, int64_t a_row, int64_t a_column, const T*& b,
                                     int64_t b_row, const Mask<T>& mask, Vec<T> (&sums)[kRows][kVectors]) {
  constexpr int width = kWidth<T>;
#pragma GCC unroll 1
  for (int64_t p = 0; p < depth; ++p) {
    Vec<T> line[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      line[v] = kMasked && v == kVectors - 1 ? mask.load(b + v * width) : load(b + v * width);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      Vec<T> factor = splat(a[i * a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[i][v] = fma(factor, line[v], sums[i][v]);
    }
    a += a_column;
    b += b_row;
  }
}

// What is left over at the right edge: the last vector of a line has `lanes` columns (0: all), and the first
// `whole_lines` lines of b may be read to the end of the vector all the same, for memory of b follows.
struct Edge {
  int lanes;
  int64_t whole_lines;
};

// c (kRows, kVectors vectors) (+)= a b over `depth`. a: element (i, p) at a[i * a_row + p * a_column]; b, c: lines of
// b_row, c_row.
template <class T, int kRows, int kVectors, bool kMasked>
HW_GEMM_INLINE void tile(int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, T* c,
                         int64_t c_row, bool accumulate, Edge edge) {
  constexpr int width = kWidth<T>;
  const Mask<T> mask(kMasked ? edge.lanes : 0);
  Vec<T> sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[i][v] = Vec<T>{};
  int64_t whole = !kMasked || depth < edge.whole_lines ? depth : edge.whole_lines;
  accumulate_lines<T, kRows, kVectors, false>(whole, a, a_row, a_column, b, b_row, mask, sums);
  if constexpr (kMasked)
    accumulate_lines<T, kRows, kVectors, true>(depth - whole, a, a_row, a_column, b, b_row, mask, sums);
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      T* target = c + i * c_row + v * width;
      if (kMasked && v == kVectors - 1) {
        mask.store(target, accumulate ? mask.load(target) + sums[i][v] : sums[i][v]);
      } else {
        store(target, accumulate ? load(target) + sums[i][v] : sums[i][v]);
      }
    }
  }
}

}  // namespace headwater::HW_ISA::gemm
