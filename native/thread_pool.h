// One thread pool for our kernels and for oneDNN (gomp.cc). It lives in libhwpool.so.
//
// - The caller takes part in the work. Workers spin for some microseconds after work, then sleep.
// - A call from inside a parallel region, or while another thread uses the pool, runs on the calling thread alone.
// - After fork the child starts with a fresh pool, made at its first use.
// - An exception thrown by a chunk is rethrown in the caller after all running chunks ended; later chunks are skipped.
//
// Never run a oneDNN primitive inside a parallel region.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#define HW_POOL_API __attribute__((visibility("default")))

namespace headwater {

// Threads that a parallel region may use, the caller included; at least 1.
HW_POOL_API int num_threads();
// n >= 1; larger than the default is allowed (up to 256). 0 restores the default.
HW_POOL_API void set_num_threads(int n);
// min(affinity, cgroup quota), or HEADWATER_NUM_THREADS / OMP_NUM_THREADS.
HW_POOL_API int default_num_threads();
HW_POOL_API bool in_parallel_region();

namespace detail {
using ChunkFunction = void (*)(void* context, int64_t chunk);
// Calls function(context, i) once for each i in 0..chunks-1, in any order, on any thread.
HW_POOL_API void run_chunks(int64_t chunks, ChunkFunction function, void* context);
}  // namespace detail

// fn(index, begin, end) for every fixed chunk [index*chunk, min(n, (index+1)*chunk)): the chunks, and so the partial
// results of a reduction over each, do not depend on the number of threads.
template <class Fn>
void parallel_chunks(int64_t n, int64_t chunk, Fn&& fn) {
  if (n <= 0) return;
  chunk = std::max<int64_t>(chunk, 1);
  int64_t chunks = (n - 1) / chunk + 1;
  if (chunks == 1) {
    fn(int64_t{0}, int64_t{0}, n);
    return;
  }
  struct Context {
    std::remove_reference_t<Fn>* fn;
    int64_t n, chunk;
  } context{&fn, n, chunk};
  detail::run_chunks(
      chunks,
      [](void* pointer, int64_t index) {
        auto& c = *static_cast<Context*>(pointer);
        (*c.fn)(index, index* c.chunk, std::min(c.n, (index + 1) * c.chunk));
      },
      &context);
}

// fn(begin, end) over disjoint ranges that cover 0..n-1. Ranges start at multiples of `grain` and are at least that
// long (but the last); how many grains a range has depends on the number of threads, so fn must be a pure map. With
// n <= grain, one thread or a busy pool it is one call fn(0, n). Choose grain so that it takes some 10 us.
template <class Fn>
void parallel_for(int64_t n, int64_t grain, Fn&& fn) {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  if (n <= grain || in_parallel_region()) {
    fn(int64_t{0}, n);
    return;
  }
  int64_t grains = (n - 1) / grain + 1;
  int64_t pieces =
      std::min<int64_t>(grains, int64_t{4} * num_threads());  // a few each, so that a slow thread is helped
  if (num_threads() == 1) pieces = 1;
  int64_t chunk = ((grains - 1) / pieces + 1) * grain;
  parallel_chunks(n, chunk, [&fn](int64_t, int64_t begin, int64_t end) { fn(begin, end); });
}

}  // namespace headwater
