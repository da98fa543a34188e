#include "window_lists.h"

#include <algorithm>

namespace headwater {

WindowLists::WindowLists(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out, int64_t item, double work)
    : axes_(axes), in_(in), out_(out), sizes_(choose_blocks(axes, in, out, item, work)) {
  int64_t lists = sizes_.whole ? std::min<int64_t>(sizes_.count, 2) : axes_[0].count * sizes_.blocks_of_rows;
  for (int64_t i = 0; i < lists; ++i) {
    int64_t index = sizes_.whole && i == 1 ? sizes_.count - 1 : i;
    list_of_.push_back(add_list(sizes_.block(index, in_.batch, axes_)));
  }
}

size_t WindowLists::add_list(const BlockSizes::Block& block) {
  int64_t planes = sizes_.whole ? axes_[0].count : 1;
  std::vector<TapRange> key{{block.images, 0}};
  for (int64_t d = 0; d < planes; ++d) key.push_back(taps_inside(axes_[0], block.plane + d, in_.sizes[0]));
  for (int64_t h = 0; h < block.rows; ++h) key.push_back(taps_inside(axes_[1], block.row + h, in_.sizes[1]));
  auto [place, is_new] = known_.emplace(key, lists_.size());
  if (!is_new) return place->second;
  std::map<TapBox, std::vector<std::pair<int64_t, int64_t>>> found;
  for (int64_t image = 0; image < block.images; ++image)
    for (int64_t d = 0; d < planes; ++d)
      for (int64_t h = 0; h < block.rows; ++h)
        for (int64_t w = 0; w < axes_[2].count; ++w) {
          int64_t x = image * in_.image() + d * axes_[0].step * in_.plane() + h * axes_[1].step * in_.row() +
                      w * axes_[2].step * in_.channels;
          int64_t y = image * out_.image() + d * axes_[0].out_step * out_.plane() + h * axes_[1].out_step * out_.row() +
                      w * axes_[2].out_step * out_.channels;
          TapBox box{key[static_cast<size_t>(1 + d)], key[static_cast<size_t>(1 + planes + h)],
                     taps_inside(axes_[2], w, in_.sizes[2])};
          if (box[0].begin == box[0].end || box[1].begin == box[1].end || box[2].begin == box[2].end) box = {};
          found[box].emplace_back(x, y);
        }
  WindowList list;
  for (const auto& [box, windows] : found) {
    list.classes.push_back(
        {static_cast<int64_t>(list.x_offsets.size()), static_cast<int64_t>(windows.size()), box_number(box)});
    for (auto [x, y] : windows) {
      list.x_offsets.push_back(x);
      list.y_offsets.push_back(y);
    }
  }
  lists_.push_back(std::move(list));
  return lists_.size() - 1;
}

size_t WindowLists::box_number(const TapBox& box) {
  auto found = std::find(boxes_.begin(), boxes_.end(), box);
  if (found == boxes_.end()) found = boxes_.insert(boxes_.end(), box);
  return static_cast<size_t>(found - boxes_.begin());
}

WindowLists::Block WindowLists::block(int64_t index) const {
  BlockSizes::Block block = sizes_.block(index, in_.batch, axes_);
  size_t number = sizes_.whole ? (index > 0 && index == sizes_.count - 1 ? 1 : 0)
                               : static_cast<size_t>(block.plane * sizes_.blocks_of_rows + block.row / sizes_.rows);
  const WindowList& list = lists_[list_of_[number]];
  int64_t x = block.image * in_.image() + (axes_[0].begin + block.plane * axes_[0].step) * in_.plane() +
              (axes_[1].begin + block.row * axes_[1].step) * in_.row() + axes_[2].begin * in_.channels;
  int64_t y = block.image * out_.image() + (axes_[0].out_begin + block.plane * axes_[0].out_step) * out_.plane() +
              (axes_[1].out_begin + block.row * axes_[1].out_step) * out_.row() + axes_[2].out_begin * out_.channels;
  return {&list, x, y, static_cast<int64_t>(list.x_offsets.size())};
}

int64_t WindowLists::tap_offset(const std::array<int64_t, 3>& tap) const {
  auto at = [&](size_t axis) { return axes_[axis].taps[static_cast<size_t>(tap[axis])]; };
  return at(0) * in_.plane() + at(1) * in_.row() + at(2) * in_.channels;
}

int64_t WindowLists::tap_number(const std::array<int64_t, 3>& tap) const {
  auto size = [&](size_t axis) { return static_cast<int64_t>(axes_[axis].taps.size()); };
  return (tap[0] * size(1) + tap[1]) * size(2) + tap[2];
}

std::vector<int64_t> WindowLists::tap_indices() const {
  std::vector<int64_t> found;
  for (int64_t d : axes_[0].indices)
    for (int64_t h : axes_[1].indices)
      for (int64_t w : axes_[2].indices) found.push_back((d * axes_[1].window + h) * axes_[2].window + w);
  return found;
}

}  // namespace headwater
