#include "window_axes.h"

#include <algorithm>

namespace headwater {
namespace {

constexpr int64_t kInputBytes = 160 << 10;  // of a block: they stay in the second-level cache
constexpr int64_t kOutputBytes = 160 << 10;
constexpr int64_t kFewPixels = 192;  // small images are taken together to so many pixels
constexpr int64_t kLeastBlocks = 16;
constexpr double kWorkOfBlock = 150e3;  // multiply-adds below which cutting an image does not pay

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

// Sorted by offset, and counted from the first.
void set_taps(WindowAxis& axis, std::vector<std::pair<int64_t, int64_t>> taps) {
  std::sort(taps.begin(), taps.end());
  int64_t first = taps.front().first;
  axis.begin += first;
  axis.taps.clear();
  axis.indices.clear();
  for (auto [offset, index] : taps) {
    axis.taps.push_back(offset - first);
    axis.indices.push_back(index);
  }
}

}  // namespace

WindowAxes forward_axes(const ConvShape& s) {
  WindowAxes axes;
  for (size_t i = 0; i < 3; ++i) {
    axes[i].begin = -s.low[i];
    axes[i].step = s.stride[i];
    axes[i].count = s.out[i];
    axes[i].window = s.window[i];
    std::vector<std::pair<int64_t, int64_t>> taps;
    for (int64_t k = 0; k < s.window[i]; ++k) taps.emplace_back(k * s.dilation[i], k);
    set_taps(axes[i], std::move(taps));
  }
  return axes;
}

std::vector<WindowAxes> transposed_axes(const ConvShape& s) {
  std::array<std::vector<WindowAxis>, 3> phases;
  for (size_t i = 0; i < 3; ++i) {
    for (int64_t phase = 0; phase < std::min(s.stride[i], s.in[i]); ++phase) {
      // Element phase + j * stride of x comes from element j + offset of y, for each k that makes the offset whole.
      std::vector<std::pair<int64_t, int64_t>> taps;
      for (int64_t k = 0; k < s.window[i]; ++k) {
        int64_t distance = phase + s.low[i] - k * s.dilation[i];
        if (distance % s.stride[i] == 0) taps.emplace_back(floor_divide(distance, s.stride[i]), k);
      }
      if (taps.empty()) continue;
      WindowAxis axis;
      axis.count = divide_up(s.in[i] - phase, s.stride[i]);
      axis.out_begin = phase;
      axis.out_step = s.stride[i];
      axis.window = s.window[i];
      set_taps(axis, std::move(taps));
      phases[i].push_back(std::move(axis));
    }
  }
  std::vector<WindowAxes> found;
  for (const WindowAxis& a : phases[0])
    for (const WindowAxis& b : phases[1])
      for (const WindowAxis& c : phases[2]) found.push_back({a, b, c});
  return found;
}

TapRange taps_inside(const WindowAxis& axis, int64_t window, int64_t size) {
  int64_t start = axis.begin + window * axis.step;
  auto first = std::lower_bound(axis.taps.begin(), axis.taps.end(), -start);
  auto last = std::lower_bound(first, axis.taps.end(), size - start);
  return {first - axis.taps.begin(), last - axis.taps.begin()};
}

BlockSizes choose_blocks(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out, int64_t item,
                         double work) {
  int64_t depth = axes[0].count, height = axes[1].count, width = axes[2].count;
  int64_t columns = std::min(in.sizes[2], (width - 1) * axes[2].step + axes[2].reach());
  auto fits = [&](int64_t images, int64_t planes, int64_t rows) {
    int64_t out_bytes = images * planes * rows * width * out.channels * item;
    int64_t in_planes = std::min(in.sizes[0], (planes - 1) * axes[0].step + axes[0].reach());
    int64_t in_rows = std::min(in.sizes[1], (rows - 1) * axes[1].step + axes[1].reach());
    return out_bytes <= kOutputBytes && images * in_planes * in_rows * columns * in.channels * item <= kInputBytes;
  };
  int64_t wanted = std::min<int64_t>(kLeastBlocks, static_cast<int64_t>(work / kWorkOfBlock));
  int64_t parts = std::clamp<int64_t>(divide_up(wanted, std::max<int64_t>(1, in.batch * depth)), 1, height);
  BlockSizes found{parts == 1 && fits(1, depth, height), 1, height, 1, 0};
  if (found.whole) {
    int64_t pixels = std::max<int64_t>(1, depth * height * width);
    int64_t most = depth > 1 ? 1 : std::min(kFewPixels / pixels, in.batch / kLeastBlocks);
    found.images = std::max<int64_t>(1, most);
    while (found.images > 1 && !fits(found.images, depth, height)) --found.images;
    found.count = divide_up(in.batch, found.images);
    return found;
  }
  int64_t rows = 1;
  while (rows < divide_up(height, parts) && fits(1, 1, rows + 1)) ++rows;
  found.rows = divide_up(height, divide_up(height, rows));
  found.blocks_of_rows = divide_up(height, found.rows);
  found.count = in.batch * depth * found.blocks_of_rows;
  return found;
}

BlockSizes::Block BlockSizes::block(int64_t index, int64_t batch, const WindowAxes& axes) const {
  if (whole) {
    int64_t first = index * images;
    return {first, std::min(images, batch - first), 0, 0, rows};
  }
  int64_t row = index % blocks_of_rows * rows, plane = index / blocks_of_rows % axes[0].count;
  return {index / blocks_of_rows / axes[0].count, 1, plane, row, std::min(rows, axes[1].count - row)};
}

}  // namespace headwater
