// How the windows of a convolution are cut into blocks that threads share out, and where a block's input lies: in x
// itself, or, where windows reach over its edges, in a padded copy that fits the second-level cache.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "conv_shape.h"
#include "sliding.h"

namespace headwater {

// Windows along one axis: window i begins at begin + i * step (which may lie outside), and has its taps from there on.
// Its result is element out_begin + i * out_step of the output.
struct WindowAxis {
  int64_t begin = 0, step = 1, count = 1, out_begin = 0, out_step = 1;
  int64_t window = 1;               // size of the kernel
  std::vector<int64_t> taps{0};     // offsets, 0 or more
  std::vector<int64_t> indices{0};  // which element of the kernel each is

  int64_t reach() const;  // of a window
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

class WindowBlocks {
 public:
  struct Block {
    int64_t image, images, plane, row, rows;  // rows counts those of one image and plane, or all of an image
    int64_t pixels;
  };

  // item: bytes of an element.
  WindowBlocks(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out, int64_t item);

  int64_t count() const { return count_; }
  Block block(int64_t index) const;
  // The block's windows begin at the result plus x_offsets; x is copied to the workspace of the thread if need be.
  const char* prepare(const Block& block, const void* x) const;
  // y_offsets count from here.
  int64_t y_begin(const Block& block) const;
  // The rows (pixels) of the output that a block makes, if the output has no gaps.
  int64_t first_pixel(const Block& block) const;

  const int64_t* x_offsets() const { return x_offsets_.data(); }
  const int64_t* y_offsets() const { return y_offsets_.data(); }
  const std::vector<int64_t>& tap_offsets() const { return tap_offsets_; }
  const std::vector<int64_t>& tap_indices() const { return tap_indices_; }  // elements of the kernel, counted through
  // For the gradient of the kernel: the pixels of a block, g being the output.
  PixelLines lines(const Block& block) const;

 private:
  void copy_padded(const Block& block, const char* x, char* to) const;

  WindowAxes axes_;
  ImageSizes in_, out_;
  int64_t item_;
  bool direct_ = true;
  bool whole_ = true;              // blocks are of whole images
  int64_t images_ = 1, rows_ = 1;  // of a block
  int64_t blocks_of_rows_ = 1;     // in a plane
  int64_t count_ = 0;
  int64_t row_ = 0, plane_ = 0, image_ = 0;  // strides of the block's input
  std::array<int64_t, 3> padded_{};          // sizes of the padded copy of an image's part
  std::vector<int64_t> x_offsets_, y_offsets_, tap_offsets_, tap_indices_;
};

}  // namespace headwater
