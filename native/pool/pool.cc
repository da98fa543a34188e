// max_pool: input x; max_pool_gradient: x, g; max_pool_take: x, h; average_pool: x; average_pool_gradient: g. Images
// are (batch, *spatial, channels), of one to three spatial axes. Attributes window, strides, low (padding in front), a
// number for each spatial axis. float32 and float64; max_pool also integers.
#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <vector>

#include "../kernel.h"
#include "../thread_pool.h"
#include "pool_rows.h"

namespace headwater {
namespace {

constexpr int64_t kChannelsAtOnce = 256;       // of a task
constexpr int64_t kElementsPerThread = 16384;  // of x below which a second thread does not pay

struct PoolShape {
  DType dtype = DType::kFloat32;
  int64_t batch = 1, channels = 1;
  std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1}, window{1, 1, 1}, stride{1, 1, 1}, low{0, 0, 0};

  int64_t in_count() const { return in[0] * in[1] * in[2]; }
  int64_t out_count() const { return out[0] * out[1] * out[2]; }
  // Windows cover each element of the image at most once.
  bool overlaps() const { return stride[0] < window[0] || stride[1] < window[1] || stride[2] < window[2]; }
  bool covers() const {  // and at least once
    for (size_t i = 0; i < 3; ++i)
      if (stride[i] > window[i] || out[i] * stride[i] - low[i] < in[i]) return false;
    return true;
  }
};

PoolShape checked_shape(const char* name, const TensorSpec& x, const TensorSpec& y, const Attributes& attrs) {
  std::string shapes = x.shape.text() + " and " + y.shape.text();
  int rank = x.shape.rank() - 2;
  require(rank >= 1 && rank <= 3 && y.shape.rank() == rank + 2, name,
          shapes + " must have one to three spatial axes, and two others");
  if (x.dtype != y.dtype)
    throw TypeError(std::string(name) + ": dtypes " + dtype_name(x.dtype) + " and " + dtype_name(y.dtype) + " differ");
  PoolShape s;
  s.dtype = x.dtype;
  s.batch = x.shape[0];
  s.channels = x.shape[rank + 1];
  require(y.shape[0] == s.batch && y.shape[rank + 1] == s.channels, name, "batch or channels of " + shapes + " differ");
  size_t axes = static_cast<size_t>(rank);
  std::vector<int64_t> none, window = attrs.get_ints("window", none), strides = attrs.get_ints("strides", none),
                             low = attrs.get_ints("low", std::vector<int64_t>(axes, 0));
  require(window.size() == axes && strides.size() == axes && low.size() == axes, name,
          "window, strides and low need one number for each spatial axis");
  for (size_t i = 0; i < axes; ++i) {
    size_t to = 3 - axes + i;
    s.in[to] = x.shape[static_cast<int>(i) + 1];
    s.out[to] = y.shape[static_cast<int>(i) + 1];
    s.window[to] = window[i];
    s.stride[to] = strides[i];
    s.low[to] = low[i];
    require(window[i] >= 1 && strides[i] >= 1 && low[i] >= 0 && low[i] < window[i], name,
            "windows and strides must be 1 or more, and padding less than a window");
    require(s.out[to] == 0 || (s.out[to] - 1) * strides[i] - low[i] < s.in[to], name,
            "a window of " + shapes + " lies in the padding alone");
  }
  return s;
}

// The elements of a window along one axis that lie in the image.
struct Span {
  int64_t begin, end;
};

Span inside(const PoolShape& s, size_t axis, int64_t window) {
  int64_t start = window * s.stride[axis] - s.low[axis];
  return {std::max<int64_t>(0, -start), std::min(s.window[axis], s.in[axis] - start)};
}

// Calls visit(first window, windows, offset of its begin in the image, taps) for each run of windows with the same
// taps, in order.
template <class Visit>
void for_rows(const PoolShape& s, Visit&& visit) {
  const int64_t row = s.in[2] * s.channels, plane = s.in[1] * row;
  // Windows [first, last) of a row lie in it as a whole.
  const int64_t first = std::min(s.out[2], (s.low[2] + s.stride[2] - 1) / s.stride[2]);
  int64_t last = s.out[2];
  while (last > first && (last - 1) * s.stride[2] - s.low[2] + s.window[2] > s.in[2]) --last;
  std::vector<int64_t> taps;
  for (int64_t d = 0; d < s.out[0]; ++d)
    for (int64_t h = 0; h < s.out[1]; ++h) {
      const Span planes = inside(s, 0, d), rows = inside(s, 1, h);
      const int64_t start = (d * s.stride[0] - s.low[0]) * plane + (h * s.stride[1] - s.low[1]) * row;
      for (int64_t w = 0; w < s.out[2];) {
        const int64_t windows = w == first && last > first ? last - first : 1;
        const Span columns = inside(s, 2, w);
        taps.clear();
        for (int64_t kd = planes.begin; kd < planes.end; ++kd)
          for (int64_t kh = rows.begin; kh < rows.end; ++kh)
            for (int64_t kw = columns.begin; kw < columns.end; ++kw)
              taps.push_back(kd * plane + kh * row + kw * s.channels);
        visit((d * s.out[1] + h) * s.out[2] + w, windows, start + (w * s.stride[2] - s.low[2]) * s.channels, taps);
        w += windows;
      }
    }
}

enum class Kind : uint8_t { kMax, kMaxGradient, kMaxTake, kAverage, kAverageGradient };

class Pool final : public Kernel {
 public:
  Pool(const PoolShape& s, Kind kind) : s_(s), kind_(kind), item_(static_cast<int64_t>(item_size(s.dtype))) {
    const PoolFunctions& functions = (*HW_SELECT_ISA(pool_functions))(s.dtype);
    switch (kind) {
      case Kind::kMax:
        function_ = functions.max;
        break;
      case Kind::kMaxGradient:
        function_ = functions.max_gradient;
        break;
      case Kind::kMaxTake:
        function_ = functions.max_take;
        break;
      case Kind::kAverage:
        function_ = functions.average;
        break;
      case Kind::kAverageGradient:
        function_ = functions.average_gradient;
        break;
    }
  }

