// The operations of the element-wise engine and the tables of compiled loops. Shared by the engine and the isa_*.cc
// files, so it holds plain data only.
#pragma once

#include <cstdint>

#include "../dtype.h"

namespace headwater::elementwise {

// What a register holds. The 16-bit floats are computed as float32 and rounded after each operation; bool is 0 or 1.
enum class Lane : uint8_t { kBool, kU8, kI8, kU16, kI16, kU32, kI32, kU64, kI64, kF32, kF64, kC64, kC128 };
inline constexpr int kNumLanes = 13;

constexpr Lane lane_of(DType dtype) {
  if (dtype == DType::kFloat16 || dtype == DType::kBFloat16 || dtype == DType::kFloat32) return Lane::kF32;
  return static_cast<Lane>(static_cast<int>(dtype) < 9 ? static_cast<int>(dtype) : static_cast<int>(dtype) - 2);
}
constexpr int lane_size(Lane lane) {
  constexpr uint8_t sizes[kNumLanes] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 16};
  return sizes[static_cast<int>(lane)];
}
constexpr bool is_real_float(Lane lane) { return lane == Lane::kF32 || lane == Lane::kF64; }
constexpr bool is_complex_lane(Lane lane) { return lane >= Lane::kC64; }

// How the dtype of a result follows from those of the arguments.
enum class Rule : uint8_t {
  kSame,       // all arguments and the result alike
  kPredicate,  // arguments alike, result bool
  kSelect,     // bool, then two like the result
  kScaled,     // float and an integer, result like the first
  kPart,       // complex (or real) to its real type
  kComplex,    // two floats to the complex type
  kCast,       // anything to anything
  kBits,       // same size
  kSource,     // no arguments
  kRow,        // reduction of the last axis: like the argument
  kLogical,    // arguments of any one dtype, result bool
};

// name, arity, rule, cost in picoseconds per float32 element
// clang-format off
#define HW_ELEMENTWISE_OPS(X) \
  X(add, 2, kSame, 100) X(subtract, 2, kSame, 100) X(multiply, 2, kSame, 100) X(divide, 2, kSame, 400) \
  X(floor_divide, 2, kSame, 6000) X(remainder, 2, kSame, 6000) X(fmod, 2, kSame, 6000) \
  X(power, 2, kSame, 15000) X(maximum, 2, kSame, 150) X(minimum, 2, kSame, 150) X(atan2, 2, kSame, 15000) \
  X(hypot, 2, kSame, 2000) X(logaddexp, 2, kSame, 5000) X(nextafter, 2, kSame, 3000) \
  X(copysign, 2, kSame, 200) X(heaviside, 2, kSame, 300) X(gcd, 2, kSame, 30000) X(lcm, 2, kSame, 30000) \
  X(ldexp, 2, kScaled, 500) X(negative, 1, kSame, 100) X(abs, 1, kPart, 100) X(sign, 1, kSame, 200) \
  X(square, 1, kSame, 100) X(sqrt, 1, kSame, 500) X(rsqrt, 1, kSame, 900) X(reciprocal, 1, kSame, 400) \
  X(exp, 1, kSame, 1500) X(exp2, 1, kSame, 1500) X(expm1, 1, kSame, 1800) X(log, 1, kSame, 2200) \
  X(log2, 1, kSame, 2200) X(log10, 1, kSame, 2200) X(log1p, 1, kSame, 3000) X(sin, 1, kSame, 2800) \
  X(cos, 1, kSame, 2800) X(tan, 1, kSame, 3500) X(asin, 1, kSame, 2000) X(acos, 1, kSame, 11000) \
  X(atan, 1, kSame, 2000) X(sinh, 1, kSame, 2400) X(cosh, 1, kSame, 1800) X(tanh, 1, kSame, 2200) \
  X(asinh, 1, kSame, 14000) X(acosh, 1, kSame, 12000) X(atanh, 1, kSame, 12000) X(erf, 1, kSame, 3000) \
  X(erfc, 1, kSame, 4000) X(erfinv, 1, kSame, 40000) X(lgamma, 1, kSame, 40000) X(digamma, 1, kSame, 40000) \
  X(cbrt, 1, kSame, 18000) X(floor, 1, kSame, 100) X(ceil, 1, kSame, 100) X(round, 1, kSame, 100) \
  X(trunc, 1, kSame, 100) X(isnan, 1, kPredicate, 150) X(isinf, 1, kPredicate, 150) \
  X(isfinite, 1, kPredicate, 150) X(signbit, 1, kPredicate, 150) X(sigmoid, 1, kSame, 2200) \
  X(softplus, 1, kSame, 4500) X(relu, 1, kSame, 100) X(silu, 1, kSame, 2300) X(gelu_tanh, 1, kSame, 3000) \
  X(equal, 2, kPredicate, 150) X(not_equal, 2, kPredicate, 150) X(less, 2, kPredicate, 150) \
  X(less_equal, 2, kPredicate, 150) X(greater, 2, kPredicate, 150) X(greater_equal, 2, kPredicate, 150) \
  X(logical_and, 2, kLogical, 100) X(logical_or, 2, kLogical, 100) X(logical_xor, 2, kLogical, 100) \
  X(logical_not, 1, kLogical, 100) X(bitwise_and, 2, kSame, 100) X(bitwise_or, 2, kSame, 100) \
  X(bitwise_xor, 2, kSame, 100) X(bitwise_not, 1, kSame, 100) X(left_shift, 2, kSame, 200) \
  X(right_shift, 2, kSame, 200) X(popcount, 1, kSame, 600) X(clz, 1, kSame, 600) X(select, 3, kSelect, 150) \
  X(clamp, 3, kSame, 200) X(cast, 1, kCast, 200) X(bitcast, 1, kBits, 0) X(real, 1, kPart, 200) \
  X(imag, 1, kPart, 200) X(conj, 1, kSame, 200) X(angle, 1, kPart, 20000) X(complex, 2, kComplex, 200) \
  X(const, 0, kSource, 0) X(iota, 0, kSource, 200) X(row_sum, 1, kRow, 100) X(row_max, 1, kRow, 150) \
  X(row_min, 1, kRow, 150) X(row_prod, 1, kRow, 100)
