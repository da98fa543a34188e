// Memory of the calling thread for packed blocks.
#pragma once

#include <cstddef>

namespace headwater {

// At least `bytes` bytes, aligned to 64. It is kept for the next call, which may overwrite or move it; all that ask
// bound what they ask for, so that what a thread keeps is bounded too (about 2 MB).
void* thread_workspace(size_t bytes);

}  // namespace headwater
