// Sorting compares unsigned keys: an order-preserving map of each element type to an unsigned integer of its size.
// NaN, whatever its sign, is the largest value; complex numbers compare by real part, then by imaginary part.
#pragma once

#include <bit>
#include <complex>
#include <cstdint>
#include <type_traits>

#include "../dtype.h"
#include "arithmetic.h"

namespace headwater {

using UInt128 = unsigned __int128;

template <size_t kBytes>
using UnsignedOf = std::conditional_t<
    kBytes == 1, uint8_t,
    std::conditional_t<kBytes == 2, uint16_t,
                       std::conditional_t<kBytes == 4, uint32_t, std::conditional_t<kBytes == 8, uint64_t, UInt128>>>>;

template <class T>
using SortKey = UnsignedOf<sizeof(T)>;

// With kMergeZeros, -0.0 and 0.0 have one key (as equality wants it); without, the map can be undone.
template <bool kMergeZeros, class T>
inline SortKey<T> sort_key(T value) {
  using Key = SortKey<T>;
  constexpr Key sign = static_cast<Key>(Key{1} << (8 * sizeof(T) - 1));
  if constexpr (is_complex_type<T>) {
    using Part = typename T::value_type;
    return static_cast<Key>(static_cast<Key>(sort_key<kMergeZeros, Part>(value.real())) << (8 * sizeof(Part))) |
           sort_key<kMergeZeros, Part>(value.imag());
  } else if constexpr (is_floating<T>) {
    if (is_nan(value)) return static_cast<Key>(~Key{0});
    Key bits = std::bit_cast<Key>(value);
    if (kMergeZeros && bits == sign) bits = 0;
    return static_cast<Key>(bits & sign ? ~bits : bits | sign);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Key>(static_cast<Key>(value) ^ sign);
  } else {
    return static_cast<Key>(value);
  }
}

// The value whose sort_key<false> is `key` (a NaN for that of NaN).
template <class T>
inline T value_of_key(SortKey<T> key) {
  using Key = SortKey<T>;
  constexpr Key sign = static_cast<Key>(Key{1} << (8 * sizeof(T) - 1));
  if constexpr (is_complex_type<T>) {
    using Part = typename T::value_type;
    return T(value_of_key<Part>(static_cast<SortKey<Part>>(key >> (8 * sizeof(Part)))),
             value_of_key<Part>(static_cast<SortKey<Part>>(key)));
  } else if constexpr (is_floating<T>) {
    return std::bit_cast<T>(static_cast<Key>(key & sign ? key ^ sign : ~key));
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(key ^ sign);
  } else {
    return static_cast<T>(key);
  }
}

}  // namespace headwater