// clang-format on

enum class Op : uint8_t {
#define HW_OP(name, arity, rule, cost) k_##name,
  HW_ELEMENTWISE_OPS(HW_OP)
#undef HW_OP
  // Made by the compiler of tapes only.
  kInput,        // an input as it lies in memory
  kCopy,         // an argument over the whole iteration space
  kLoadFloat16,  // bits (kU16) to kF32
  kLoadBFloat16,
  kStoreFloat16,  // kF32 to bits, rounded
  kStoreBFloat16,
  kRoundFloat16,  // kF32 to the nearest value of the 16-bit type
  kRoundBFloat16,
  kCastToOdd,      // kF64 to kF32, rounded so that a second rounding to 16 bits is right
  kCompareSelect,  // select(a < b, x, y) and the like; one of four arguments each
  kCount,
};
inline constexpr int kNumOps = static_cast<int>(Op::kCount);

// args: one pointer each; step 0: the argument is one value, repeated kBlockLanes times in memory; step 1: n values.
// The result may be the memory of an argument of the same size.
using OpFunction = void (*)(void* result, const void* const* args, const int64_t* steps, int64_t n);
inline constexpr int kBlockLanes = 16;

enum class Reduce : uint8_t { kSum, kProd, kMax, kMin, kAny, kAll };
inline constexpr int kNumReduces = 6;

// The loops of one reduction for one lane. Sums and products of floats accumulate in doubles.
struct ReduceFunctions {
  int accumulator_size;
  void (*initialize)(void* accumulators, int64_t n);
  // *accumulator = *accumulator + x[0] + ... + x[n - 1]
  void (*segment)(void* accumulator, const void* x, int64_t n);
  // accumulators[i] += x[i]
  void (*vector)(void* accumulators, const void* x, int64_t n);
  // accumulators[i] += others[i], both accumulators
  void (*merge)(void* accumulators, const void* others, int64_t n);
  // result[i] = accumulators[i], in the lane's type
  void (*finish)(void* result, const void* accumulators, int64_t n);
  // result[r] = the reduction of row r of x (rows, columns), in the lane's type
  void (*rows)(void* result, const void* x, int64_t rows, int64_t columns);
  // a[i] = a[i] + b[i] in the lane's type
  void (*fold)(void* a, const void* x, const void* y, int64_t n);
};

// A chain runs over blocks of a tile with its one value in vector registers. Slots are numbers of pointers; _s marks an
// operand that is one value repeated.
enum class ChainOp : uint8_t {
  kLoad,
  kLoadS,
  kStore,
  kStoreStreaming,
  kAdd,
  kAddS,
  kSubtract,
  kSubtractS,
  kSubtractFrom,
  kSubtractFromS,
  kMultiply,
  kMultiplyS,
  kDivide,
  kDivideS,
  kDivideInto,
  kDivideIntoS,
  kMaximum,
  kMaximumS,
  kMinimum,
  kMinimumS,
  kNegative,
  kAbs,
  kSquare,
  kSqrt,
  kRsqrt,
  kReciprocal,
  kRelu,
  kRoundFloat16,
  kRoundBFloat16,
  kFloor,
  kSelectKeep,
  kSelectTake,  // mask ? value : x;  mask ? x : value
  kWhereEqual,
  kWhereNotEqual,
  kWhereLess,
  kWhereLessEqual,
  kWhereGreater,
  kWhereGreaterEqual,  // value < a ? b : c
};
struct ChainStep {
  ChainOp op;
  uint8_t repeated;  // bit i: operand i of kSelect..., kWhere... is one value
  uint16_t slots[3];
};
using ChainFunction = void (*)(const ChainStep* steps, int count, char* const* slots, int64_t n);

struct Functions {
  OpFunction ops[kNumOps][kNumLanes];      // by the lane of the first argument
  OpFunction casts[kNumLanes][kNumLanes];  // from, to
  ReduceFunctions reduces[kNumReduces][kNumLanes];
  ChainFunction chains[kNumLanes];  // kF32 and kF64 only
  void (*iota[kNumLanes])(void* result, int64_t first, int64_t step, int64_t n);
};

}  // namespace headwater::elementwise
