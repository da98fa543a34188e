// Windows that slide over images, as the convolution kernels see them, and the functions that each instruction set
// offers.
//
// Everything is addressed by offsets, in elements: a window begins at `x + x_offsets[pixel]`, and its elements lie at
// the offsets of its taps from there. So images of one to three axes, strides, dilation, padding (in a padded copy),
// several images at once and the transposed convolutions of strided ones look the same.
#pragma once

#include <cstdint>

#include "../dtype.h"
#include "../isa.h"

namespace headwater {

// So many elements of a window that are contiguous in x; `depth` of their first is its line of the packed kernel.
struct TapRun {
  int64_t offset, length, depth;
};

// Runs whose part of a panel of the kernel stays in the first-level cache: sums go to memory in between.
struct DepthBlock {
  int64_t first, count;  // runs
};

// y[pixel] (columns) = sum over the window of x, times a packed kernel.
struct SlidingProduct {
  const void* x;
  const int64_t* x_offsets;
  void* y;
  const int64_t* y_offsets;
  int64_t pixels;
  const TapRun* runs;
  const DepthBlock* blocks;
  int64_t num_blocks;
  const void* packed;  // panels of `panel` columns, each depth x panel, zero-padded
  int64_t depth, columns;
};

// y[pixel][c] = sum over taps of x[pixel + tap][c] * kernel[tap][c].
struct SlidingScale {
  const void* x;
  const int64_t* x_offsets;
  void* y;
  const int64_t* y_offsets;
  int64_t pixels;
  const int64_t* taps;          // offsets in x
  const int64_t* kernel_lines;  // offsets in the kernel
  int64_t num_taps;
  const void* kernel;
  int64_t channels;
};

// Pixels of g and the windows they belong to: groups of lines of pixels, apart by so many elements.
struct PixelLines {
  int64_t groups, lines, length;
  int64_t x_group, x_line, x_step;
  int64_t g_group, g_line, g_step;

  int64_t count() const { return groups * lines * length; }
};

// The same pixels with lines that follow one another evenly made one.
inline PixelLines merged(PixelLines pixels) {
  if (pixels.length == 1) {
    pixels.x_step = pixels.x_line;
    pixels.g_step = pixels.g_line;
  } else if (pixels.x_line != pixels.length * pixels.x_step || pixels.g_line != pixels.length * pixels.g_step) {
    return pixels;
  }
  pixels.length *= pixels.lines;
  pixels.lines = 1;
  return pixels;
}

// result[row] (columns) (+)= sum over pixels of x[pixel + rows[row]] * g[pixel] (columns).
struct SlidingGradient {
  const void* x;
  const void* g;
  PixelLines pixels;
  const int64_t* rows;          // offsets in x
  const int64_t* result_lines;  // offsets in the result
  int64_t num_rows, columns;
  void* result;
  bool accumulate;
};

struct ConvFunctions {
  int64_t panel;  // columns of a panel
  // Packs lines of the kernel: line p, column j of a panel is from[p * line + j * column].
  void (*pack)(const void* from, int64_t line, int64_t column, int64_t lines, int64_t columns, void* to);
  void (*product)(const SlidingProduct& job);
  void (*scale)(const SlidingScale& job);
  void (*gradient)(const SlidingGradient& job);
  // result[tap][c] (+)= sum over pixels of x[pixel + tap][c] * g[pixel][c]; `columns` are channels, `rows` are taps.
  void (*scale_gradient)(const SlidingGradient& job);
  // to[i] = sum over parts of from[part * stride + i], in order.
  void (*add_up)(const void* from, int64_t parts, int64_t stride, int64_t count, void* to);
};

}  // namespace headwater

// For float32 or float64.
HW_DECLARE_ISAS(const ConvFunctions& conv_functions(DType dtype))
