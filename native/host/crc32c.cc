#include "crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace headwater {
namespace {

template <class T>
T load(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

#if defined(__SSE4_2__)
uint32_t add_byte(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }
uint32_t add_word(uint32_t crc, uint64_t word) { return static_cast<uint32_t>(_mm_crc32_u64(crc, word)); }
#elif defined(__ARM_FEATURE_CRC32)
uint32_t add_byte(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }
uint32_t add_word(uint32_t crc, uint64_t word) { return __crc32cd(crc, word); }
#else
constexpr uint32_t kPolynomial = 0x82F63B78;

constexpr auto kTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t value = 0; value < 256; ++value) {
    uint32_t crc = value;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
    table[value] = crc;
  }
  return table;
}();

uint32_t add_byte(uint32_t crc, uint8_t byte) { return kTable[(crc ^ byte) & 255] ^ crc >> 8; }
uint32_t add_word(uint32_t crc, uint64_t word) {
  for (int i = 0; i < 8; ++i) crc = add_byte(crc, static_cast<uint8_t>(word >> 8 * i));
  return crc;
}
#endif

}  // namespace

uint32_t crc32c(const void* data, size_t size) {
  static_assert(std::endian::native == std::endian::little);
  auto* place = static_cast<const uint8_t*>(data);
  uint32_t crc = ~uint32_t{0};
  for (; size >= 8; size -= 8, place += 8) crc = add_word(crc, load<uint64_t>(place));
  for (; size > 0; --size, ++place) crc = add_byte(crc, *place);
  return ~crc;
}

}  // namespace headwater
