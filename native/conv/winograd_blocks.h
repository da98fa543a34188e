// Where minimal filtering (winograd.h) serves, and how its windows are shared out in blocks.
#pragma once

#include "window_axes.h"
#include "winograd.h"

namespace headwater {

class WinogradBlocks {
 public:
  // Windows over images `in` that make images `out`, with `axes` as `serves` takes them.
  WinogradBlocks(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out);

  // Whether windows of these sizes gain by it: three columns next to one another, one step apart.
  static bool serves(DType dtype, const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out, int64_t groups);

  int64_t count() const { return images_blocks_ * row_blocks_ * tile_blocks_; }
  // Whether blocks have whole rows of the output.
  bool has_whole_rows() const { return tile_blocks_ == 1; }
  // Floats of V and of W for a block.
  int64_t v_items() const { return most_lines_ * kWinogradPoints * in_.channels; }
  int64_t w_items() const { return most_lines_ * kWinogradPoints * out_.channels; }
  int64_t most_lines() const { return most_lines_; }
  int64_t depth() const { return taps_ * in_.channels; }

  WinogradBlock block(int64_t index, const float* x) const;
  // The first element of the output that a block makes, and how many pixels.
  int64_t y_begin(int64_t index) const;
  int64_t pixels(const WinogradBlock& block) const { return block.images * block.rows * out_.sizes[2]; }

 private:
  struct Place {
    int64_t image, row, tile;
  };
  Place place(int64_t index) const;

  ImageSizes in_, out_;
  int64_t first_row_, first_column_, taps_;
  int64_t images_, rows_, tiles_;  // of a block
  int64_t images_blocks_, row_blocks_, tile_blocks_, most_lines_;
};

}  // namespace headwater
