#include "window_blocks.h"

#include <algorithm>
#include <cstring>

#include "../matmul/thread_workspace.h"

namespace headwater {
namespace {

constexpr int64_t kPaddedBytes = 160 << 10;  // of a padded copy: it stays in the second-level cache
constexpr int64_t kOutputBytes = 160 << 10;
constexpr int64_t kFewPixels = 192;  // small images are taken together to so many pixels
constexpr int64_t kLeastBlocks = 16;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
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

int64_t WindowAxis::reach() const { return taps.back() + 1; }

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

WindowBlocks::WindowBlocks(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out, int64_t item)
    : axes_(axes), in_(in), out_(out), item_(item) {
  for (size_t i = 0; i < 3; ++i) {
    const WindowAxis& axis = axes_[i];
    direct_ &= axis.begin >= 0 && axis.begin + (axis.count - 1) * axis.step + axis.reach() <= in_.sizes[i];
    padded_[i] = (axis.count - 1) * axis.step + axis.reach();
  }
  int64_t depth = axes_[0].count, height = axes_[1].count, width = axes_[2].count;
  int64_t padded_row = padded_[2] * in_.channels, line_bytes = padded_row * item_;
  auto fits = [&](int64_t images, int64_t planes, int64_t rows) {
    int64_t out_bytes = images * planes * rows * width * out_.channels * item_;
    int64_t in_planes = (planes - 1) * axes_[0].step + axes_[0].reach();
    int64_t in_rows = (rows - 1) * axes_[1].step + axes_[1].reach();
    return out_bytes <= kOutputBytes && images * in_planes * in_rows * line_bytes <= kPaddedBytes;
  };
  whole_ = fits(1, depth, height);
  if (whole_) {
    rows_ = height;
    int64_t pixels = std::max<int64_t>(1, depth * height * width);
    int64_t most = depth > 1 ? 1 : std::min(kFewPixels / pixels, in_.batch / kLeastBlocks);
    images_ = std::max<int64_t>(1, most);
    while (images_ > 1 && !fits(images_, depth, height)) --images_;
    count_ = divide_up(in_.batch, images_);
  } else {
    rows_ = 1;
    while (rows_ < height && fits(1, 1, rows_ + 1)) ++rows_;
    blocks_of_rows_ = divide_up(height, rows_);
    rows_ = divide_up(height, blocks_of_rows_);
    blocks_of_rows_ = divide_up(height, rows_);
    count_ = in_.batch * depth * blocks_of_rows_;
    padded_[0] = axes_[0].reach();
    padded_[1] = (rows_ - 1) * axes_[1].step + axes_[1].reach();
  }
  row_ = direct_ ? in_.row() : padded_row;
  plane_ = direct_ ? in_.plane() : padded_[1] * row_;
  image_ = direct_ ? in_.image() : padded_[0] * plane_;
  for (int64_t image = 0; image < images_; ++image)
    for (int64_t d = 0; d < (whole_ ? depth : 1); ++d)
      for (int64_t h = 0; h < rows_; ++h)
        for (int64_t w = 0; w < width; ++w) {
          x_offsets_.push_back(image * image_ + d * axes_[0].step * plane_ + h * axes_[1].step * row_ +
                               w * axes_[2].step * in_.channels);
          y_offsets_.push_back(image * out_.image() + (axes_[0].out_begin + d * axes_[0].out_step) * out_.plane() +
                               (axes_[1].out_begin + h * axes_[1].out_step) * out_.row() +
                               (axes_[2].out_begin + w * axes_[2].out_step) * out_.channels);
        }
  for (size_t d = 0; d < axes_[0].taps.size(); ++d)
    for (size_t h = 0; h < axes_[1].taps.size(); ++h)
      for (size_t w = 0; w < axes_[2].taps.size(); ++w) {
        tap_offsets_.push_back(axes_[0].taps[d] * plane_ + axes_[1].taps[h] * row_ + axes_[2].taps[w] * in_.channels);
        tap_indices_.push_back((axes_[0].indices[d] * axes_[1].window + axes_[1].indices[h]) * axes_[2].window +
                               axes_[2].indices[w]);
      }
}

WindowBlocks::Block WindowBlocks::block(int64_t index) const {
  int64_t width = axes_[2].count;
  if (whole_) {
    int64_t first = index * images_, images = std::min(images_, in_.batch - first);
    return {first, images, 0, 0, rows_, images * axes_[0].count * rows_ * width};
  }
  int64_t row = index % blocks_of_rows_ * rows_, plane = index / blocks_of_rows_ % axes_[0].count;
  int64_t rows = std::min(rows_, axes_[1].count - row);
  return {index / blocks_of_rows_ / axes_[0].count, 1, plane, row, rows, rows * width};
}

const char* WindowBlocks::prepare(const Block& block, const void* x) const {
  const char* image = static_cast<const char*>(x) + block.image * in_.image() * item_;
  if (direct_)
    return image + ((axes_[0].begin + block.plane * axes_[0].step) * plane_ +
                    (axes_[1].begin + block.row * axes_[1].step) * row_ + axes_[2].begin * in_.channels) *
                       item_;
  char* to = static_cast<char*>(thread_workspace(static_cast<size_t>(images_ * image_ * item_)));
  copy_padded(block, image, to);
  return to;
}

void WindowBlocks::copy_padded(const Block& block, const char* x, char* to) const {
  int64_t first_column = axes_[2].begin, columns = padded_[2];
  int64_t from = std::clamp<int64_t>(first_column, 0, in_.sizes[2]),
          until = std::clamp<int64_t>(first_column + columns, from, in_.sizes[2]);
  size_t pixel = static_cast<size_t>(in_.channels * item_);
  size_t before = static_cast<size_t>(std::clamp<int64_t>(-first_column, 0, columns)) * pixel;
  size_t inside = static_cast<size_t>(until - from) * pixel;
  size_t whole = static_cast<size_t>(columns) * pixel;
  if (inside == 0) before = whole;
  size_t after = whole - before - inside;
  int64_t rows = (block.rows - 1) * axes_[1].step + axes_[1].reach();
  for (int64_t image = 0; image < block.images; ++image) {
    for (int64_t d = 0; d < padded_[0]; ++d) {
      int64_t plane = axes_[0].begin + block.plane * axes_[0].step + d;
      for (int64_t h = 0; h < rows; ++h) {
        int64_t row = axes_[1].begin + block.row * axes_[1].step + h;
        char* target = to + (image * image_ + d * plane_ + h * row_) * item_;
        if (plane < 0 || plane >= in_.sizes[0] || row < 0 || row >= in_.sizes[1]) {
          std::memset(target, 0, whole);
          continue;
        }
        const char* source =
            x + ((image * in_.image() + plane * in_.plane() + row * in_.row()) + from * in_.channels) * item_;
        std::memset(target, 0, before);
        std::memcpy(target + before, source, inside);
        std::memset(target + before + inside, 0, after);
      }
    }
  }
}

int64_t WindowBlocks::y_begin(const Block& block) const {
  return block.image * out_.image() + block.plane * axes_[0].out_step * out_.plane() +
         block.row * axes_[1].out_step * out_.row();
}

int64_t WindowBlocks::first_pixel(const Block& block) const { return y_begin(block) / out_.channels; }

PixelLines WindowBlocks::lines(const Block& block) const {
  bool planes = whole_ && axes_[0].count > 1;
  PixelLines found{planes ? axes_[0].count : block.images,   block.rows,           axes_[2].count,
                   planes ? axes_[0].step * plane_ : image_, axes_[1].step * row_, axes_[2].step * in_.channels,
                   planes ? out_.plane() : out_.image(),     out_.row(),           out_.channels};
  if (found.length == 1 || found.x_line == found.length * found.x_step) {
    if (found.length == 1) {
      found.x_step = found.x_line;
      found.g_step = found.g_line;
    }
    found.length *= found.lines;
    found.lines = 1;
  }
  return found;
}

}  // namespace headwater
