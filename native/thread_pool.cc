#include "thread_pool.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

#include "alone.h"
#include "team.h"

#if defined(__linux__)
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace headwater {
namespace {

constexpr int kMaxThreads = 256;
// How long a worker looks for new work, and a caller for the end of the work, before it sleeps. Waking costs 5 to 50
// microseconds, so a gap between two instructions of a program should be bridged; much more would harm neighbours.
constexpr std::chrono::microseconds kSpin{25};
constexpr std::chrono::microseconds kBarrierSpin{50};

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until condition() or until the time is over; true if the condition came.
template <class Condition>
bool spin_until(std::chrono::microseconds limit, Condition condition) {
  for (int i = 0; i < 64; ++i) {
    if (condition()) return true;
    pause();
  }
  auto deadline = std::chrono::steady_clock::now() + limit;
  do {
    for (int i = 0; i < 32; ++i) {
      if (condition()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

thread_local detail::Place* this_place = nullptr;
thread_local detail::Team* this_team = nullptr;
thread_local bool this_alone = false;

}  // namespace

namespace detail {

#if defined(__linux__)
void futex_wait(std::atomic<uint32_t>& word, uint32_t expected) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}
void futex_wake(std::atomic<uint32_t>& word, int count) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}
#else
void futex_wait(std::atomic<uint32_t>& word, uint32_t expected) { word.wait(expected); }
void futex_wake(std::atomic<uint32_t>& word, int) { word.notify_all(); }
#endif

void Barrier::wait() {
  uint32_t phase = phase_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) futex_wake(phase_, INT_MAX);
    return;
  }
  auto passed = [&] { return phase_.load(std::memory_order_acquire) != phase; };
  if (spin_until(kBarrierSpin, passed)) return;
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  while (phase_.load(std::memory_order_seq_cst) == phase) futex_wait(phase_, phase);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

Place* current_place() { return this_place; }
void set_current_place(Place* place) { this_place = place; }
Team* current_team() { return this_team; }

}  // namespace detail

namespace {

using RegionFunction = void (*)(void* context, int thread);

// At most one region runs at a time; holding `owner` gives the right to open one.
//
// A region is a function and a number of places. `state_` packs the places still open (high half) and the threads that
// run the region (low half). A worker joins by moving one from open to running. The caller closes what is still open
// when the work is done, so it never waits for a worker that the system has not yet woken; a team, whose threads wait
// for one another, is not closed, and all its places get taken.
class Pool {
 public:
  std::mutex owner;

  // Makes workers until there are `count`; returns how many there are. Call with `owner` held.
  int ensure_workers(int count) {
    int have = workers_.load(std::memory_order_relaxed);
    for (; have < count; ++have) {
      if (!start_worker()) break;
      workers_.store(have + 1, std::memory_order_relaxed);
    }
    return have;
  }

  int workers() const { return workers_.load(std::memory_order_relaxed); }

  void open(RegionFunction function, void* context, int places) {
    function_ = function;
    context_ = context;
    state_.store(static_cast<uint64_t>(places) << 32, std::memory_order_release);
    epoch_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) detail::futex_wake(epoch_, places);
  }

  void close() { state_.fetch_and(0xffffffffu, std::memory_order_acq_rel); }

  void wait_until_done() {
    auto done = [&] { return state_.load(std::memory_order_acquire) == 0; };
    if (spin_until(kSpin, done)) return;
    while (true) {
      caller_waits_.store(1, std::memory_order_seq_cst);
      if (state_.load(std::memory_order_seq_cst) == 0) break;
      detail::futex_wait(caller_waits_, 1);
    }
    caller_waits_.store(0, std::memory_order_relaxed);
  }

 private:
  bool start_worker() {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);  // signals belong to the threads of the program that uses us
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(
        &thread, &attributes,
        [](void* self) -> void* {
          static_cast<Pool*>(self)->work();
          return nullptr;
        },
        this);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    return error == 0;
  }

  void work() {
    uint32_t seen = epoch_.load(std::memory_order_acquire);
    while (true) {
      while (join_region()) {
      }
      auto news = [&] { return epoch_.load(std::memory_order_acquire) != seen; };
      if (!spin_until(kSpin, news)) {
        sleepers_.fetch_add(1, std::memory_order_seq_cst);
        while (epoch_.load(std::memory_order_seq_cst) == seen) detail::futex_wait(epoch_, seen);
        sleepers_.fetch_sub(1, std::memory_order_relaxed);
      }
      seen = epoch_.load(std::memory_order_acquire);
    }
  }

  bool join_region() {
    uint64_t state = state_.load(std::memory_order_acquire);
    uint64_t open;
    do {
      open = state >> 32;
      if (open == 0) return false;
    } while (!state_.compare_exchange_weak(state, state - (uint64_t{1} << 32) + 1, std::memory_order_acq_rel,
                                           std::memory_order_acquire));
    function_(context_, static_cast<int>(open));
    if (state_.fetch_sub(1, std::memory_order_seq_cst) == 1 && caller_waits_.load(std::memory_order_seq_cst)) {
      caller_waits_.store(0, std::memory_order_seq_cst);
      detail::futex_wake(caller_waits_, 1);
    }
    return true;
  }

  RegionFunction function_ = nullptr;
  void* context_ = nullptr;
  std::atomic<int> workers_{0};
  alignas(64) std::atomic<uint64_t> state_{0};
  alignas(64) std::atomic<uint32_t> epoch_{0};
  std::atomic<int> sleepers_{0};
  alignas(64) std::atomic<uint32_t> caller_waits_{0};
};

// Made at first use and never destroyed: its workers sleep until the process ends.
std::atomic<Pool*> the_pool{nullptr};
std::atomic<int> wanted_threads{0};

void forget_pool_after_fork() {
  the_pool.store(nullptr, std::memory_order_relaxed);  // its threads exist only in the parent
  this_place = nullptr;
  this_team = nullptr;
}

Pool& pool() {
  if (Pool* existing = the_pool.load(std::memory_order_acquire)) return *existing;
  static const int registered = pthread_atfork(nullptr, nullptr, forget_pool_after_fork);
  (void)registered;
  Pool* made = new Pool;
  Pool* expected = nullptr;
  if (the_pool.compare_exchange_strong(expected, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *expected;
}

#if defined(__linux__)
int affinity_count() {
  for (int cpus = 1024; cpus <= (1 << 20); cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (!set) break;
    size_t bytes = CPU_ALLOC_SIZE(cpus);
    CPU_ZERO_S(bytes, set);
    bool read = sched_getaffinity(0, bytes, set) == 0;
    int count = read ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (read) return std::max(count, 1);
  }
  return 1;
}

double read_number(const std::string& path) {
  std::ifstream file(path);
  double value = -1;
  return file >> value ? value : -1;
}

// CPUs that the quota in this folder of the cgroup tree allows, or a negative number.
double quota_in(const std::string& folder) {
  std::ifstream v2(folder + "/cpu.max");
  std::string quota;
  double period = 0;
  if (v2 >> quota >> period && quota != "max" && period > 0) return std::atof(quota.c_str()) / period;
  double v1_quota = read_number(folder + "/cpu.cfs_quota_us");
  double v1_period = read_number(folder + "/cpu.cfs_period_us");
  return v1_quota > 0 && v1_period > 0 ? v1_quota / v1_period : -1;
}

// The smallest quota from a group up to the root of its tree.
double quota_up_from(const std::string& root, std::string group) {
  double smallest = -1;
  while (true) {
    double quota = quota_in(root + group);
    if (quota > 0 && (smallest < 0 || quota < smallest)) smallest = quota;
    if (group.empty() || group == "/") return smallest;
    group.resize(group.find_last_of('/'));
  }
}

double cgroup_quota() {
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  double smallest = -1;
  auto take = [&smallest](double quota) {
    if (quota > 0 && (smallest < 0 || quota < smallest)) smallest = quota;
  };
  while (std::getline(groups, line)) {  // "number:controllers:/path"
    size_t first = line.find(':');
    size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string group = line.substr(second + 1);
    if (group.empty() || group[0] != '/') group = "";
    if (controllers == ",,") take(quota_up_from("/sys/fs/cgroup", group));
    if (controllers.find(",cpu,") != std::string::npos) {
      take(quota_up_from("/sys/fs/cgroup/cpu", group));
      take(quota_up_from("/sys/fs/cgroup/cpu,cpuacct", group));
    }
  }
  return smallest;
}

int allowed_threads() {
  int count = affinity_count();
  double quota = cgroup_quota();
  if (quota > 0) count = std::min(count, std::max(1, static_cast<int>(std::ceil(quota))));
  return count;
}
#else
int allowed_threads() { return std::max(1u, std::thread::hardware_concurrency()); }
#endif

int threads_from_environment() {
  for (const char* name : {"HEADWATER_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* text = std::getenv(name);
    if (!text) continue;
    long value = std::strtol(text, nullptr, 10);  // OMP_NUM_THREADS may be a list, whose first entry counts
    if (value >= 1) return static_cast<int>(std::min<long>(value, kMaxThreads));
  }
  return 0;
}

struct Chunks {
  detail::ChunkFunction function;
  void* context;
  int64_t count;
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error;

  void run() {
    try {
      for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) function(context, i);
    } catch (...) {
      if (!failed.exchange(true)) error = std::current_exception();
      next.store(count, std::memory_order_relaxed);
    }
  }
};

class InRegion {
 public:
  InRegion(int thread, int size) : outer_(this_place) {
    place_.thread = thread;
    place_.size = size;
    this_place = &place_;
  }
  ~InRegion() { this_place = outer_; }
  InRegion(const InRegion&) = delete;

 private:
  detail::Place place_;
  detail::Place* outer_;
};

}  // namespace

int default_num_threads() {
  static const int count = [] {
    int wish = threads_from_environment();
    return wish ? wish : std::min(allowed_threads(), kMaxThreads);
  }();
  return count;
}

int num_threads() {
  if (this_alone) return 1;
  int wish = wanted_threads.load(std::memory_order_relaxed);
  return wish ? wish : default_num_threads();
}

void set_num_threads(int n) { wanted_threads.store(std::clamp(n, 0, kMaxThreads), std::memory_order_relaxed); }

void set_alone(bool alone) { this_alone = alone; }

bool in_parallel_region() { return this_place != nullptr; }

namespace detail {

void run_chunks(int64_t chunks, ChunkFunction function, void* context) {
  int threads = static_cast<int>(std::min<int64_t>(chunks, num_threads()));
  Pool* shared = threads > 1 && !in_parallel_region() ? &pool() : nullptr;
  std::unique_lock<std::mutex> lock;
  if (shared) lock = std::unique_lock(shared->owner, std::try_to_lock);
  if (!lock.owns_lock()) {
    for (int64_t i = 0; i < chunks; ++i) function(context, i);
    return;
  }
  threads = 1 + std::min(threads - 1, shared->ensure_workers(threads - 1));
  Chunks work{function, context, chunks, {}, {}, {}};
  InRegion caller(0, threads);
  shared->open(
      [](void* pointer, int thread) {
        InRegion worker(thread, thread + 1);
        static_cast<Chunks*>(pointer)->run();
      },
      &work, threads - 1);
  work.run();
  shared->close();
  shared->wait_until_done();
  if (work.failed.load()) std::rethrow_exception(work.error);
}

class Team {
 public:
  Team(int size, void (*function)(void*), void* context)
      : barrier_(size),
        size_(size),
        function_(function),
        context_(context),
        outer_place_(this_place),
        outer_team_(this_team) {}

  void begin() {
    Pool& shared = pool();
    if (size_ > 1) {
      bool nested = outer_place_ != nullptr;
      if (!nested) shared.owner.lock();
      if (!nested && shared.ensure_workers(size_ - 1) >= size_ - 1) {
        held_ = &shared;
        shared.open(enter, this, size_ - 1);
      } else {
        if (!nested) shared.owner.unlock();
        start_threads();
      }
    }
    place_ = make_place(0);
    this_place = &place_;
    this_team = this;
  }

  void end() {
    this_place = outer_place_;
    this_team = outer_team_;
    if (held_) {
      held_->wait_until_done();
      held_->owner.unlock();
    }
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  static void enter(void* self, int thread) {
    Team* team = static_cast<Team*>(self);
    Place place = team->make_place(thread);
    Place* outer_place = this_place;
    Team* outer_team = this_team;
    this_place = &place;
    this_team = nullptr;
    team->function_(team->context_);
    this_place = outer_place;
    this_team = outer_team;
  }

  void start_threads() {
    threads_.reserve(size_ - 1);
    for (int i = 1; i < size_; ++i) threads_.emplace_back(enter, this, i);
  }

  Place make_place(int thread) {
    Place place;
    place.thread = thread;
    place.size = size_;
    place.barrier = &barrier_;
    return place;
  }

  Barrier barrier_;
  const int size_;
  void (*const function_)(void*);
  void* const context_;
  Place* const outer_place_;
  Team* const outer_team_;
  Place place_;
  Pool* held_ = nullptr;
  std::vector<std::thread> threads_;
};

Team* begin_team(int size, void (*function)(void*), void* context) {
  Team* team = new Team(std::max(size, 1), function, context);
  team->begin();
  return team;
}

void end_team(Team* team) {
  if (!team) return;
  team->end();
  delete team;
}

int team_limit() {
  int threads = num_threads();
  Pool& shared = pool();
  if (threads - 1 <= shared.workers() || in_parallel_region()) return threads;
  std::lock_guard lock(shared.owner);
  return 1 + std::min(threads - 1, shared.ensure_workers(threads - 1));
}

}  // namespace detail
}  // namespace headwater
