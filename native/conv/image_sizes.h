// The images that a pass of a convolution reads and makes.
#pragma once

#include "window_axes.h"

namespace headwater {

inline ImageSizes x_images(const ConvShape& s) { return {s.batch, s.in, s.channels}; }
inline ImageSizes y_images(const ConvShape& s) { return {s.batch, s.out, s.filters}; }
// transposed: the pass makes x from y.
inline ImageSizes source_images(const ConvShape& s, bool transposed) { return transposed ? y_images(s) : x_images(s); }
inline ImageSizes made_images(const ConvShape& s, bool transposed) { return transposed ? x_images(s) : y_images(s); }

}  // namespace headwater
