#include "records.h"

#include <cstring>

#include "crc32c.h"

namespace headwater {
namespace {

// So that a checksum of data that hold checksums is no problem.
uint32_t masked(uint32_t crc) { return (crc >> 15 | crc << 17) + 0xA282EAD8u; }

template <class T>
T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

char* put(char* out, const void* data, size_t size) {
  if (size > 0) std::memcpy(out, data, size);
  return out + size;
}

char* put_crc(char* out, const void* data, size_t size) {
  uint32_t crc = masked(crc32c(data, size));
  return put(out, &crc, sizeof crc);
}

}  // namespace

RecordScan scan_records(std::string_view block) {
  RecordScan scan;
  while (block.size() - scan.end >= kFrameHeader) {
    const char* frame = block.data() + scan.end;
    size_t left = block.size() - scan.end;
    if (masked(crc32c(frame, 8)) != load<uint32_t>(frame + 8)) {
      scan.damage = RecordDamage::kLength;
      break;
    }
    auto length = load<uint64_t>(frame);
    if (left < kFrameBytes || length > left - kFrameBytes) break;
    const char* record = frame + kFrameHeader;
    if (masked(crc32c(record, length)) != load<uint32_t>(record + length)) {
      scan.damage = RecordDamage::kRecord;
      break;
    }
    scan.records.emplace_back(record, length);
    scan.end += length + kFrameBytes;
  }
  return scan;
}

void frame_records(const std::vector<std::string_view>& records, char* out) {
  for (std::string_view record : records) {
    uint64_t length = record.size();
    const char* header = out;
    out = put(out, &length, sizeof length);
    out = put_crc(out, header, sizeof length);
    out = put(out, record.data(), record.size());
    out = put_crc(out, record.data(), record.size());
  }
}

}  // namespace headwater
