// What the gradient of a kernel walks over: the windows of each block, their input in x itself or, where windows reach
// over its edges, in a padded copy that fits the second-level cache.
#pragma once

#include <vector>

#include "sliding.h"
#include "window_axes.h"

namespace headwater {

class WindowBlocks {
 public:
  using Block = BlockSizes::Block;

  // item: bytes of an element; work: multiply-adds in all. by_tap: only tap_lines will be asked for, so nothing is
  // copied.
  WindowBlocks(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out, int64_t item, double work,
               bool by_tap);

  int64_t count() const { return sizes_.count; }
  Block block(int64_t index) const { return sizes_.block(index, in_.batch, axes_); }
  // Whether no window reaches over an edge.
  bool is_inside() const;

  // The block's windows begin at the result; x is copied to the workspace of the thread if need be.
  const char* prepare(const Block& block, const void* x) const;
  // Where the block begins in the output.
  int64_t y_begin(const Block& block) const;
  PixelLines lines(const Block& block) const;
  // Of each tap, from the begin of its window.
  const std::vector<int64_t>& tap_offsets() const { return tap_offsets_; }

  // The windows of a block of which a tap lies in the image, as far as these have begins in x and in the output.
  struct TapLines {
    PixelLines lines;
    int64_t x_begin, y_begin;
  };
  TapLines tap_lines(const Block& block, int64_t tap) const;

 private:
  void copy_padded(const Block& block, const char* x, char* to) const;

  WindowAxes axes_;
  ImageSizes in_, out_;
  BlockSizes sizes_;
  int64_t item_;
  bool direct_;
  std::array<int64_t, 3> padded_{};  // sizes of the padded copy of an image's part
  int64_t row_, plane_, image_;      // strides of what prepare returns
  std::vector<int64_t> tap_offsets_;
};

}  // namespace headwater
