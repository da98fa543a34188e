// Where windows begin along each axis and what of the kernel they hold, for convolutions and for transposed ones.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "conv_shape.h"

namespace headwater {

// Windows along one axis: window i begins at begin + i * step (which may lie outside), and has its taps from there on.
// Its result is element out_begin + i * out_step of the output.
struct WindowAxis {
  int64_t begin = 0, step = 1, count = 1, out_begin = 0, out_step = 1;
  int64_t window = 1;               // size of the kernel
  std::vector<int64_t> taps{0};     // offsets, 0 or more, ascending
  std::vector<int64_t> indices{0};  // which element of the kernel each is

  int64_t reach() const { return taps.back() + 1; }  // of a window
};

using WindowAxes = std::array<WindowAxis, 3>;

// The windows of a convolution along each axis.
WindowAxes forward_axes(const ConvShape& s);
// The windows over y that make x: for strides above 1 one set for each phase (remainder of the position by the stride)
// that has taps; the elements of a phase without taps are zero.
std::vector<WindowAxes> transposed_axes(const ConvShape& s);

// Images of three axes, the last being channels, contiguous.
struct ImageSizes {
  int64_t batch;
  std::array<int64_t, 3> sizes;
  int64_t channels;

  int64_t row() const { return sizes[2] * channels; }
  int64_t plane() const { return sizes[1] * row(); }
  int64_t image() const { return sizes[0] * plane(); }
};

inline int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Taps [begin, end) of the window lie in an axis of `size`.
struct TapRange {
  int64_t begin, end;
  friend bool operator==(const TapRange&, const TapRange&) = default;
  friend auto operator<=>(const TapRange&, const TapRange&) = default;
};
TapRange taps_inside(const WindowAxis& axis, int64_t window, int64_t size);

// How windows are shared out in blocks: several images, or one, or rows of a plane of one. A block's part of the input
// and of the output fit the second-level cache.
struct BlockSizes {
  bool whole;              // whole images
  int64_t images, rows;    // of a block
  int64_t blocks_of_rows;  // in a plane
  int64_t count;           // of blocks

  struct Block {
    int64_t image, images, plane, row, rows;
  };
  Block block(int64_t index, int64_t batch, const WindowAxes& axes) const;
};
// work: multiply-adds in all; where it is worth several threads and images are few, these are cut.
BlockSizes choose_blocks(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out, int64_t item,
                         double work);

}  // namespace headwater
