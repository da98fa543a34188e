// cumulative: running sum, prod, max, min or logsumexp along an axis, from either end, with or without the own element.
// Floats up to 32 bits accumulate in float64, float64 sums carry their rounding error along (Neumaier 1974).
#include <algorithm>
#include <cmath>
#include <limits>

#include "../kernel.h"
#include "../thread_pool.h"
#include "arithmetic.h"
#include "shapes.h"

namespace headwater {
namespace {

constexpr int64_t kElementsPerThread = 16 << 10;
constexpr int64_t kColumns = 64;

template <class T>
struct Widened {
  using type = T;
};
template <>
struct Widened<float> {
  using type = double;
};
template <>
struct Widened<Float16> {
  using type = double;
};
template <>
struct Widened<BFloat16> {
  using type = double;
};
template <>
struct Widened<std::complex<float>> {
  using type = std::complex<double>;
};

template <class T>
inline typename Widened<T>::type widen(T value) {
  if constexpr (is_small_float<T>)
    return static_cast<double>(static_cast<float>(value));
  else
    return static_cast<typename Widened<T>::type>(value);
}

template <class T>
inline T narrow(typename Widened<T>::type value) {
  if constexpr (is_small_float<T>)
    return T(static_cast<float>(value));
  else
    return static_cast<T>(value);
}

template <class T>
struct RunningSum {
  typename Widened<T>::type total{};
  void push(T x) { total = add(total, widen(x)); }
  T value() const { return narrow<T>(total); }
};

template <>
struct RunningSum<double> {
  double total = 0, lost = 0;
  void push(double x) {
    double sum = total + x;
    lost += std::abs(total) >= std::abs(x) ? (total - sum) + x : (x - sum) + total;
    total = sum;
  }
  // An infinite total has no error to add back (it would be NaN).
  double value() const { return std::isfinite(total) ? total + lost : total; }
};

template <class T>
struct RunningProduct {
  typename Widened<T>::type total{1};
  void push(T x) { total = multiply(total, widen(x)); }
  T value() const { return narrow<T>(total); }
};

template <class T, bool kMax>
struct RunningExtreme {
  T best = first();
  static T first() {
    if constexpr (is_floating<T>) {
      return number<T>(kMax ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity());
    } else {
      return kMax ? std::numeric_limits<T>::lowest() : std::numeric_limits<T>::max();
    }
  }
  void push(T x) { best = kMax ? maximum(best, x) : minimum(best, x); }
  T value() const { return best; }
};

// log(sum(exp(x))) as the largest element so far and the sum relative to it.
template <class T>
struct RunningLogSumExp {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  void push(T element) {
    double x = widen(element);
    if (x == -std::numeric_limits<double>::infinity()) return;
    if (x <= largest) {
      sum += x == largest ? 1.0 : std::exp(x - largest);
    } else {
      sum = (sum == 0 ? 0.0 : sum * std::exp(largest - x)) + 1.0;
      largest = x;
    }
  }
  T value() const { return narrow<T>(sum == 0 ? largest : largest + std::log(sum)); }
};

template <class T, class Running>
class CumulativeKernel final : public Kernel {
 public:
  CumulativeKernel(AxisView view, bool reverse, bool exclusive)
      : view_(view), reverse_(reverse), exclusive_(exclusive) {}

  void run(const void* const* in, void* const* out, void*) const override {
    const T* x = static_cast<const T*>(in[0]);
    T* y = static_cast<T*>(out[0]);
    int64_t size = view_.size, inner = view_.inner;
    if (view_.outer * size * inner == 0) return;
    int64_t blocks = (inner + kColumns - 1) / kColumns;
    int64_t grain = std::max<int64_t>(1, kElementsPerThread / (size * std::min(inner, kColumns)));
    parallel_for(view_.outer * blocks, grain, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        int64_t first = unit / blocks * size * inner + unit % blocks * kColumns;
        int64_t columns = std::min(kColumns, inner - unit % blocks * kColumns);
        if (columns == 1)
          accumulate<1>(x + first, y + first, 1);
        else
          accumulate<kColumns>(x + first, y + first, columns);
      }
    });
  }

 private:
  template <int64_t kMost>
  void accumulate(const T* x, T* y, int64_t columns) const {
    Running running[kMost];
    if constexpr (kMost == 1) columns = 1;
    int64_t step = reverse_ ? -view_.inner : view_.inner;
    int64_t at = reverse_ ? (view_.size - 1) * view_.inner : 0;
    for (int64_t i = 0; i < view_.size; ++i, at += step) {
      for (int64_t j = 0; j < columns; ++j) {
        T element = x[at + j];  // read first: y may be x
        if (exclusive_) y[at + j] = running[j].value();
        running[j].push(element);
        if (!exclusive_) y[at + j] = running[j].value();
      }
    }
  }

  AxisView view_;
  bool reverse_, exclusive_;
};

std::unique_ptr<Kernel> make_cumulative(const KernelSpec& spec) {
  require_arity("cumulative", spec, 1, 1);
  const TensorSpec& x = spec.inputs[0];
  require_same_spec("cumulative", x, spec.outputs[0]);
  AxisView view(x.shape, checked_axis("cumulative", spec.attrs.get_int("axis"), x.shape.rank()));
  bool reverse = spec.attrs.get_bool("reverse", false), exclusive = spec.attrs.get_bool("exclusive", false);
  std::string kind = spec.attrs.get_string("kind");
  return visit_dtype(x.dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = typename decltype(tag)::type;
    auto make = [&](auto running) -> std::unique_ptr<Kernel> {
      return std::make_unique<CumulativeKernel<T, decltype(running)>>(view, reverse, exclusive);
    };
    if (kind == "sum") return make(RunningSum<T>{});
    if (kind == "prod") return make(RunningProduct<T>{});
    require(kind == "max" || kind == "min" || kind == "logsumexp", "cumulative",
            "unknown kind '" + kind + "', expected sum, prod, max, min or logsumexp");
    if constexpr (!is_complex_type<T>) {
      if (kind == "max") return make(RunningExtreme<T, true>{});
      if (kind == "min") return make(RunningExtreme<T, false>{});
    }
    if constexpr (is_floating<T>) {
      if (kind == "logsumexp") return make(RunningLogSumExp<T>{});
    }
    throw TypeError("cumulative: kind '" + kind + "' is not defined for " + dtype_name(x.dtype));
  });
}

HW_REGISTER_KERNEL("cumulative", make_cumulative)

}  // namespace
}  // namespace headwater
