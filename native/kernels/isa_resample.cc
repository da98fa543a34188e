#include <cstring>

#include "../elementwise/simd.h"
#include "resample.h"

namespace headwater::HW_ISA {

// Floats of consecutive entries, as many as a vector holds.
static HW_INLINE F32 floats_at(const float* x) { return load<F32>(x); }
static HW_INLINE F32 floats_at(const uint8_t* x) {
#if HW_ISA_LEVEL == 2
  return (F32)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(load<__m128i>(x)));
#elif HW_ISA_LEVEL == 1
  return (F32)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(x))));
#else
  F32 result;
  for (int i = 0; i < kLanes<float>; ++i) result[i] = static_cast<float>(x[i]);
  return result;
#endif
}

// y[i] = mix(floats, i) for the `n` entries of a row, where floats(p + i) are those from there on: as many as a vector
// holds, and single ones at the end.
template <class Mix>
static HW_INLINE void along_row(int64_t n, Mix&& mix, float* y) {
  int64_t i = 0;
  for (; i + kLanes<float> <= n; i += kLanes<float>)
    store(y + i, mix([](const auto* p) HW_LAMBDA { return floats_at(p); }, i));
  for (; i < n; ++i) y[i] = mix([](const auto* p) HW_LAMBDA { return static_cast<float>(*p); }, i);
}

// Two rows at a time: most images are mixed of two, and longer sums pass over y half as often.
template <class T>
static void mix_rows(const T* x, int64_t stride, const float* weights, int64_t terms, int64_t n, float* y) {
  const T *first = x, *second = x + stride;
  float a = weights[0], b = terms > 1 ? weights[1] : 0;
  if (terms == 1)
    along_row(n, [=](auto floats, int64_t i) HW_LAMBDA { return a * floats(first + i); }, y);
  else
    along_row(n, [=](auto floats, int64_t i) HW_LAMBDA { return a * floats(first + i) + b * floats(second + i); }, y);
  for (int64_t t = 2; t < terms; t += 2) {
    first = x + t * stride;
    second = first + stride;
    a = weights[t];
    if (t + 1 == terms) {
      auto mix = [=](auto floats, int64_t i) HW_LAMBDA { return floats(y + i) + a * floats(first + i); };
      return along_row(n, mix, y);
    }
    b = weights[t + 1];
    auto mix = [=](auto floats, int64_t i)
                   HW_LAMBDA { return floats(y + i) + (a * floats(first + i) + b * floats(second + i)); };
    along_row(n, mix, y);
  }
}

void mix_rows_u8(const uint8_t* x, int64_t stride, const float* weights, int64_t terms, int64_t n, float* y) {
  mix_rows(x, stride, weights, terms, n, y);
}
void mix_rows_f32(const float* x, int64_t stride, const float* weights, int64_t terms, int64_t n, float* y) {
  mix_rows(x, stride, weights, terms, n, y);
}

typedef float Pixel __attribute__((vector_size(16)));

// Pixels of three or four floats, four at a time: what a pixel of three writes too much, the next one overwrites.
// `Terms` is how many pixels each is mixed of, or 0 where that is not known beforehand.
template <int64_t Terms>
static void mix_wide(const float* x, const Band& band, int64_t count, int64_t channels, float* __restrict y) {
  const int64_t terms = Terms ? Terms : band.terms;
  const int64_t* starts = band.starts;
  const float* all_weights = band.weights;
  auto mixed = [=](int64_t j) {
    const float* from = x + starts[j] * channels;
    const float* weights = all_weights + j * terms;
    Pixel sum = weights[0] * load<Pixel>(from);
    for (int64_t t = 1; t < terms; ++t) sum = sum + weights[t] * load<Pixel>(from + t * channels);
    return sum;
  };
  for (int64_t j = 0; j + 1 < count; ++j) {
    Pixel pixel = mixed(j);
    std::memcpy(y + j * channels, &pixel, sizeof pixel);
  }
  Pixel pixel = mixed(count - 1);
  std::memcpy(y + (count - 1) * channels, &pixel, static_cast<size_t>(channels) * sizeof(float));
}

void mix_pixels(const float* x, const Band& band, int64_t count, int64_t channels, float* y) {
  if (channels == 3 || channels == 4)
    return band.terms == 2 ? mix_wide<2>(x, band, count, channels, y) : mix_wide<0>(x, band, count, channels, y);
  if (channels == 1) {
    for (int64_t j = 0; j < count; ++j) {
      const float* weights = band.weights + j * band.terms;
      const float* from = x + band.starts[j];
      float sum = weights[0] * from[0];
      for (int64_t t = 1; t < band.terms; ++t) sum = sum + weights[t] * from[t];
      y[j] = sum;
    }
    return;
  }
  for (int64_t j = 0; j < count; ++j)
    mix_rows(x + band.starts[j] * channels, channels, band.weights + j * band.terms, band.terms, channels,
             y + j * channels);
}

}  // namespace headwater::HW_ISA