  void run(const void* const* in, void* const* out, void* /*scratch*/) const override {
    if (s_.batch * s_.in_count() * s_.channels == 0) return;
    int64_t parts = (s_.channels + kChannelsAtOnce - 1) / kChannelsAtOnce;
    int64_t grain = std::max<int64_t>(1, kElementsPerThread / (s_.in_count() * std::min(s_.channels, kChannelsAtOnce)));
    parallel_for(s_.batch * parts, grain, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task)
        run_image(in, out[0], task / parts, task % parts * kChannelsAtOnce);
    });
  }

 private:
  bool is_gradient() const { return kind_ == Kind::kMaxGradient || kind_ == Kind::kAverageGradient; }

  void run_image(const void* const* in, void* out, int64_t image, int64_t channel) const {
    int64_t in_image = s_.in_count() * s_.channels, out_image = s_.out_count() * s_.channels;
    auto at = [&](const void* base, int64_t size) {
      return static_cast<const char*>(base) + (image * size + channel) * item_;
    };
    const char* x = kind_ == Kind::kAverageGradient ? nullptr : at(in[0], in_image);
    const char* other = kind_ == Kind::kMaxGradient       ? at(in[1], out_image)
                        : kind_ == Kind::kMaxTake         ? at(in[1], in_image)
                        : kind_ == Kind::kAverageGradient ? at(in[0], out_image)
                                                          : nullptr;
    char* to = const_cast<char*>(at(out, is_gradient() ? in_image : out_image));
    auto moved = [&](const char* base, int64_t elements) { return base ? base + elements * item_ : nullptr; };
    PoolRow row{};
    row.channels = std::min(kChannelsAtOnce, s_.channels - channel);
    row.line = s_.channels;
    row.step = s_.stride[2] * s_.channels;
    row.accumulate = s_.overlaps();
    if (is_gradient() && (s_.overlaps() || !s_.covers())) clear(to, row.channels);
    for_rows(s_, [&](int64_t window, int64_t windows, int64_t begin, const std::vector<int64_t>& taps) {
      int64_t result = window * s_.channels;
      row.x = moved(x, begin);
      row.other = moved(other, kind_ == Kind::kMaxTake ? begin : result);
      row.to = to + (is_gradient() ? begin : result) * item_;
      row.taps = taps.data();
      row.num_taps = static_cast<int64_t>(taps.size());
      row.windows = windows;
      function_(row);
    });
  }

  void clear(char* image, int64_t channels) const {
    if (channels == s_.channels) {
      std::memset(image, 0, static_cast<size_t>(s_.in_count() * channels * item_));
      return;
    }
    for (int64_t pixel = 0; pixel < s_.in_count(); ++pixel)
      std::memset(image + pixel * s_.channels * item_, 0, static_cast<size_t>(channels * item_));
  }

  PoolShape s_;
  Kind kind_;
  int64_t item_;
  void (*function_)(const PoolRow& row) = nullptr;
};

template <class T>
class IntegerMaxPool final : public Kernel {
 public:
  explicit IntegerMaxPool(const PoolShape& s) : s_(s) {}

