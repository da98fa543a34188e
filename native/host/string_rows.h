// A dictionary from byte strings to their rows, made once and asked for many strings at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headwater {

class StringRows {
 public:
  // Rows are numbered from 0 in the order of `keys`; of equal keys the last one counts.
  explicit StringRows(const std::vector<std::string_view>& keys);

  int64_t size() const { return static_cast<int64_t>(starts_.size()) - 1; }

  // rows[i] is the row of keys[i], or -1. May run on several threads.
  void find(const std::vector<std::string_view>& keys, int64_t* rows) const;

 private:
  struct Place {
    uint32_t tag = 0;  // the other half of the hash
    int32_t row = -1;  // -1: nothing here
  };

  std::string_view key(int32_t row) const {
    auto begin = starts_[static_cast<size_t>(row)];
    return {bytes_.data() + begin, static_cast<size_t>(starts_[static_cast<size_t>(row) + 1] - begin)};
  }
  int64_t row_of(std::string_view key, uint64_t hash) const;

  std::string bytes_;            // the keys, one after the other
  std::vector<int64_t> starts_;  // where each begins, and the end
  std::vector<Place> places_;    // open addressing; its size is a power of two, at least twice the keys
  uint64_t mask_ = 0;
};

}  // namespace headwater
