#include "exact_convolution.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "../thread_pool.h"

namespace headwater {
namespace {

template <class T>
class ExactConvolution final : public Kernel {
 public:
  explicit ExactConvolution(const ConvShape& s) : s_(s) {}

  void run(const void* const* in, void* const* out, void* /*scratch*/) const override {
    int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, s_.taps() * s_.inner() * s_.filters));
    parallel_for(s_.batch * s_.out_count(), grain, [&](int64_t begin, int64_t end) {
      for (int64_t pixel = begin; pixel < end; ++pixel)
        run_pixel(static_cast<const T*>(in[0]), static_cast<const T*>(in[1]), static_cast<T*>(out[0]), pixel);
    });
  }
  double cost_hint() const override { return 1000 + s_.work(); }

 private:
  using Wide = std::make_unsigned_t<T>;

  void run_pixel(const T* x, const T* kernel, T* y, int64_t pixel) const {
    int64_t image = pixel / s_.out_count(), place = pixel % s_.out_count();
    std::array<int64_t, 3> at{place / (s_.out[1] * s_.out[2]), place / s_.out[2] % s_.out[1], place % s_.out[2]};
    T* line = y + pixel * s_.filters;
    for (int64_t f = 0; f < s_.filters; ++f) line[f] = 0;
    for (int64_t tap = 0; tap < s_.taps(); ++tap) {
      std::array<int64_t, 3> k{tap / (s_.window[1] * s_.window[2]), tap / s_.window[2] % s_.window[1],
                               tap % s_.window[2]};
      int64_t source = image;
      bool inside = true;
      for (size_t i = 0; i < 3; ++i) {
        int64_t position = at[i] * s_.stride[i] + k[i] * s_.dilation[i] - s_.low[i];
        inside &= position >= 0 && position < s_.in[i];
        source = source * s_.in[i] + position;
      }
      if (inside) add_tap(x + source * s_.channels, kernel + tap * s_.inner() * s_.filters, line);
    }
  }

  void add_tap(const T* x, const T* kernel, T* line) const {
    for (int64_t c = 0; c < s_.inner(); ++c)
      for (int64_t f = 0; f < s_.filters; ++f) {
        Wide factor = static_cast<Wide>(x[f / s_.group_filters() * s_.inner() + c]);
        auto product =
            static_cast<uint64_t>(factor) * static_cast<uint64_t>(static_cast<Wide>(kernel[c * s_.filters + f]));
        line[f] = static_cast<T>(static_cast<uint64_t>(static_cast<Wide>(line[f])) + product);
      }
  }

  ConvShape s_;
};

}  // namespace

std::unique_ptr<Kernel> make_exact_convolution(const ConvShape& s) {
  switch (s.dtype) {
    case DType::kUInt8:
      return std::make_unique<ExactConvolution<uint8_t>>(s);
    case DType::kInt8:
      return std::make_unique<ExactConvolution<int8_t>>(s);
    case DType::kUInt16:
      return std::make_unique<ExactConvolution<uint16_t>>(s);
    case DType::kInt16:
      return std::make_unique<ExactConvolution<int16_t>>(s);
    case DType::kUInt32:
      return std::make_unique<ExactConvolution<uint32_t>>(s);
    case DType::kInt32:
      return std::make_unique<ExactConvolution<int32_t>>(s);
    case DType::kUInt64:
      return std::make_unique<ExactConvolution<uint64_t>>(s);
    case DType::kInt64:
      return std::make_unique<ExactConvolution<int64_t>>(s);
    default:
      throw TypeError(std::string("convolution: is not there for ") + dtype_name(s.dtype));
  }
}

}  // namespace headwater
