// The thread pool, and OpenMP's entry points on it.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "isa.h"
#include "tests/test.h"
#include "thread_pool.h"

extern "C" {
int hwt_get_num_threads();
int hwt_get_thread_num();
int hwt_in_parallel();
void HWTR_barrier();
void HWTR_parallel(void (*function)(void*), void* data, unsigned threads, unsigned flags);
bool HWTR_loop_static_start(long start, long end, long step, long chunk, long* begin, long* stop);
bool HWTR_loop_static_next(long* begin, long* end);
}

namespace headwater {
namespace {

struct Threads {
  explicit Threads(int n) { set_num_threads(n); }
  ~Threads() { set_num_threads(0); }
};

template <class Fn>
void team(unsigned threads, Fn fn) {
  HWTR_parallel([](void* data) { (*static_cast<Fn*>(data))(); }, &fn, threads, 0);
}

}  // namespace

TEST(parallel_for_covers_every_index_once) {
  for (int threads : {1, 2, 5}) {
    Threads use(threads);
    for (int64_t n : {0, 1, 7, 64, 1000, 12345}) {
      for (int64_t grain : {1, 3, 64, 100000}) {
        std::vector<std::atomic<int>> seen(static_cast<size_t>(n));
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
        });
        for (auto& each : seen) CHECK_EQUAL(each.load(), 1);
      }
    }
  }
}

TEST(fixed_chunks_do_not_depend_on_the_number_of_threads) {
  std::vector<std::vector<int64_t>> splits;
  for (int threads : {1, 2, 7}) {
    Threads use(threads);
    std::vector<int64_t> ends(10);
    parallel_chunks(1000, 101, [&](int64_t index, int64_t, int64_t end) { ends[static_cast<size_t>(index)] = end; });
    splits.push_back(ends);
  }
  CHECK(splits[0] == splits[1] && splits[1] == splits[2]);
}

TEST(nested_calls_run_inline) {
  Threads use(4);
  std::atomic<int> total{0};
  parallel_chunks(8, 1, [&](int64_t, int64_t, int64_t) {
    CHECK(in_parallel_region());
    auto self = std::this_thread::get_id();
    parallel_chunks(8, 1, [&](int64_t, int64_t, int64_t) {
      CHECK(self == std::this_thread::get_id());
      ++total;
    });
  });
  CHECK_EQUAL(total.load(), 64);
  CHECK(!in_parallel_region());
}

TEST(an_exception_in_a_chunk_reaches_the_caller) {
  Threads use(4);
  for (int repeat = 0; repeat < 50; ++repeat)
    CHECK_THROWS(std::out_of_range, parallel_chunks(100, 1, [](int64_t index, int64_t, int64_t) {
                   if (index == 37) throw std::out_of_range("37");
                 }));
  std::atomic<int> count{0};
  parallel_chunks(10, 1, [&](int64_t, int64_t, int64_t) { ++count; });
  CHECK_EQUAL(count.load(), 10);
}

TEST(many_callers_share_the_pool) {
  Threads use(4);
  std::atomic<int64_t> total{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t)
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        parallel_chunks(16, 1, [&](int64_t, int64_t, int64_t) { ++total; });
        team(3, [&] {
          HWTR_barrier();
          ++total;
          HWTR_barrier();
        });
      }
    });
  for (auto& caller : callers) caller.join();
  CHECK_EQUAL(total.load(), 8 * 200 * (16 + 3));
}

TEST(threads_of_a_team_run_at_the_same_time) {
  for (unsigned size : {1u, 2u, 5u}) {
    for (int repeat = 0; repeat < 100; ++repeat) {
      std::atomic<unsigned> arrived{0}, ids{0};
      team(size, [&] {
        CHECK_EQUAL(hwt_get_num_threads(), static_cast<int>(size));
        ids += 1u << hwt_get_thread_num();
        ++arrived;
        HWTR_barrier();
        if (arrived.load() != size) ids = 0;
      });
      CHECK_EQUAL(ids.load(), (1u << size) - 1);
    }
  }
  CHECK_EQUAL(hwt_get_num_threads(), 1);
  CHECK(!hwt_in_parallel());
}

TEST(nested_teams_get_threads_of_their_own) {
  std::atomic<int> total{0};
  team(2, [&] {
    team(3, [&] {
      HWTR_barrier();
      ++total;
    });
  });
  CHECK_EQUAL(total.load(), 6);
}

TEST(static_loops_are_dealt_out_completely) {
  for (unsigned size : {1u, 3u, 4u}) {
    for (long chunk : {0l, 1l, 3l, 100l}) {
      for (long n : {0l, 1l, 10l, 23l}) {
        std::vector<std::atomic<int>> seen(static_cast<size_t>(n));
        team(size, [&] {
          long begin = 0, end = 0;
          for (bool more = HWTR_loop_static_start(0, n, 1, chunk, &begin, &end); more;
               more = HWTR_loop_static_next(&begin, &end))
            for (long i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
        });
        for (auto& each : seen) CHECK_EQUAL(each.load(), 1);
      }
    }
  }
}

TEST(the_pool_works_in_a_child_after_fork) {
  Threads use(3);
  std::atomic<int> warm{0};
  parallel_chunks(10, 1, [&](int64_t, int64_t, int64_t) { ++warm; });
  for (int repeat = 0; repeat < 20; ++repeat) {
    pid_t child = fork();
    if (child == 0) {
      std::atomic<int> count{0};
      parallel_chunks(10, 1, [&](int64_t, int64_t, int64_t) { ++count; });
      team(2, [&] {
        HWTR_barrier();
        ++count;
      });
      _exit(count.load() == 12 ? 0 : 1);
    }
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    parallel_chunks(10, 1, [&](int64_t, int64_t, int64_t) { ++warm; });
  }
}

TEST(an_instruction_set_above_the_machines_is_refused) {
  Isa best = detect_isa(), before = current_isa();
  set_isa(Isa::kBaseline);
  CHECK(current_isa() == Isa::kBaseline);
  set_isa(before);
  if (best < Isa::kAvx512) CHECK_THROWS(std::invalid_argument, set_isa(Isa::kAvx512));
  CHECK_THROWS(std::invalid_argument, isa_from_name("mmx"));
}

}  // namespace headwater
