// The vector math against the C library in long double: every function over its range, subnormal and huge arguments
// included, on every instruction set of the machine.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "../isa.h"
#include "../kernel.h"
#include "test.h"

namespace headwater {
namespace {

using Long = long double;

template <class T>
constexpr DType dtype_of() {
  return sizeof(T) == 4 ? DType::kFloat32 : DType::kFloat64;
}

template <class T>
std::vector<T> evaluate(const char* op, const std::vector<T>& x) {
  int64_t n = static_cast<int64_t>(x.size());
  KernelSpec spec;
  spec.inputs = spec.outputs = {TensorSpec{dtype_of<T>(), Dims{n}}};
  CodeEntry entry;
  entry.op = op;
  entry.dtype = dtype_of<T>();
  entry.args = {0};
  spec.attrs.set("shape", std::vector<int64_t>{n});
  spec.attrs.set("code", std::vector<CodeEntry>{entry});
  spec.attrs.set("results", std::vector<int64_t>{1});
  std::unique_ptr<Kernel> kernel = find_kernel("elementwise")(spec);
  std::vector<T> y(x.size());
  std::vector<char> scratch(kernel->scratch_bytes() + 64);
  const void* in[] = {x.data()};
  void* out[] = {y.data()};
  kernel->run(in, out, scratch.data());
  return y;
}

// Half of the numbers spread evenly over low..high, half with bits at random, so of every magnitude.
template <class T>
std::vector<T> samples(double low, double high, std::mt19937_64& random) {
  std::vector<T> result = {T(0),
                           -T(0),
                           std::numeric_limits<T>::denorm_min(),
                           std::numeric_limits<T>::quiet_NaN(),
                           std::numeric_limits<T>::infinity(),
                           -std::numeric_limits<T>::infinity()};
  std::uniform_real_distribution<double> even(low, high);
  for (int i = 0; i < 20000; ++i) {
    result.push_back(static_cast<T>(even(random)));
    uint64_t bits = random();
    T value;
    std::memcpy(&value, &bits, sizeof(value));
    result.push_back(value);
  }
  return result;
}

template <class T>
double distance(T got, Long exact) {  // in units in the last place
  T nearest = static_cast<T>(exact);
  if (std::isnan(nearest)) return std::isnan(got) ? 0 : 1e9;
  if (got == nearest) return 0;
  if (std::isnan(got)) return 1e9;
  if (std::isinf(nearest) || std::isinf(got)) return std::nextafter(got, nearest) == nearest ? 1 : 1e9;
  T size = std::fabs(nearest);
  Long unit = static_cast<Long>(std::nextafter(size, std::numeric_limits<T>::infinity())) - static_cast<Long>(size);
  return static_cast<double>(std::fabs((static_cast<Long>(got) - exact) / unit));
}

template <class T>
void check_function(const char* op, const std::function<Long(Long)>& exact, double low, double high) {
  std::mt19937_64 random(5);
  std::vector<T> x = samples<T>(low, high, random);
  Isa before = current_isa();
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    if (isa > detect_isa()) continue;
    set_isa(isa);
    std::vector<T> y = evaluate(op, x);
    set_isa(before);
    for (size_t i = 0; i < x.size(); ++i) {
      double error = distance(y[i], exact(static_cast<Long>(x[i])));
      if (error <= 4) continue;
      std::ostringstream message;
      message.precision(17);
      message << op << " of " << x[i] << " is " << y[i] << ", off by " << error << " units on " << isa_name(isa);
      testing::fail(__FILE__, __LINE__, message.str());
    }
  }
}
void check_both(const char* op, const std::function<Long(Long)>& exact, double low, double high) {
  check_function<float>(op, exact, low, high);
  check_function<double>(op, exact, low, high);
}

Long exact_sigmoid(Long x) { return 1 / (1 + std::exp(-x)); }
Long exact_softplus(Long x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

}  // namespace

TEST(exponentials_are_within_four_units) {
  check_both("exp", [](Long x) { return std::exp(x); }, -110, 95);
  check_both("exp", [](Long x) { return std::exp(x); }, -750, 711);
  check_both("exp2", [](Long x) { return std::exp2(x); }, -1080, 1025);
  check_both("expm1", [](Long x) { return std::expm1(x); }, -4, 4);
  check_both("sinh", [](Long x) { return std::sinh(x); }, -20, 20);
  check_both("cosh", [](Long x) { return std::cosh(x); }, -20, 20);
  check_both("tanh", [](Long x) { return std::tanh(x); }, -12, 12);
  check_both("sigmoid", exact_sigmoid, -100, 100);
  check_both("softplus", exact_softplus, -100, 100);
}

TEST(logarithms_are_within_four_units) {
  check_both("log", [](Long x) { return std::log(x); }, 0, 4);
  check_both("log2", [](Long x) { return std::log2(x); }, 0, 4);
  check_both("log10", [](Long x) { return std::log10(x); }, 0, 4);
  check_both("log1p", [](Long x) { return std::log1p(x); }, -1, 4);
  check_both("asinh", [](Long x) { return std::asinh(x); }, -9, 9);
  check_both("acosh", [](Long x) { return std::acosh(x); }, 1, 9);
  check_both("atanh", [](Long x) { return std::atanh(x); }, -1, 1);
}

TEST(trigonometry_is_within_four_units_at_any_angle) {
  // Long double has no reduction for arguments of doubles near 1e300 that could serve as a reference below 2^63.
  auto beyond = [](Long x) { return std::fabs(x) > 0x1p62L && std::isfinite(x); };
  check_both(
      "sin", [&](Long x) { return beyond(x) ? static_cast<Long>(std::sin(static_cast<double>(x))) : std::sin(x); },
      -1e6, 1e6);
  check_both(
      "cos", [&](Long x) { return beyond(x) ? static_cast<Long>(std::cos(static_cast<double>(x))) : std::cos(x); },
      -1e6, 1e6);
  check_both(
      "tan", [&](Long x) { return beyond(x) ? static_cast<Long>(std::tan(static_cast<double>(x))) : std::tan(x); },
      -1e3, 1e3);
  check_both("asin", [](Long x) { return std::asin(x); }, -1, 1);
  check_both("acos", [](Long x) { return std::acos(x); }, -1, 1);
  check_both("atan", [](Long x) { return std::atan(x); }, -9, 9);
}

TEST(error_functions_and_roots_are_within_four_units) {
  check_both("erf", [](Long x) { return std::erf(x); }, -6, 6);
  check_both("erfc", [](Long x) { return std::erfc(x); }, -6, 28);
  check_both("cbrt", [](Long x) { return std::cbrt(x); }, -9, 9);
  check_both("sqrt", [](Long x) { return std::sqrt(x); }, 0, 9);
}

}  // namespace headwater
