// Operations that compilers vectorize by themselves: integers, comparisons, selections, copies.
#include <bit>
#include <limits>
#include <type_traits>

#include "loops.h"
#include "simd.h"

namespace headwater::HW_ISA {

using elementwise::Bool;
using elementwise::Complex;
using elementwise::Functions;
using elementwise::kLaneOf;
using elementwise::Op;
using elementwise::OpFunction;

namespace {

template <class T>
constexpr bool kIsComplex = false;
template <class T>
constexpr bool kIsComplex<Complex<T>> = true;
template <class T>
constexpr bool kIsBool = std::is_same_v<T, Bool>;

// ---- selections, copies, comparisons -------------------------------------------------------------------------------

template <class T>
void select_loop(void* result, const void* const* args, const int64_t* steps, int64_t n) {
  auto* out = static_cast<T*>(result);
  auto* mask = static_cast<const uint8_t*>(args[0]);
  auto* a = static_cast<const T*>(args[1]);
  auto* b = static_cast<const T*>(args[2]);
  if (!steps[0]) {
    const T* chosen = *mask ? a : b;
    int64_t step = *mask ? steps[1] : steps[2];
    for (int64_t i = 0; i < n; ++i) out[i] = chosen[i * step];
  } else if (steps[1] && steps[2]) {
    for (int64_t i = 0; i < n; ++i) out[i] = mask[i] ? a[i] : b[i];
  } else if (steps[1]) {
    const T y = *b;
    for (int64_t i = 0; i < n; ++i) out[i] = mask[i] ? a[i] : y;
  } else if (steps[2]) {
    const T x = *a;
    for (int64_t i = 0; i < n; ++i) out[i] = mask[i] ? x : b[i];
  } else {
    const T x = *a, y = *b;
    for (int64_t i = 0; i < n; ++i) out[i] = mask[i] ? x : y;
  }
}
template <class T>
void copy_loop(void* result, const void* const* args, const int64_t* steps, int64_t n) {
  auto* out = static_cast<T*>(result);
  auto* a = static_cast<const T*>(args[0]);
  if (steps[0]) {
    if (out != a) std::memmove(out, a, static_cast<size_t>(n) * sizeof(T));
  } else {
    const T x = *a;
    for (int64_t i = 0; i < n; ++i) out[i] = x;
  }
}
template <class T>
void iota_loop(void* result, int64_t first, int64_t step, int64_t n) {
  auto* out = static_cast<T*>(result);
  if constexpr (std::is_floating_point_v<T>) {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(first + i * step);
  } else if constexpr (kIsComplex<T>) {
    for (int64_t i = 0; i < n; ++i) out[i] = T{static_cast<decltype(T{}.re)>(first + i * step), 0};
  } else if constexpr (kIsBool<T>) {
    for (int64_t i = 0; i < n; ++i) out[i] = Bool{static_cast<uint8_t>(first + i * step != 0)};
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(first + i * step);
  }
}

#define HW_FUNCTION1(T, expression) [](T x) HW_LAMBDA { return expression; }
#define HW_FUNCTION2(T, expression) [](T a, T b) HW_LAMBDA { return expression; }

HW_INLINE Bool boolean(bool value) { return Bool{static_cast<uint8_t>(value)}; }
// What comparisons look at: a number.
template <class T>
HW_INLINE auto number(T x) {
  if constexpr (kIsBool<T>) {
    return x.value;
  } else {
    return x;
  }
}

template <class T>
struct Setter {
  Functions& table;
  void operator()(Op op, OpFunction function) const {
    table.ops[static_cast<int>(op)][static_cast<int>(kLaneOf<T>)] = function;
  }
};

template <class T>
void fill_any(Functions& table) {  // all lanes
  Setter<T> set{table};
  set(Op::kCopy, copy_loop<T>);
  set(Op::k_select, select_loop<T>);
  table.iota[static_cast<int>(kLaneOf<T>)] = iota_loop<T>;
}

template <class T>
void fill_comparisons(Functions& table) {  // all but complex
  Setter<T> set{table};
  set(Op::k_equal, map2<Bool, T, T, HW_FUNCTION2(T, boolean(number(a) == number(b)))>);
  set(Op::k_not_equal, map2<Bool, T, T, HW_FUNCTION2(T, boolean(number(a) != number(b)))>);
  set(Op::k_less, map2<Bool, T, T, HW_FUNCTION2(T, boolean(number(a) < number(b)))>);
  set(Op::k_less_equal, map2<Bool, T, T, HW_FUNCTION2(T, boolean(number(a) <= number(b)))>);
  if constexpr (std::is_floating_point_v<T>) {
    constexpr T kInf = std::numeric_limits<T>::infinity();
    set(Op::k_isnan, map1<Bool, T, HW_FUNCTION1(T, boolean(x != x))>);
    set(Op::k_isinf, map1<Bool, T, HW_FUNCTION1(T, boolean(__builtin_fabs(x) == kInf))>);
    set(Op::k_isfinite, map1<Bool, T, HW_FUNCTION1(T, boolean(__builtin_fabs(x) < kInf))>);
    set(Op::k_signbit, map1<Bool, T, HW_FUNCTION1(T, boolean(std::signbit(x)))>);
  }
}

// ---- integers ------------------------------------------------------------------------------------------------------

template <class T>
using Unsigned = std::make_unsigned_t<T>;
// Wide enough that unsigned arithmetic does not fall back to int, where overflow is undefined.
template <class T>
using Wrapping = std::conditional_t<(sizeof(T) < 4), uint32_t, Unsigned<T>>;
template <class T>
HW_INLINE Wrapping<T> wrap(T x) {
  return static_cast<Wrapping<T>>(x);
}

template <class T>
HW_INLINE T shift_left(T a, T b) {
  constexpr auto kBits = static_cast<Unsigned<T>>(8 * sizeof(T));
  auto count = static_cast<Unsigned<T>>(b);
  bool out = count >= kBits;
  return out ? T(0) : static_cast<T>(wrap(a) << (out ? 0 : count));
}
template <class T>
HW_INLINE T shift_right(T a, T b) {
  constexpr auto kBits = static_cast<Unsigned<T>>(8 * sizeof(T));
  auto count = static_cast<Unsigned<T>>(b);
  bool out = count >= kBits;
  T filled = static_cast<T>(a < 0 ? -1 : 0);
  return out ? filled : static_cast<T>(a >> (out ? 0 : count));
}
template <class T>
void fill_integers(Functions& table) {
  Setter<T> set{table};
  set(Op::k_add, map2<T, T, T, HW_FUNCTION2(T, static_cast<T>(wrap(a) + wrap(b)))>);
  set(Op::k_subtract, map2<T, T, T, HW_FUNCTION2(T, static_cast<T>(wrap(a) - wrap(b)))>);
  set(Op::k_multiply, map2<T, T, T, HW_FUNCTION2(T, static_cast<T>(wrap(a) * wrap(b)))>);
  set(Op::k_maximum, map2<T, T, T, HW_FUNCTION2(T, (a > b) ? a : b)>);
  set(Op::k_minimum, map2<T, T, T, HW_FUNCTION2(T, (a < b) ? a : b)>);
  set(Op::k_bitwise_and, map2<T, T, T, HW_FUNCTION2(T, static_cast<T>(a & b))>);
  set(Op::k_bitwise_or, map2<T, T, T, HW_FUNCTION2(T, static_cast<T>(a | b))>);
  set(Op::k_bitwise_xor, map2<T, T, T, HW_FUNCTION2(T, static_cast<T>(a ^ b))>);
  set(Op::k_bitwise_not, map1<T, T, HW_FUNCTION1(T, static_cast<T>(~x))>);
  set(Op::k_left_shift, map2<T, T, T, HW_FUNCTION2(T, shift_left(a, b))>);
  set(Op::k_right_shift, map2<T, T, T, HW_FUNCTION2(T, shift_right(a, b))>);
  set(Op::k_negative, map1<T, T, HW_FUNCTION1(T, static_cast<T>(0u - wrap(x)))>);
  set(Op::k_square, map1<T, T, HW_FUNCTION1(T, static_cast<T>(wrap(x) * wrap(x)))>);
  set(Op::k_sign, map1<T, T, HW_FUNCTION1(T, static_cast<T>((x > 0) - (x < 0)))>);
  set(Op::k_relu, map1<T, T, HW_FUNCTION1(T, (x > 0) ? x : T(0))>);
  set(Op::k_abs, map1<T, T, HW_FUNCTION1(T, static_cast<T>(x < 0 ? 0u - wrap(x) : wrap(x)))>);
  for (Op op : {Op::k_floor, Op::k_ceil, Op::k_round, Op::k_trunc}) set(op, copy_loop<T>);
}

void fill_bools(Functions& table) {
  Setter<Bool> set{table};
  constexpr OpFunction either = map2<Bool, Bool, Bool, HW_FUNCTION2(Bool, boolean(a.value | b.value))>;
  constexpr OpFunction both = map2<Bool, Bool, Bool, HW_FUNCTION2(Bool, boolean(a.value & b.value))>;
  for (Op op : {Op::k_add, Op::k_maximum, Op::k_bitwise_or, Op::k_logical_or}) set(op, either);
  for (Op op : {Op::k_multiply, Op::k_minimum, Op::k_bitwise_and, Op::k_logical_and}) set(op, both);
  constexpr OpFunction differ = map2<Bool, Bool, Bool, HW_FUNCTION2(Bool, boolean(a.value ^ b.value))>;
  for (Op op : {Op::k_bitwise_xor, Op::k_logical_xor}) set(op, differ);
  constexpr OpFunction opposite = map1<Bool, Bool, HW_FUNCTION1(Bool, boolean(!x.value))>;
  for (Op op : {Op::k_bitwise_not, Op::k_logical_not}) set(op, opposite);
  for (Op op : {Op::k_abs, Op::k_square, Op::k_sign, Op::k_relu, Op::k_floor, Op::k_ceil, Op::k_round, Op::k_trunc})
    set(op, copy_loop<Bool>);
}

// ldexp: two factors, so that results between the two ends of the range come out right.
template <class T>
HW_INLINE T power_of_two(int32_t k) {
  if constexpr (sizeof(T) == 4) {
    return std::bit_cast<float>(static_cast<uint32_t>(k + 127) << 23);
  } else {
    return std::bit_cast<double>(static_cast<uint64_t>(k + 1023) << 52);
  }
}
template <class T>
HW_INLINE T ldexp_lane(T x, int32_t k) {
  constexpr int32_t kMax = sizeof(T) == 4 ? 126 : 1022;
  k = k > 3 * kMax ? 3 * kMax : k < -3 * kMax ? -3 * kMax : k;
  int32_t first = k / 3, second = (k - first) / 2, third = k - first - second;
  // Halves of a falling result would be rounded twice; put all of the fall beyond the normal range into one factor.
  if (k < 0) {
    first = k < -kMax ? -kMax : k;
    second = k - first < -kMax ? -kMax : k - first;
    third = k - first - second;
    T y = x * power_of_two<T>(third) * power_of_two<T>(second);
    return y * power_of_two<T>(first);
  }
  return x * power_of_two<T>(first) * power_of_two<T>(second) * power_of_two<T>(third);
}

template <class... T>
void fill_for(Functions& table) {
  (fill_any<T>(table), ...);
}

}  // namespace

void fill_simple(Functions& table) {
  fill_for<Bool, uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, uint64_t, int64_t, float, double,
           Complex<float>, Complex<double>>(table);
  [&]<class... T>() { (fill_comparisons<T>(table), ...); }.template
  operator()<Bool, uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, uint64_t, int64_t, float, double>();
  [&]<class... T>() {
    (fill_integers<T>(table), ...);
  }.template operator()<uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, uint64_t, int64_t>();
  fill_bools(table);
  Setter<float> floats{table};
  Setter<double> doubles{table};
  floats(Op::k_ldexp, map2<float, float, int32_t, [](float x, int32_t k) HW_LAMBDA { return ldexp_lane(x, k); }>);
  doubles(Op::k_ldexp, map2<double, double, int32_t, [](double x, int32_t k) HW_LAMBDA { return ldexp_lane(x, k); }>);
}

}  // namespace headwater::HW_ISA
