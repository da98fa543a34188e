// What a convolution is: sizes of x (batch, *in, channels), of the kernel (*window, channels / groups, filters) and of
// y (batch, *out, filters), with three spatial axes; those that are missing have size 1.
#pragma once

#include <array>

#include "../kernel.h"

namespace headwater {

struct ConvShape {
  DType dtype = DType::kFloat32;
  int64_t batch = 1, channels = 1, filters = 1, groups = 1;
  std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1}, window{1, 1, 1};
  std::array<int64_t, 3> stride{1, 1, 1}, dilation{1, 1, 1}, low{0, 0, 0};

  int64_t inner() const { return channels / groups; }         // channels of a group
  int64_t group_filters() const { return filters / groups; }  // filters of a group
  int64_t taps() const { return window[0] * window[1] * window[2]; }
  int64_t in_count() const { return in[0] * in[1] * in[2]; }
  int64_t out_count() const { return out[0] * out[1] * out[2]; }
  // Each channel has one kernel of its own.
  bool is_depthwise() const { return groups > 1 && groups == channels && channels == filters; }
  double work() const {
    return static_cast<double>(batch * out_count()) * static_cast<double>(taps() * inner()) *
           static_cast<double>(filters);
  }
};

// From the specs of x, kernel and y, and the attributes strides, low, dilation (one number for each spatial axis) and
// groups. Throws where they do not belong together.
ConvShape checked_conv_shape(const char* name, const TensorSpec& x, const TensorSpec& kernel, const TensorSpec& y,
                             const Attributes& attrs);

}  // namespace headwater
