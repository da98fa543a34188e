#include "window_blocks.h"

#include <algorithm>
#include <cstring>

#include "../matmul/thread_workspace.h"

namespace headwater {

WindowBlocks::WindowBlocks(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out, int64_t item,
                           double work, bool by_tap)
    : axes_(axes), in_(in), out_(out), sizes_(choose_blocks(axes, in, out, item, work)), item_(item) {
  direct_ = by_tap || is_inside();
  std::array<int64_t, 3> counts{sizes_.whole ? axes_[0].count : 1, sizes_.rows, axes_[2].count};
  for (size_t i = 0; i < 3; ++i) padded_[i] = (counts[i] - 1) * axes_[i].step + axes_[i].reach();
  row_ = direct_ ? in_.row() : padded_[2] * in_.channels;
  plane_ = direct_ ? in_.plane() : padded_[1] * row_;
  image_ = direct_ ? in_.image() : padded_[0] * plane_;
  for (int64_t d : axes_[0].taps)
    for (int64_t h : axes_[1].taps)
      for (int64_t w : axes_[2].taps) tap_offsets_.push_back(d * plane_ + h * row_ + w * in_.channels);
}

bool WindowBlocks::is_inside() const {
  for (size_t i = 0; i < 3; ++i) {
    const WindowAxis& axis = axes_[i];
    if (axis.begin < 0 || axis.begin + (axis.count - 1) * axis.step + axis.reach() > in_.sizes[i]) return false;
  }
  return true;
}

const char* WindowBlocks::prepare(const Block& block, const void* x) const {
  const char* image = static_cast<const char*>(x) + block.image * in_.image() * item_;
  if (direct_)
    return image + ((axes_[0].begin + block.plane * axes_[0].step) * plane_ +
                    (axes_[1].begin + block.row * axes_[1].step) * row_ + axes_[2].begin * in_.channels) *
                       item_;
  char* to = static_cast<char*>(thread_workspace(static_cast<size_t>(block.images * image_ * item_)));
  copy_padded(block, image, to);
  return to;
}

void WindowBlocks::copy_padded(const Block& block, const char* x, char* to) const {
  int64_t first = axes_[2].begin, columns = padded_[2];
  int64_t from = std::clamp<int64_t>(first, 0, in_.sizes[2]),
          until = std::clamp<int64_t>(first + columns, from, in_.sizes[2]);
  size_t pixel = static_cast<size_t>(in_.channels * item_), whole = static_cast<size_t>(columns) * pixel;
  size_t inside = static_cast<size_t>(until - from) * pixel;
  size_t before = inside ? static_cast<size_t>(from - first) * pixel : whole;
  size_t after = whole - before - inside;
  int64_t rows = (block.rows - 1) * axes_[1].step + axes_[1].reach();
  for (int64_t image = 0; image < block.images; ++image)
    for (int64_t d = 0; d < padded_[0]; ++d) {
      int64_t plane = axes_[0].begin + block.plane * axes_[0].step + d;
      for (int64_t h = 0; h < rows; ++h) {
        int64_t row = axes_[1].begin + block.row * axes_[1].step + h;
        char* target = to + (image * image_ + d * plane_ + h * row_) * item_;
        if (plane < 0 || plane >= in_.sizes[0] || row < 0 || row >= in_.sizes[1]) {
          std::memset(target, 0, whole);
          continue;
        }
        int64_t source = image * in_.image() + plane * in_.plane() + row * in_.row() + from * in_.channels;
        std::memset(target, 0, before);
        std::memcpy(target + before, x + source * item_, inside);
        std::memset(target + before + inside, 0, after);
      }
    }
}

int64_t WindowBlocks::y_begin(const Block& block) const {
  return block.image * out_.image() + block.plane * out_.plane() + block.row * out_.row();
}

PixelLines WindowBlocks::lines(const Block& block) const {
  bool planes = sizes_.whole && axes_[0].count > 1;  // then of one image
  PixelLines found{planes ? axes_[0].count : block.images,   block.rows,           axes_[2].count,
                   planes ? axes_[0].step * plane_ : image_, axes_[1].step * row_, axes_[2].step * in_.channels,
                   planes ? out_.plane() : out_.image(),     out_.row(),           out_.channels};
  return merged(found);
}

WindowBlocks::TapLines WindowBlocks::tap_lines(const Block& block, int64_t tap) const {
  const int64_t width = static_cast<int64_t>(axes_[2].taps.size()), height = static_cast<int64_t>(axes_[1].taps.size());
  const std::array<int64_t, 3> number{tap / (width * height), tap / width % height, tap % width};
  const std::array<int64_t, 3> first{block.plane, block.row, 0};
  const std::array<int64_t, 3> count{sizes_.whole ? axes_[0].count : 1, block.rows, axes_[2].count};
  const std::array<int64_t, 3> x_size{in_.plane(), in_.row(), in_.channels};
  const std::array<int64_t, 3> y_size{out_.plane(), out_.row(), out_.channels};
  std::array<int64_t, 3> inside;
  TapLines found{{}, block.image * in_.image(), block.image * out_.image()};
  for (size_t i = 0; i < 3; ++i) {
    const WindowAxis& axis = axes_[i];
    int64_t start = axis.begin + axis.taps[static_cast<size_t>(number[i])];  // of the tap, in window 0
    int64_t from = std::max(first[i], start >= 0 ? 0 : divide_up(-start, axis.step));
    int64_t until =
        start >= in_.sizes[i] ? from : std::min(first[i] + count[i], divide_up(in_.sizes[i] - start, axis.step));
    inside[i] = std::max<int64_t>(0, until - from);
    found.x_begin += (start + from * axis.step) * x_size[i];
    found.y_begin += from * y_size[i];
  }
  bool planes = sizes_.whole && axes_[0].count > 1;
  found.lines = merged({planes ? inside[0] : (inside[0] ? block.images : 0), inside[1], inside[2],
                        planes ? axes_[0].step * in_.plane() : in_.image(), axes_[1].step * in_.row(),
                        axes_[2].step * in_.channels, planes ? out_.plane() : out_.image(), out_.row(), out_.channels});
  return found;
}

}  // namespace headwater
