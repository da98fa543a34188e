// What gomp.cc needs of the pool beyond thread_pool.h: regions whose threads all run at the same time.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace headwater::detail {

// Sleeps while *word == expected, until woken; may wake without reason.
void futex_wait(std::atomic<uint32_t>& word, uint32_t expected);
void futex_wake(std::atomic<uint32_t>& word, int count);

// All `size` threads of a team pass it together.
class Barrier {
 public:
  explicit Barrier(int size) : size_(size) {}
  void wait();

 private:
  const uint32_t size_;
  std::atomic<uint32_t> arrived_{0};
  std::atomic<uint32_t> phase_{0};
  std::atomic<uint32_t> sleepers_{0};
};

// One thread's place in the region that it runs.
struct Place {
  int thread = 0;
  int size = 1;
  Barrier* barrier = nullptr;
  // Loop state of GOMP_loop_static_*: the next chunk of this thread.
  int64_t loop_next = 0, loop_end = 0, loop_step = 0, loop_chunk = 0, loop_stride = 0;
};

// The calling thread's place, or null outside of any region.
Place* current_place();
void set_current_place(Place* place);

// Starts function(context) on `size` - 1 further threads, numbered from 1; all of them run concurrently. Waits for the
// pool if another thread uses it; inside a region it starts threads of its own. The caller becomes thread 0, does its
// part and calls end_team.
class Team;
Team* begin_team(int size, void (*function)(void*), void* context);
void end_team(Team* team);
Team* current_team();

// The threads that a team can have without new ones being made.
int team_limit();

}  // namespace headwater::detail
