#include <cstring>

#include "resample.h"

namespace headwater::HW_ISA {

// Two rows at a time: most images are mixed of two, and longer sums pass over y half as often.
template <class T>
static void mix_rows(const T* x, int64_t stride, const float* weights, int64_t terms, int64_t n, float* y) {
  if (terms == 1) {
    float a = weights[0];
    for (int64_t i = 0; i < n; ++i) y[i] = a * static_cast<float>(x[i]);
    return;
  }
  const T* first = x;
  const T* second = x + stride;
  float a = weights[0], b = weights[1];
  for (int64_t i = 0; i < n; ++i) y[i] = a * static_cast<float>(first[i]) + b * static_cast<float>(second[i]);
  for (int64_t t = 2; t + 1 < terms; t += 2) {
    first = x + t * stride;
    second = first + stride;
    a = weights[t];
    b = weights[t + 1];
    for (int64_t i = 0; i < n; ++i)
      y[i] = y[i] + (a * static_cast<float>(first[i]) + b * static_cast<float>(second[i]));
  }
  if (terms % 2 == 1) {
    first = x + (terms - 1) * stride;
    a = weights[terms - 1];
    for (int64_t i = 0; i < n; ++i) y[i] = y[i] + a * static_cast<float>(first[i]);
  }
}

void mix_rows_u8(const uint8_t* x, int64_t stride, const float* weights, int64_t terms, int64_t n, float* y) {
  mix_rows(x, stride, weights, terms, n, y);
}
void mix_rows_f32(const float* x, int64_t stride, const float* weights, int64_t terms, int64_t n, float* y) {
  mix_rows(x, stride, weights, terms, n, y);
}

typedef float Pixel __attribute__((vector_size(16)));

static inline Pixel load(const float* p) {
  Pixel pixel;
  std::memcpy(&pixel, p, sizeof pixel);
  return pixel;
}

static inline Pixel mixed(const float* x, const float* weights, int64_t terms, int64_t channels) {
  Pixel sum = weights[0] * load(x);
  for (int64_t t = 1; t < terms; ++t) sum = sum + weights[t] * load(x + t * channels);
  return sum;
}

// Pixels of three or four floats, four at a time: what a pixel of three writes too much, the next one overwrites.
static void mix_wide(const float* x, const Band& band, int64_t count, int64_t channels, float* y) {
  for (int64_t j = 0; j < count; ++j) {
    Pixel pixel = mixed(x + band.starts[j] * channels, band.weights + j * band.terms, band.terms, channels);
    bool last = j + 1 == count;
    std::memcpy(y + j * channels, &pixel, last ? static_cast<size_t>(channels) * sizeof(float) : sizeof pixel);
  }
}

void mix_pixels(const float* x, const Band& band, int64_t count, int64_t channels, float* y) {
  if (channels == 3 || channels == 4) return mix_wide(x, band, count, channels, y);
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
