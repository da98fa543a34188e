// CRC-32C (Castagnoli), the checksum of TFRecord files. Uses the processor's instruction where the build has it, which
// is everywhere but on processors older than our baseline; a table otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace headwater {

uint32_t crc32c(const void* data, size_t size);

}  // namespace headwater
