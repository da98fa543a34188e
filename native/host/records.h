// The frames of TFRecord files: length (8 bytes, little-endian), masked CRC-32C of these, the record, masked CRC-32C of
// the record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace headwater {

constexpr size_t kFrameHeader = 12, kFrameBytes = 16;  // before a record; around it

enum class RecordDamage : int { kNone = 0, kLength = 1, kRecord = 2 };

struct RecordScan {
  std::vector<std::string_view> records;      // views of the block
  size_t end = 0;                             // where the last of them ends, with its checksum
  RecordDamage damage = RecordDamage::kNone;  // of the frame that begins at `end`
};

// The records that a block holds whole and undamaged, up to the first that is not.
RecordScan scan_records(std::string_view block);

// Writes the frames of `records` to `out`, which has room for their bytes and kFrameBytes each.
void frame_records(const std::vector<std::string_view>& records, char* out);

}  // namespace headwater
