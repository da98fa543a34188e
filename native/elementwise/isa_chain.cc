// Chains of cheap operations: one value per block of eight vectors stays in registers while the steps are applied to
// it. So a chain costs one load per operand and one store, however many steps it has.
#include "loops.h"
#include "simd.h"

namespace headwater::HW_ISA {

using elementwise::ChainOp;
using elementwise::ChainStep;
using elementwise::Functions;
using elementwise::Lane;

namespace {

// Where a block's operands lie: `offset` elements into each slot; `partial` elements of one vector, or 0 for whole
// ones.
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
  const char* from = base + (repeated ? 0 : (place.offset + j * kLanes<T>)*static_cast<int64_t>(sizeof(T)));
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
#define HW_BINARY(name, expression)                                               \
  name:                                                                           \
  HW_EACH {                                                                       \
    V x = fetch<V, kPartial>(base + j * kVectorBytes, place.partial * sizeof(T)); \
    V a = value[j];                                                               \
    value[j] = expression;                                                        \
  }                                                                               \
  HW_NEXT                                                                         \
  name##S : {                                                                     \
    V x = load<V>(start);                                                         \
    HW_EACH {                                                                     \
      V a = value[j];                                                             \
      value[j] = expression;                                                      \
    }                                                                             \
    HW_NEXT                                                                       \
  }
#define HW_UNARY(name, expression) \
  name:                            \
  HW_EACH {                        \
    V a = value[j];                \
    value[j] = expression;         \
  }                                \
  HW_NEXT
#define HW_WHERE(name, comparison)                                                                         \
  name:                                                                                                    \
  HW_EACH {                                                                                                \
    V a = value[j], b = operand<T, V, kPartial>(*step, 0, place, j);                                       \
    V yes = operand<T, V, kPartial>(*step, 1, place, j), no = operand<T, V, kPartial>(*step, 2, place, j); \
    value[j] = (a comparison b) ? yes : no;                                                                \
  }                                                                                                        \
  HW_NEXT

// Each step jumps to the next by itself: a jump of its own per operation is predicted far better than one shared by
// all.
#define HW_NEXT                                                    \
  {                                                                \
    if (++step == end) goto block_done;                            \
    start = place.slots[step->slots[0]];                           \
    base = start + place.offset * static_cast<int64_t>(sizeof(T)); \
    goto* kLabels[static_cast<int>(step->op)];                     \
  }

// Runs all whole blocks of kVectors vectors from place.offset on, or the one block of `partial` elements.
template <class T, int kVectors, bool kPartial>
__attribute__((noinline)) void run_blocks(const ChainStep* const first, const ChainStep* const end, Place& place,
                                          int64_t n) {
  using V = Vector<T>;
  constexpr int64_t kBlock = kVectors * kLanes<T>;
  // In the order of ChainOp.
  static const void* const kLabels[] = {
      &&kLoad,          &&kLoadS,
      &&kStore,         &&kStoreStreaming,
      &&kAdd,           &&kAddS,
      &&kSubtract,      &&kSubtractS,
      &&kSubtractFrom,  &&kSubtractFromS,
      &&kMultiply,      &&kMultiplyS,
      &&kDivide,        &&kDivideS,
      &&kDivideInto,    &&kDivideIntoS,
      &&kMaximum,       &&kMaximumS,
      &&kMinimum,       &&kMinimumS,
      &&kNegative,      &&kAbs,
      &&kSquare,        &&kSqrt,
      &&kRsqrt,         &&kReciprocal,
      &&kRelu,          &&kRoundFloat16,
      &&kRoundBFloat16, &&kFloor,
      &&kSelectKeep,    &&kSelectTake,
      &&kWhereEqual,    &&kWhereNotEqual,
      &&kWhereLess,     &&kWhereLessEqual,
      &&kWhereGreater,  &&kWhereGreaterEqual,
  };
  const ChainStep* step;
  char *start, *base;
  V value[kVectors];
  HW_EACH value[j] = V{};
next_block:
  if (!kPartial && place.offset + kBlock > n) return;
  step = first - 1;
  HW_NEXT
kLoad:
  HW_EACH value[j] = fetch<V, kPartial>(base + j * kVectorBytes, place.partial * sizeof(T));
  HW_NEXT
kLoadS:
  {
    V x = load<V>(start);
    HW_EACH value[j] = x;
    HW_NEXT
  }
kStoreStreaming:
  if constexpr (!kPartial) {
    HW_EACH stream(reinterpret_cast<T*>(base + j * kVectorBytes), value[j]);
    HW_NEXT
  }
  goto kStore;
kStore:
  if constexpr (kPartial) {
    store_partial(base, value[0], place.partial * sizeof(T));
  } else {
    HW_EACH store(base + j * kVectorBytes, value[j]);
  }
  HW_NEXT
  HW_BINARY(kAdd, a + x)
  HW_BINARY(kSubtract, a - x)
  HW_BINARY(kSubtractFrom, x - a)
  HW_BINARY(kMultiply, a * x)
  HW_BINARY(kDivide, a / x)
  HW_BINARY(kDivideInto, x / a)
  HW_BINARY(kMaximum, maximum(a, x))
  HW_BINARY(kMinimum, minimum(a, x))
  HW_UNARY(kNegative, -a)
  HW_UNARY(kAbs, abs(a))
  HW_UNARY(kSquare, a * a)
  HW_UNARY(kSqrt, sqrt(a))
  HW_UNARY(kRsqrt, static_cast<T>(1) / sqrt(a))
  HW_UNARY(kReciprocal, static_cast<T>(1) / a)
  HW_UNARY(kRelu, max_or_second(V{}, a))  // NaN is the second, so it stays
  HW_UNARY(kRoundFloat16, round_to_half(a))
  HW_UNARY(kRoundBFloat16, round_to_bfloat(a))
  HW_UNARY(kFloor, floor(a))
kSelectKeep:
  HW_EACH {
    V x = operand<T, V, kPartial>(*step, 1, place, j);
    value[j] = mask_lanes<T, V, kPartial>(*step, place, j) ? value[j] : x;
  }
  HW_NEXT
kSelectTake:
  HW_EACH {
    V x = operand<T, V, kPartial>(*step, 1, place, j);
    value[j] = mask_lanes<T, V, kPartial>(*step, place, j) ? x : value[j];
  }
  HW_NEXT
  HW_WHERE(kWhereEqual, ==)
  HW_WHERE(kWhereNotEqual, !=)
  HW_WHERE(kWhereLess, <)
  HW_WHERE(kWhereLessEqual, <=)
  HW_WHERE(kWhereGreater, >)
  HW_WHERE(kWhereGreaterEqual, >=)
block_done:
  if (kPartial) return;
  place.offset += kBlock;
  goto next_block;
}

template <class T>
void run_chain(const ChainStep* steps, int count, char* const* slots, int64_t n) {
  const ChainStep* end = steps + count;
  Place place{slots, 0, 0};
  run_blocks<T, 8, false>(steps, end, place, n);
  if (place.offset == n) return;
  run_blocks<T, 1, false>(steps, end, place, n);
  place.partial = static_cast<size_t>(n - place.offset);
  if (place.partial) run_blocks<T, 1, true>(steps, end, place, n);
}

}  // namespace

void fill_chains(Functions& table) {
  table.chains[static_cast<int>(Lane::kF32)] = run_chain<float>;
  table.chains[static_cast<int>(Lane::kF64)] = run_chain<double>;
}

}  // namespace headwater::HW_ISA
