// Threads that work alone.
#pragma once

namespace headwater {

// From now on, or not any more, the calling thread opens no parallel region: num_threads() is 1 in it. For callers that
// are themselves as many as there are cores.
__attribute__((visibility("default"))) void set_alone(bool alone);

}  // namespace headwater
