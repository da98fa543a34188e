#include "string_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <stdexcept>

#include "../thread_pool.h"

namespace headwater {
namespace {

constexpr int64_t kGrain = 4096;  // keys: some 100 us
constexpr int64_t kAhead = 16;    // keys whose places are fetched while others are compared

uint64_t load(const char* p, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, p, size);
  return word;
}

uint64_t mix(uint64_t a, uint64_t b) {
  auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Another one in each process, so that nobody can write a vocabulary whose words all meet in one place.
const uint64_t kSeed = [] {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}();

// Folds 16 bytes at a time by a full product, as wyhash does; the constants are the fractions of the golden ratio and
// of the root of two.
uint64_t hash_of(std::string_view key) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15u, kSecond = 0x6A09E667F3BCC909u;
  uint64_t hash = kSeed ^ key.size();
  const char* p = key.data();
  size_t left = key.size();
  for (; left > 16; left -= 16, p += 16) hash = mix(load(p, 8) ^ kSecond, load(p + 8, 8) ^ hash);
  uint64_t low = load(p, left < 8 ? left : 8), high = left > 8 ? load(p + 8, left - 8) : 0;
  return mix(mix(low ^ kSecond, high ^ hash), kFirst);
}

}  // namespace

StringRows::StringRows(const std::vector<std::string_view>& keys) {
  if (keys.size() > size_t{1} << 30) throw std::overflow_error("a dictionary may have at most 2**30 keys");
  size_t total = 0;
  for (std::string_view key : keys) total += key.size();
  bytes_.reserve(total);
  starts_.reserve(keys.size() + 1);
  starts_.push_back(0);
  for (std::string_view key : keys) {
    bytes_.append(key);
    starts_.push_back(static_cast<int64_t>(bytes_.size()));
  }
  places_.resize(std::bit_ceil(keys.size() * 2 + 1));
  mask_ = places_.size() - 1;
  for (int32_t row = 0; row < static_cast<int32_t>(keys.size()); ++row) {
    uint64_t hash = hash_of(key(row));
    uint64_t at = hash & mask_;
    auto tag = static_cast<uint32_t>(hash >> 32);
    while (places_[at].row >= 0 && !(places_[at].tag == tag && key(places_[at].row) == key(row))) at = (at + 1) & mask_;
    places_[at] = {tag, row};
  }
}

int64_t StringRows::row_of(std::string_view wanted, uint64_t hash) const {
  auto tag = static_cast<uint32_t>(hash >> 32);
  for (uint64_t at = hash & mask_; places_[at].row >= 0; at = (at + 1) & mask_)
    if (places_[at].tag == tag && key(places_[at].row) == wanted) return places_[at].row;
  return -1;
}

void StringRows::find(const std::vector<std::string_view>& keys, int64_t* rows) const {
  parallel_for(static_cast<int64_t>(keys.size()), kGrain, [&](int64_t begin, int64_t end) {
    uint64_t hashes[kAhead];
    for (int64_t first = begin; first < end; first += kAhead) {
      int64_t count = std::min(kAhead, end - first);
      for (int64_t i = 0; i < count; ++i) {
        hashes[i] = hash_of(keys[static_cast<size_t>(first + i)]);
        __builtin_prefetch(&places_[hashes[i] & mask_]);
      }
      for (int64_t i = 0; i < count; ++i) rows[first + i] = row_of(keys[static_cast<size_t>(first + i)], hashes[i]);
    }
  });
}

}  // namespace headwater
