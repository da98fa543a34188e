#include "arena.h"

#include <pthread.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include "dims.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HW_KEEP_BLOCKS 0
#else
#define HW_KEEP_BLOCKS 1
#endif

namespace headwater {
namespace {

constexpr size_t kSmall = size_t{32} << 10;  // below: malloc alone
constexpr size_t kMapped = size_t{1} << 20;  // from here on: mmap
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kHugeFrom = size_t{8} << 20;  // from here on the kernel is asked for huge pages
constexpr int64_t kMostKept = int64_t{256} << 20;
constexpr int64_t kSlack = int64_t{8} << 20;  // kept bytes always allowed

// Sizes in eight steps a doubling, so that slightly different sizes share blocks: at most 12.5 % is lost, and of
// mapped blocks only address space, because pages that nobody touches take no memory.
constexpr int kSteps = 8;

int class_of(size_t bytes) {
  int top = std::bit_width(bytes - 1) - 1;  // 2^top <= bytes - 1
  size_t step = (size_t{1} << top) / kSteps;
  return top * kSteps + static_cast<int>((bytes - 1 - (size_t{1} << top)) / step);
}

size_t bytes_of_class(int index) {
  size_t base = size_t{1} << (index / kSteps);
  return base + base / kSteps * (index % kSteps + 1);
}

Block from_malloc(size_t bytes) {
  void* base = std::malloc(bytes + kAlignment);
  if (!base) throw std::bad_alloc();
  auto address = (reinterpret_cast<uintptr_t>(base) + kAlignment) & ~uintptr_t{kAlignment - 1};
  return {reinterpret_cast<void*>(address), bytes, base};
}

Block from_system(size_t bytes) {
#if defined(__linux__) && HW_KEEP_BLOCKS
  if (bytes >= kMapped) {
    size_t alignment = bytes >= kHugeFrom ? kHugePage : 4096;
    size_t mapped = (bytes + 4095) / 4096 * 4096 + alignment;
    void* base = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) throw std::bad_alloc();
    auto start = reinterpret_cast<uintptr_t>(base);
    auto address = (start + alignment - 1) / alignment * alignment;
    if (address > start) munmap(base, address - start);
    size_t end = (bytes + 4095) / 4096 * 4096;
    if (start + mapped > address + end) munmap(reinterpret_cast<void*>(address + end), start + mapped - address - end);
    auto* data = reinterpret_cast<void*>(address);
    if (bytes >= kHugeFrom) madvise(data, end, MADV_HUGEPAGE);
    return {data, bytes, data};
  }
#endif
  return from_malloc(bytes);
}

void to_system(const Block& block) {
#if defined(__linux__) && HW_KEEP_BLOCKS
  if (block.bytes >= kMapped) {
    munmap(block.base, (block.bytes + 4095) / 4096 * 4096);
    return;
  }
#endif
  std::free(block.base);
}

class Cache {
 public:
  Cache() : classes_(64 * kSteps) {}

  Block take(size_t bytes) {
    int index = class_of(bytes);
    int64_t rounded = static_cast<int64_t>(bytes_of_class(index));
    std::vector<Block> surplus;
    {
      std::lock_guard lock(mutex_);
      auto& same = classes_[index];
      use_.live += rounded;
      use_.peak_live = std::max(use_.peak_live, use_.live);
      if (!same.empty()) {
        Block block = same.back();
        same.pop_back();
        use_.kept -= rounded;
        return block;
      }
      shrink(surplus, std::max(use_.peak_live - use_.live, kSlack));
    }
    for (const Block& block : surplus) to_system(block);
    try {
      return from_system(static_cast<size_t>(rounded));
    } catch (const std::bad_alloc&) {
      release_all();
      try {
        return from_system(static_cast<size_t>(rounded));
      } catch (const std::bad_alloc&) {
        std::lock_guard lock(mutex_);
        use_.live -= rounded;
        throw;
      }
    }
  }

  void give(const Block& block) {
    auto bytes = static_cast<int64_t>(block.bytes);
    std::vector<Block> surplus;
    {
      std::lock_guard lock(mutex_);
      use_.live -= bytes;
      if (HW_KEEP_BLOCKS && bytes <= kMostKept) {
        classes_[class_of(block.bytes)].push_back(block);
        use_.kept += bytes;
        shrink(surplus, kMostKept);
      } else {
        surplus.push_back(block);
      }
    }
    for (const Block& gone : surplus) to_system(gone);
  }

  void release_all() {
    std::vector<Block> surplus;
    {
      std::lock_guard lock(mutex_);
      shrink(surplus, 0);
    }
    for (const Block& block : surplus) to_system(block);
  }

  MemoryUse use() {
    std::lock_guard lock(mutex_);
    return use_;
  }

  std::mutex& mutex() { return mutex_; }

 private:
  // Moves kept blocks, the largest first, to `surplus` until at most `limit` bytes are kept.
  void shrink(std::vector<Block>& surplus, int64_t limit) {
    for (size_t i = classes_.size(); i-- > 0 && use_.kept > limit;) {
      while (!classes_[i].empty() && use_.kept > limit) {
        surplus.push_back(classes_[i].back());
        use_.kept -= static_cast<int64_t>(classes_[i].back().bytes);
        classes_[i].pop_back();
      }
    }
  }

  std::mutex mutex_;
  std::vector<std::vector<Block>> classes_;
  MemoryUse use_;
};

Cache& cache() {
  static Cache* instance = [] {
    auto* made = new Cache;  // never destroyed: buffers may outlive the statics
    // A child must not inherit the lock in the hands of a thread that it does not have.
    pthread_atfork([] { cache().mutex().lock(); }, [] { cache().mutex().unlock(); }, [] { cache().mutex().unlock(); });
    return made;
  }();
  return *instance;
}

}  // namespace

Block allocate_block(size_t bytes) {
  if (bytes < kSmall) return from_malloc(std::max(bytes, kAlignment));
  if (bytes > static_cast<size_t>(kMaxBytes) * 2) throw std::bad_alloc();
  return cache().take(bytes);
}

void free_block(const Block& block) {
  if (!block.base) return;
  if (block.bytes < kSmall)
    std::free(block.base);
  else
    cache().give(block);
}

MemoryUse memory_use() { return cache().use(); }

void release_kept_memory() { cache().release_all(); }

}  // namespace headwater
