// The part of OpenMP's run-time interface that oneDNN uses, on our thread pool.
//
// GOMP_ and omp_ read HWTR_ and hwt_ here, and cmake/adopt_onednn.py gives the carried copy of oneDNN the same names:
// so it can never bind to a libgomp that another package brought into the process, nor can that package bind to this.
// The meaning of each function is that of the OpenMP specification and of GCC's documentation of libgomp's ABI.
#include <algorithm>

#include "team.h"
#include "thread_pool.h"

namespace detail = headwater::detail;

namespace {

// The place of a thread that is in no region.
thread_local detail::Place alone;

detail::Place* place_or_alone() {
  auto* place = detail::current_place();
  return place ? place : &alone;
}

// Sets the bounds of the calling thread's next piece; false if there is none.
bool next_piece(detail::Place* place, long* begin, long* end) {
  int64_t next = place->loop_next, last = place->loop_end;
  bool done = place->loop_step > 0 ? next >= last : next <= last;
  if (done) return false;
  int64_t stop = next + place->loop_chunk;
  *begin = static_cast<long>(next);
  *end = static_cast<long>(place->loop_step > 0 ? std::min(stop, last) : std::max(stop, last));
  place->loop_next = next + place->loop_stride;
  return true;
}

}  // namespace

extern "C" {

HW_POOL_API int hwt_get_max_threads() { return detail::team_limit(); }

HW_POOL_API int hwt_get_num_threads() { return place_or_alone()->size; }

HW_POOL_API int hwt_get_thread_num() { return place_or_alone()->thread; }

HW_POOL_API int hwt_in_parallel() { return headwater::in_parallel_region(); }

HW_POOL_API void hwt_set_num_threads(int) {}  // the pool's size is not oneDNN's to set

HW_POOL_API void HWTR_parallel_start(void (*function)(void*), void* data, unsigned threads) {
  detail::begin_team(threads == 0 ? detail::team_limit() : static_cast<int>(threads), function, data);
}

HW_POOL_API void HWTR_parallel_end() { detail::end_team(detail::current_team()); }

HW_POOL_API void HWTR_parallel(void (*function)(void*), void* data, unsigned threads, unsigned) {
  HWTR_parallel_start(function, data, threads);
  function(data);
  HWTR_parallel_end();
}

HW_POOL_API void HWTR_barrier() {
  auto* place = detail::current_place();
  if (place && place->barrier) place->barrier->wait();
}

HW_POOL_API bool HWTR_loop_static_start(long start, long end, long step, long chunk, long* begin, long* stop) {
  auto* place = place_or_alone();
  int64_t count = step > 0 ? (int64_t{end} - start + step - 1) / step : (int64_t{start} - end - step - 1) / -step;
  count = std::max<int64_t>(count, 0);
  int64_t size = place->size, thread = place->thread;
  if (chunk <= 0) {  // one block a thread, sizes differing by at most one
    int64_t small = count / size, larger = count % size;
    int64_t first = thread * small + std::min(thread, larger);
    int64_t own = small + (thread < larger ? 1 : 0);
    place->loop_next = start + first * step;
    place->loop_end = place->loop_next + own * step;
    place->loop_chunk = std::max<int64_t>(own, 1) * step;
    place->loop_stride = place->loop_chunk;
  } else {  // chunks dealt out in turn
    place->loop_next = start + thread * chunk * step;
    place->loop_end = start + count * step;
    place->loop_chunk = int64_t{chunk} * step;
    place->loop_stride = place->loop_chunk * size;
  }
  place->loop_step = step;
  return next_piece(place, begin, stop);
}

HW_POOL_API bool HWTR_loop_static_next(long* begin, long* end) { return next_piece(place_or_alone(), begin, end); }

HW_POOL_API void HWTR_loop_end() { HWTR_barrier(); }

HW_POOL_API void HWTR_loop_end_nowait() {}

}  // extern "C"
