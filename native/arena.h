// Memory blocks for buffers and arenas. Freed blocks of 32 KiB and more are kept for reuse, because returning them to
// the system and faulting them in again costs more than most kernels. What is kept never raises the peak: live and kept
// bytes together stay below the highest number of live bytes so far, and kept bytes below 256 MiB.
#pragma once

#include <cstddef>
#include <cstdint>

namespace headwater {

inline constexpr size_t kAlignment = 64;

struct Block {
  void* data = nullptr;  // aligned to kAlignment
  size_t bytes = 0;      // usable, at least what was asked for
  void* base = nullptr;  // what to give back to the system
};

// Throws std::bad_alloc if the system has no such memory. Contents are arbitrary.
Block allocate_block(size_t bytes);
void free_block(const Block& block);

struct MemoryUse {
  int64_t live = 0;       // bytes in blocks of 32 KiB and more that are in use
  int64_t kept = 0;       // bytes kept for reuse
  int64_t peak_live = 0;  // the highest `live` so far
};
MemoryUse memory_use();
void release_kept_memory();

}  // namespace headwater
