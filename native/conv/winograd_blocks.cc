#include "winograd_blocks.h"

#include <algorithm>

namespace headwater {
namespace {

constexpr int64_t kBlockItems = 40 << 10;  // floats of V of a block: they stay in the second-level cache
constexpr int64_t kLeastBlocks = 16;
constexpr int64_t kLeastPixels = 512;  // results that pay for the transformation of the kernel
constexpr int64_t kLeastChannels = 8, kLeastFilters = 16, kLeastSize = 4;

bool is_row_of_taps(const WindowAxis& axis, size_t size) {
  if (axis.step != 1 || axis.out_step != 1 || axis.taps.size() != size) return false;
  for (size_t i = 0; i < size; ++i)
    if (axis.taps[i] != static_cast<int64_t>(i)) return false;
  return true;
}

}  // namespace

bool WinogradBlocks::serves(DType dtype, const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out,
                            int64_t groups) {
  const WindowAxis &depth = axes[0], &height = axes[1], &width = axes[2];
  return dtype == DType::kFloat32 && groups == 1 && is_row_of_taps(depth, 1) && depth.begin == 0 &&
         depth.count == in.sizes[0] && is_row_of_taps(height, height.taps.size()) && height.taps.size() <= 5 &&
         is_row_of_taps(width, kWinogradTaps) && in.channels >= kLeastChannels && out.channels >= kLeastFilters &&
         height.count >= kLeastSize && width.count >= kLeastSize &&
         out.batch * depth.count * height.count * width.count >= kLeastPixels;
}

WinogradBlocks::WinogradBlocks(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out)
    : in_(in),
      out_(out),
      first_row_(axes[1].begin),
      first_column_(axes[2].begin),
      taps_(static_cast<int64_t>(axes[1].taps.size())) {
  // Planes are images of their own.
  in_.batch *= in_.sizes[0];
  out_.batch *= out_.sizes[0];
  in_.sizes[0] = out_.sizes[0] = 1;
  int64_t all_rows = out_.sizes[1], all_tiles = divide_up(out_.sizes[2], kWinogradResults);
  auto fits = [&](int64_t images, int64_t rows, int64_t tiles) {
    return images * tiles * (rows + taps_ - 1) * kWinogradPoints * in_.channels <= kBlockItems;
  };
  rows_ = std::min(all_rows, kWinogradRows);
  tiles_ = all_tiles;
  while (rows_ > 16 && !fits(1, rows_, tiles_)) rows_ = divide_up(rows_, 2);
  while (tiles_ > 1 && !fits(1, rows_, tiles_)) tiles_ = divide_up(tiles_, 2);
  while (rows_ > kLeastSize && !fits(1, rows_, tiles_)) rows_ = divide_up(rows_, 2);
  rows_ = divide_up(all_rows, divide_up(all_rows, rows_));
  row_blocks_ = divide_up(all_rows, rows_);
  tile_blocks_ = divide_up(all_tiles, tiles_);
  images_ = 1;
  while (row_blocks_ == 1 && tile_blocks_ == 1 && out_.batch / (images_ + 1) >= kLeastBlocks &&
         fits(images_ + 1, rows_, tiles_))
    ++images_;
  images_blocks_ = divide_up(out_.batch, images_);
  most_lines_ = images_ * tiles_ * (rows_ + taps_ - 1);
}

WinogradBlocks::Place WinogradBlocks::place(int64_t index) const {
  return {index / tile_blocks_ / row_blocks_ * images_, index / tile_blocks_ % row_blocks_ * rows_,
          index % tile_blocks_ * tiles_};
}

WinogradBlock WinogradBlocks::block(int64_t index, const float* x) const {
  auto [image, row, tile] = place(index);
  int64_t column = tile * kWinogradResults, rows = std::min(rows_, out_.sizes[1] - row);
  int64_t columns = std::min(tiles_ * kWinogradResults, out_.sizes[2] - column);
  return {std::min(images_, out_.batch - image),
          rows,
          divide_up(columns, kWinogradResults),
          rows + taps_ - 1,
          x + image * in_.image(),
          in_.image(),
          in_.row(),
          in_.channels,
          in_.sizes[1],
          in_.sizes[2],
          first_row_ + row,
          first_column_ + column,
          out_.image(),
          out_.row(),
          out_.channels,
          columns};
}

int64_t WinogradBlocks::y_begin(int64_t index) const {
  auto [image, row, tile] = place(index);
  return image * out_.image() + row * out_.row() + tile * kWinogradResults * out_.channels;
}

}  // namespace headwater