  void run(const void* const* in, void* const* out, void* /*scratch*/) const override {
    if (s_.batch * s_.in_count() * s_.channels == 0) return;
    parallel_for(s_.batch, 1 + kElementsPerThread / (s_.in_count() * s_.channels), [&](int64_t begin, int64_t end) {
      for (int64_t image = begin; image < end; ++image)
        run_image(static_cast<const T*>(in[0]) + image * s_.in_count() * s_.channels,
                  static_cast<T*>(out[0]) + image * s_.out_count() * s_.channels);
    });
  }

 private:
  void run_image(const T* x, T* y) const {
    for_rows(s_, [&](int64_t window, int64_t windows, int64_t begin, const std::vector<int64_t>& taps) {
      for (int64_t i = 0; i < windows; ++i) {
        const T* from = x + begin + i * s_.stride[2] * s_.channels;
        T* to = y + (window + i) * s_.channels;
        for (int64_t c = 0; c < s_.channels; ++c) {
          T best = from[taps[0] + c];
          for (int64_t tap : taps) best = std::max(best, from[tap + c]);
          to[c] = best;
        }
      }
    });
  }

  PoolShape s_;
};

std::unique_ptr<Kernel> make_integer_max_pool(const PoolShape& s) {
  switch (s.dtype) {
    case DType::kUInt8:
      return std::make_unique<IntegerMaxPool<uint8_t>>(s);
    case DType::kInt8:
      return std::make_unique<IntegerMaxPool<int8_t>>(s);
    case DType::kUInt16:
      return std::make_unique<IntegerMaxPool<uint16_t>>(s);
    case DType::kInt16:
      return std::make_unique<IntegerMaxPool<int16_t>>(s);
    case DType::kUInt32:
      return std::make_unique<IntegerMaxPool<uint32_t>>(s);
    case DType::kInt32:
      return std::make_unique<IntegerMaxPool<int32_t>>(s);
    case DType::kUInt64:
      return std::make_unique<IntegerMaxPool<uint64_t>>(s);
    case DType::kInt64:
      return std::make_unique<IntegerMaxPool<int64_t>>(s);
    default:
      return nullptr;
  }
}

std::unique_ptr<Kernel> make_pool(const char* name, const KernelSpec& spec, Kind kind) {
  bool two = kind == Kind::kMaxGradient || kind == Kind::kMaxTake;
  bool gradient = kind == Kind::kMaxGradient || kind == Kind::kAverageGradient;
  require_arity(name, spec, two ? 2 : 1, 1);
  const TensorSpec& x = gradient ? spec.outputs[0] : spec.inputs[0];
  const TensorSpec& y = gradient ? spec.inputs.back() : spec.outputs[0];
  if (two)
    require(spec.inputs[0] == x && (gradient || spec.inputs[1] == x), name, "x and what belongs to it differ in shape");
  PoolShape s = checked_shape(name, x, y, spec.attrs);
  if (s.dtype == DType::kFloat32 || s.dtype == DType::kFloat64) return std::make_unique<Pool>(s, kind);
  std::unique_ptr<Kernel> found = kind == Kind::kMax ? make_integer_max_pool(s) : nullptr;
  if (!found) throw TypeError(std::string(name) + ": is not there for " + dtype_name(s.dtype));
  return found;
}

std::unique_ptr<Kernel> make_max_pool(const KernelSpec& spec) { return make_pool("max_pool", spec, Kind::kMax); }
std::unique_ptr<Kernel> make_max_pool_gradient(const KernelSpec& spec) {
  return make_pool("max_pool_gradient", spec, Kind::kMaxGradient);
}
std::unique_ptr<Kernel> make_max_pool_take(const KernelSpec& spec) {
  return make_pool("max_pool_take", spec, Kind::kMaxTake);
}
std::unique_ptr<Kernel> make_average_pool(const KernelSpec& spec) {
  return make_pool("average_pool", spec, Kind::kAverage);
}
std::unique_ptr<Kernel> make_average_pool_gradient(const KernelSpec& spec) {
  return make_pool("average_pool_gradient", spec, Kind::kAverageGradient);
}

HW_REGISTER_KERNEL("max_pool", make_max_pool)
HW_REGISTER_KERNEL("max_pool_gradient", make_max_pool_gradient)
HW_REGISTER_KERNEL("max_pool_take", make_max_pool_take)
HW_REGISTER_KERNEL("average_pool", make_average_pool)
HW_REGISTER_KERNEL("average_pool_gradient", make_average_pool_gradient)

}  // namespace
}  // namespace headwater
