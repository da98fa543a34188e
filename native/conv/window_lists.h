// The windows of each block as lists of offsets, grouped by what of the window lies in the image: padding is never read
// and never multiplied.
#pragma once

#include <map>
#include <vector>

#include "window_axes.h"

namespace headwater {

// The taps of a window that lie in the image, along each axis.
using TapBox = std::array<TapRange, 3>;

// Windows with the same box: so many from `first` of a list.
struct WindowClass {
  int64_t first, count;
  size_t box;
};

struct WindowList {
  std::vector<int64_t> x_offsets, y_offsets;  // from the block's begin in x and y
  std::vector<WindowClass> classes;
};

class WindowLists {
 public:
  struct Block {
    const WindowList* list;
    int64_t x_begin, y_begin;  // x_begin may lie in front of x: what is read does not
    int64_t windows;
  };

  // item: bytes of an element; work: multiply-adds in all.
  WindowLists(const WindowAxes& axes, const ImageSizes& in, const ImageSizes& out, int64_t item, double work);

  int64_t count() const { return sizes_.count; }
  Block block(int64_t index) const;
  const std::vector<TapBox>& boxes() const { return boxes_; }
  // Of the tap that is this one along each axis: where it lies from the begin of its window; and which it is, of all.
  int64_t tap_offset(const std::array<int64_t, 3>& tap) const;
  int64_t tap_number(const std::array<int64_t, 3>& tap) const;
  // Which element of the kernel each tap is, by its number.
  std::vector<int64_t> tap_indices() const;

 private:
  size_t add_list(const BlockSizes::Block& block);
  size_t box_number(const TapBox& box);

  WindowAxes axes_;
  ImageSizes in_, out_;
  BlockSizes sizes_;
  std::vector<TapBox> boxes_;
  std::vector<WindowList> lists_;
  std::map<std::vector<TapRange>, size_t> known_;  // lists, by the number of images and the ranges of each row
  std::vector<size_t> list_of_;  // of blocks of rows of each plane; of whole images: of a full block and of the last
};

}  // namespace headwater
