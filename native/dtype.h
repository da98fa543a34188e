// The element types, with the same codes as headwater/dtypes.py, and the two 16-bit floats.
#pragma once

#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>

#include "errors.h"

namespace headwater {

enum class DType : uint8_t {
  kBool = 0,
  kUInt8 = 1,
  kInt8 = 2,
  kUInt16 = 3,
  kInt16 = 4,
  kUInt32 = 5,
  kInt32 = 6,
  kUInt64 = 7,
  kInt64 = 8,
  kFloat16 = 9,
  kBFloat16 = 10,
  kFloat32 = 11,
  kFloat64 = 12,
  kComplex64 = 13,
  kComplex128 = 14,
};

inline constexpr int kNumDTypes = 15;

constexpr size_t item_size(DType dtype) {
  constexpr uint8_t sizes[kNumDTypes] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8, 8, 16};
  return sizes[static_cast<int>(dtype)];
}

constexpr const char* dtype_name(DType dtype) {
  constexpr const char* names[kNumDTypes] = {"bool",     "uint8",   "int8",    "uint16",    "int16",
                                             "uint32",   "int32",   "uint64",  "int64",     "float16",
                                             "bfloat16", "float32", "float64", "complex64", "complex128"};
  return names[static_cast<int>(dtype)];
}

constexpr bool is_float(DType dtype) { return dtype >= DType::kFloat16 && dtype <= DType::kFloat64; }
constexpr bool is_complex(DType dtype) { return dtype >= DType::kComplex64; }
constexpr bool is_integer(DType dtype) { return dtype >= DType::kUInt8 && dtype <= DType::kInt64; }
constexpr bool is_unsigned(DType dtype) {
  return dtype == DType::kUInt8 || dtype == DType::kUInt16 || dtype == DType::kUInt32 || dtype == DType::kUInt64;
}

// Checks a code that comes from outside.
inline DType dtype_from_code(int64_t code) {
  if (code < 0 || code >= kNumDTypes)
    throw TypeError("unknown dtype code " + std::to_string(code) + ", expected 0 to 14");
  return static_cast<DType>(code);
}

// float32 bits <-> float16 bits, round to nearest even; portable, correct for subnormals, infinities and NaN.
inline uint16_t float_to_half_bits(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint32_t sign = (bits >> 16) & 0x8000u;
  bits &= 0x7fffffffu;
  if (bits > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);   // NaN
  if (bits >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to infinity
  if (bits < 0x38800000u) {  // a subnormal half: the float adder does the rounding
    float shifted = std::bit_cast<float>(bits) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
  }
  bits += 0xfffu + ((bits >> 13) & 1u);
  return static_cast<uint16_t>(sign | ((bits - 0x38000000u) >> 13));
}

inline float half_bits_to_float(uint16_t half) {
  uint32_t sign = (half & 0x8000u) << 16;
  uint32_t magnitude = half & 0x7fffu;
  if (magnitude >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
  if (magnitude < 0x400u) {
    float value = static_cast<float>(magnitude) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000u));
}

inline uint16_t float_to_bfloat_bits(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float bfloat_bits_to_float(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

struct Float16 {
  uint16_t bits;
  Float16() = default;
  explicit Float16(float value) : bits(float_to_half_bits(value)) {}
  operator float() const { return half_bits_to_float(bits); }
};

struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  explicit BFloat16(float value) : bits(float_to_bfloat_bits(value)) {}
  operator float() const { return bfloat_bits_to_float(bits); }
};

template <class T>
struct TypeTag {
  using type = T;
};

// Calls `visitor(TypeTag<T>{})` with the C++ type of `dtype`; all branches must return the same type.
template <class Visitor>
decltype(auto) visit_dtype(DType dtype, Visitor&& visitor) {
  switch (dtype) {
    case DType::kBool:
      return visitor(TypeTag<bool>{});
    case DType::kUInt8:
      return visitor(TypeTag<uint8_t>{});
    case DType::kInt8:
      return visitor(TypeTag<int8_t>{});
    case DType::kUInt16:
      return visitor(TypeTag<uint16_t>{});
    case DType::kInt16:
      return visitor(TypeTag<int16_t>{});
    case DType::kUInt32:
      return visitor(TypeTag<uint32_t>{});
    case DType::kInt32:
      return visitor(TypeTag<int32_t>{});
    case DType::kUInt64:
      return visitor(TypeTag<uint64_t>{});
    case DType::kInt64:
      return visitor(TypeTag<int64_t>{});
    case DType::kFloat16:
      return visitor(TypeTag<Float16>{});
    case DType::kBFloat16:
      return visitor(TypeTag<BFloat16>{});
    case DType::kFloat32:
      return visitor(TypeTag<float>{});
    case DType::kFloat64:
      return visitor(TypeTag<double>{});
    case DType::kComplex64:
      return visitor(TypeTag<std::complex<float>>{});
    case DType::kComplex128:
      return visitor(TypeTag<std::complex<double>>{});
  }
  throw TypeError("unknown dtype");
}

}  // namespace headwater
