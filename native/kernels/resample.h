// Rows of resampled images; see resample.cc.
#pragma once

#include <cstdint>

#include "../isa.h"

namespace headwater {

// Along an axis, entry j of the result is the sum over t < terms of weights[j * terms + t] * x[starts[j] + t].
struct Band {
  const int64_t* starts;
  const float* weights;
  int64_t terms;
};

// The types of what is made for each instruction set:
// mix_rows_*: y[i] = sum over t < terms of weights[t] * x[t * stride + i], for i < n.
// mix_pixels: y[j, c] = sum over t of weights[j, t] * x[starts[j] + t, c]; reads up to 3 floats past the end of x.
using MixRowsU8 = void(const uint8_t* x, int64_t stride, const float* weights, int64_t terms, int64_t n, float* y);
using MixRowsF32 = void(const float* x, int64_t stride, const float* weights, int64_t terms, int64_t n, float* y);
using MixPixels = void(const float* x, const Band& band, int64_t count, int64_t channels, float* y);

}  // namespace headwater

HW_DECLARE_ISAS(MixRowsU8 mix_rows_u8; MixRowsF32 mix_rows_f32; MixPixels mix_pixels)
