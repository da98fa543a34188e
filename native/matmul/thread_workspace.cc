#include "thread_workspace.h"

#include <memory>
#include <new>

namespace headwater {

void* thread_workspace(size_t bytes) {
  struct Free {
    void operator()(void* pointer) const { ::operator delete(pointer, std::align_val_t{64}); }
  };
  thread_local std::unique_ptr<void, Free> memory;
  thread_local size_t size = 0;
  if (size < bytes) {
    memory.reset();
    size = 0;
    memory.reset(::operator new(bytes, std::align_val_t{64}));
    size = bytes;
  }
  return memory.get();
}

}  // namespace headwater
