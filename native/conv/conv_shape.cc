#include "conv_shape.h"

namespace headwater {

ConvShape checked_conv_shape(const char* name, const TensorSpec& x, const TensorSpec& kernel, const TensorSpec& y,
                             const Attributes& attrs) {
  if (x.dtype != kernel.dtype || x.dtype != y.dtype)
    throw TypeError(std::string(name) + ": dtypes " + dtype_name(x.dtype) + ", " + dtype_name(kernel.dtype) + " and " +
                    dtype_name(y.dtype) + " differ");
  int rank = x.shape.rank() - 2;
  std::string shapes = x.shape.text() + ", " + kernel.shape.text() + " and " + y.shape.text();
  require(rank >= 1 && rank <= 3 && kernel.shape.rank() == rank + 2 && y.shape.rank() == rank + 2, name,
          shapes + " must have one to three spatial axes, and two others");
  ConvShape s;
  s.dtype = x.dtype;
  s.batch = x.shape[0];
  s.channels = x.shape[rank + 1];
  s.filters = y.shape[rank + 1];
  s.groups = attrs.get_int("groups", 1);
  require(s.groups >= 1 && s.channels % s.groups == 0 && s.filters % s.groups == 0, name,
          "channels and filters of " + shapes + " do not share out to " + std::to_string(s.groups) + " groups");
  require(y.shape[0] == s.batch && kernel.shape[rank] == s.inner() && kernel.shape[rank + 1] == s.filters, name,
          "batch, channels or filters of " + shapes + " differ");
  std::vector<int64_t> ones(static_cast<size_t>(rank), 1), zeros(static_cast<size_t>(rank), 0);
  std::vector<int64_t> strides = attrs.get_ints("strides", ones), dilation = attrs.get_ints("dilation", ones),
                       low = attrs.get_ints("low", zeros);
  size_t axes = static_cast<size_t>(rank);
  require(strides.size() == axes && dilation.size() == axes && low.size() == axes, name,
          "strides, dilation and low need one number for each spatial axis");
  // One axis becomes the rows of images of one column: windows are then contiguous.
  size_t first = rank == 3 ? 0 : 1;
  for (size_t i = 0; i < axes; ++i) {
    int axis = static_cast<int>(i) + 1;
    s.in[first + i] = x.shape[axis];
    s.out[first + i] = y.shape[axis];
    s.window[first + i] = kernel.shape[axis - 1];
    s.stride[first + i] = strides[i];
    s.dilation[first + i] = dilation[i];
    s.low[first + i] = low[i];
    constexpr int64_t most = int64_t{1} << 40;
    require(s.window[first + i] >= 1, name, "the window of " + shapes + " is empty");
    require(strides[i] >= 1 && dilation[i] >= 1 && strides[i] < most && dilation[i] < most && low[i] < most &&
                low[i] > -most,
            name, "strides and dilation must be 1 or more");
  }
  return s;
}

}  // namespace headwater
