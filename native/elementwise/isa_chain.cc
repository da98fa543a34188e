// Chains of cheap operations: one value per block of eight vectors stays in registers while the steps are applied to it.
// So a chain costs one load per operand and one store, however many steps it has.
#include "loops.h"
#include "simd.h"

namespace headwater::HW_ISA {

using elementwise::ChainOp;
using elementwise::ChainStep;
using elementwise::Functions;
using elementwise::Lane;

namespace {

// Where a block's operands lie: `offset` elements into each slot; `partial` elements of one vector, or 0 for whole ones.
struct Place {
  char* const* slots;
  int64_t offset;
  size_t partial;
};

template <class V, bool kPartial>
HW_INLINE V fetch(const char* from, size_t bytes) {
  if constexpr (kPartial) return load_partial<V>(from, bytes);
  return load<V>(from);
}

template <class T, class V, bool kPartial>
HW_INLINE V operand(const ChainStep& step, int index, const Place& place, int j) {
  const char* base = place.slots[step.slots[index]];
  bool repeated = (step.repeated >> index) & 1;
  const char* from = base + (repeated ? 0 : (place.offset + j * kLanes<T>) * static_cast<int64_t>(sizeof(T)));
  return fetch<V, kPartial>(from, place.partial * sizeof(T));
}

// Bytes 0 or 1 to lanes all 0 or all 1.
template <class T, class V, bool kPartial>
HW_INLINE auto mask_lanes(const ChainStep& step, const Place& place, int j) {
  using M = decltype(V{} == V{});
  constexpr int kCount = kLanes<T>;
  const char* from = place.slots[step.slots[0]] + place.offset + j * kCount;
  typename VectorOf<int8_t, kCount>::type bytes{};
  std::memcpy(&bytes, from, kPartial ? place.partial : kCount);
  return __builtin_convertvector(bytes, M) != 0;
}

HW_INLINE F32 round_to_bfloat(F32 x) {
  U32 bits = bits_of(x);
  U32 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
  return x == x ? from_bits(rounded) : from_bits((bits | 0x400000u) & 0xffff0000u);
}
HW_INLINE F32 round_to_half(F32 x) {
#if defined(__x86_64__) && HW_ISA_LEVEL == 2
  return (F32)_mm512_cvtph_ps(_mm512_cvtps_ph((__m512)x, 0));
#elif defined(__x86_64__) && HW_ISA_LEVEL == 1
  return (F32)_mm256_cvtph_ps(_mm256_cvtps_ph((__m256)x, 0));
#else
  U32 sign = sign_bit(x);
  F32 a = abs(x);
  // Adding and taking away a number of the right size rounds to 10 bits; 0.5 does for the subnormal halves.
  F32 big = from_bits((bits_of(a) & 0x7f800000u) + (13u << 23));
  big = a < 0x1p-14f ? splat<F32>(0.5f) : big;
  F32 rounded = (a + big) - big;
  rounded = a >= 65520.0f ? splat<F32>(__builtin_inff()) : rounded;
  return x == x ? from_bits(bits_of(rounded) | sign) : x;
#endif
}
HW_INLINE F64 round_to_bfloat(F64 x) { return x; }
HW_INLINE F64 round_to_half(F64 x) { return x; }

template <class T, class V>
HW_INLINE void stream(T* to, V value) {
  if constexpr (sizeof(T) == 4) {
    store_streaming(to, value);
  } else {
    store_streaming(to, (F32)value);
  }
}

#define HW_EACH _Pragma("GCC unroll 8") for (int j = 0; j < kVectors; ++j)
#define HW_BINARY(name, expression)                                                                              \
  case ChainOp::name:                                                                                            \
    HW_EACH {                                                                                                    \
      V x = fetch<V, kPartial>(base + j * kVectorBytes, place.partial * sizeof(T));                              \
      V a = value[j];                                                                                            \
      value[j] = expression;                                                                                     \
    }                                                                                                            \
    break;                                                                                                       \
  case ChainOp::name##S: {                                                                                       \
    V x = load<V>(start);                                                                                        \
    HW_EACH {                                                                                                    \
      V a = value[j];                                                                                            \
      value[j] = expression;                                                                                     \
    }                                                                                                            \
    break;                                                                                                       \
  }
#define HW_UNARY(name, expression) \
  case ChainOp::name:              \
    HW_EACH {                      \
      V a = value[j];              \
      value[j] = expression;       \
    }                              \
    break;
#define HW_WHERE(name, comparison)                                                                               \
  case ChainOp::name:                                                                                            \
    HW_EACH {                                                                                                    \
      V a = value[j], b = operand<T, V, kPartial>(*step, 0, place, j);                                           \
      V yes = operand<T, V, kPartial>(*step, 1, place, j), no = operand<T, V, kPartial>(*step, 2, place, j);     \
      value[j] = (a comparison b) ? yes : no;                                                                    \
    }                                                                                                            \
    break;

template <class T, int kVectors, bool kPartial>
HW_INLINE void run_block(const ChainStep* step, const ChainStep* end, const Place& place) {
  using V = Vector<T>;
  V value[kVectors];
  HW_EACH value[j] = V{};
  for (; step != end; ++step) {
    char* start = place.slots[step->slots[0]];
    char* base = start + place.offset * static_cast<int64_t>(sizeof(T));
    switch (step->op) {
      case ChainOp::kLoad:
        HW_EACH value[j] = fetch<V, kPartial>(base + j * kVectorBytes, place.partial * sizeof(T));
        break;
      case ChainOp::kLoadS: {
        V x = load<V>(start);
        HW_EACH value[j] = x;
        break;
      }
      case ChainOp::kStoreStreaming:
        if constexpr (!kPartial) {
          HW_EACH stream(reinterpret_cast<T*>(base + j * kVectorBytes), value[j]);
          break;
        }
        [[fallthrough]];
      case ChainOp::kStore:
        if constexpr (kPartial) {
          store_partial(base, value[0], place.partial * sizeof(T));
        } else {
          HW_EACH store(base + j * kVectorBytes, value[j]);
        }
        break;
        HW_BINARY(kAdd, a + x)
        HW_BINARY(kSubtract, a - x)
        HW_BINARY(kSubtractFrom, x - a)
        HW_BINARY(kMultiply, a* x)
        HW_BINARY(kDivide, a / x)
        HW_BINARY(kDivideInto, x / a)
        HW_BINARY(kMaximum, maximum(a, x))
        HW_BINARY(kMinimum, minimum(a, x))
        HW_UNARY(kNegative, -a)
        HW_UNARY(kAbs, abs(a))
        HW_UNARY(kSquare, a* a)
        HW_UNARY(kSqrt, sqrt(a))
        HW_UNARY(kRsqrt, static_cast<T>(1) / sqrt(a))
        HW_UNARY(kReciprocal, static_cast<T>(1) / a)
        HW_UNARY(kRelu, max_or_second(V{}, a))  // NaN is the second, so it stays
        HW_UNARY(kRoundFloat16, round_to_half(a))
        HW_UNARY(kRoundBFloat16, round_to_bfloat(a))
        HW_UNARY(kFloor, floor(a))
      case ChainOp::kSelectKeep:
        HW_EACH {
          V x = operand<T, V, kPartial>(*step, 1, place, j);
          value[j] = mask_lanes<T, V, kPartial>(*step, place, j) ? value[j] : x;
        }
        break;
      case ChainOp::kSelectTake:
        HW_EACH {
          V x = operand<T, V, kPartial>(*step, 1, place, j);
          value[j] = mask_lanes<T, V, kPartial>(*step, place, j) ? x : value[j];
        }
        break;
        HW_WHERE(kWhereEqual, ==)
        HW_WHERE(kWhereNotEqual, !=)
        HW_WHERE(kWhereLess, <)
        HW_WHERE(kWhereLessEqual, <=)
        HW_WHERE(kWhereGreater, >)
        HW_WHERE(kWhereGreaterEqual, >=)
    }
  }
}

template <class T>
void run_chain(const ChainStep* steps, int count, char* const* slots, int64_t n) {
  constexpr int64_t kLane = kLanes<T>;
  const ChainStep* end = steps + count;
  int64_t i = 0;
  for (; i + 8 * kLane <= n; i += 8 * kLane) run_block<T, 8, false>(steps, end, Place{slots, i, 0});
  for (; i + kLane <= n; i += kLane) run_block<T, 1, false>(steps, end, Place{slots, i, 0});
  if (i < n) run_block<T, 1, true>(steps, end, Place{slots, i, static_cast<size_t>(n - i)});
}

}  // namespace

void fill_chains(Functions& table) {
  table.chains[static_cast<int>(Lane::kF32)] = run_chain<float>;
  table.chains[static_cast<int>(Lane::kF64)] = run_chain<double>;
}

}  // namespace headwater::HW_ISA
