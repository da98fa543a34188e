#include <type_traits>

#include "exact_product.h"

namespace headwater::HW_ISA {
namespace {

// Unsigned arithmetic of the result's width: it wraps, and a narrow factor is sign-extended first.
template <class In, class Out>
struct IntegerRing {
  using Input = In;
  using Sum = std::make_unsigned_t<Out>;
  static Sum factor(In x) { return static_cast<Sum>(static_cast<Out>(x)); }
  // Short types would be promoted to int, whose product may overflow.
  static void add_product(Sum& sum, Sum a, Sum b) {
    sum = static_cast<Sum>(sum + static_cast<Sum>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)));
  }
};

struct BoolRing {
  using Input = uint8_t;
  using Sum = uint8_t;
  static Sum factor(uint8_t x) { return x != 0; }
  static void add_product(Sum& sum, Sum a, Sum b) { sum |= static_cast<Sum>(a & b); }
};

template <class T>
struct Pair {
  T real, imaginary;
};

template <class T>
struct ComplexRing {
  using Input = Pair<T>;
  using Sum = Pair<T>;
  static Sum factor(Input x) { return x; }
  static void add_product(Sum& sum, Sum a, Sum b) {
    sum.real += a.real * b.real - a.imaginary * b.imaginary;
    sum.imaginary += a.real * b.imaginary + a.imaginary * b.real;
  }
};

template <class Ring>
void multiply(MatrixView a_view, MatrixView b_view, int64_t rows, int64_t columns, int64_t depth, void* c_data,
              int64_t c_row) {
  using Input = typename Ring::Input;
  using Sum = typename Ring::Sum;
  const Input* a = static_cast<const Input*>(a_view.data);
  const Input* b = static_cast<const Input*>(b_view.data);
  Sum* c = static_cast<Sum*>(c_data);
  constexpr int64_t kBlock = 256;  // columns of sums held on the stack
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t first = 0; first < columns; first += kBlock) {
      int64_t count = columns - first < kBlock ? columns - first : kBlock;
      Sum sums[kBlock] = {};
      if (b_view.column == 1) {
        for (int64_t p = 0; p < depth; ++p) {
          Sum x = Ring::factor(a[i * a_view.row + p * a_view.column]);
          const Input* line = b + p * b_view.row + first;
          for (int64_t j = 0; j < count; ++j) Ring::add_product(sums[j], x, Ring::factor(line[j]));
        }
      } else {
        for (int64_t j = 0; j < count; ++j) {
          const Input* line = b + (first + j) * b_view.column;
          Sum sum{};
          for (int64_t p = 0; p < depth; ++p)
            Ring::add_product(sum, Ring::factor(a[i * a_view.row + p * a_view.column]),
                              Ring::factor(line[p * b_view.row]));
          sums[j] = sum;
        }
      }
      for (int64_t j = 0; j < count; ++j) c[i * c_row + first + j] = sums[j];
    }
  }
}

}  // namespace

ExactProduct exact_product(DType in, DType out) {
  if (out == DType::kInt32 && in == DType::kInt8) return multiply<IntegerRing<int8_t, int32_t>>;
  if (out == DType::kInt32 && in == DType::kUInt8) return multiply<IntegerRing<uint8_t, int32_t>>;
  if (in != out) return nullptr;
  switch (in) {
    case DType::kBool:
      return multiply<BoolRing>;
    case DType::kUInt8:
      return multiply<IntegerRing<uint8_t, uint8_t>>;
    case DType::kInt8:
      return multiply<IntegerRing<int8_t, int8_t>>;
    case DType::kUInt16:
      return multiply<IntegerRing<uint16_t, uint16_t>>;
    case DType::kInt16:
      return multiply<IntegerRing<int16_t, int16_t>>;
    case DType::kUInt32:
      return multiply<IntegerRing<uint32_t, uint32_t>>;
    case DType::kInt32:
      return multiply<IntegerRing<int32_t, int32_t>>;
    case DType::kUInt64:
      return multiply<IntegerRing<uint64_t, uint64_t>>;
    case DType::kInt64:
      return multiply<IntegerRing<int64_t, int64_t>>;
    case DType::kComplex64:
      return multiply<ComplexRing<float>>;
    case DType::kComplex128:
      return multiply<ComplexRing<double>>;
    default:
      return nullptr;
  }
}

}  // namespace headwater::HW_ISA
