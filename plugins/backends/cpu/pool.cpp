#include "pool.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "clock.h"

namespace quipu_cpu {
namespace {

constexpr std::uint32_t task_bits = 24;
constexpr std::uint64_t task_mask = (1u << task_bits) - 1;
constexpr std::uint64_t tag_mask = (std::uint64_t{1} << 40) - 1;

// Fewer pieces leave more to wait for behind a lost core, more cost an atomic operation each.
constexpr std::uint32_t most_pieces = 8;

// A stage of a decoded token takes microseconds; a scheduler's time slice takes milliseconds.
constexpr std::int64_t spin_with_own_core = 30'000;
constexpr std::int64_t spin_with_shared_core = 1'000;
// Longer than a caller needs between two tokens to sample, shorter than a person notices in power.
constexpr std::int64_t nap_after = 2'000'000;

std::uint64_t tag_of(std::uint64_t stage) {
  return stage >> task_bits;
}
std::uint32_t tasks_of(std::uint64_t stage) {
  return static_cast<std::uint32_t>(stage & task_mask);
}

/// Whether tag a was given out after tag b; right for tags that are less than 2^39 apart.
bool later(std::uint64_t a, std::uint64_t b) {
  return ((a - b) & tag_mask) - 1 < tag_mask / 2;
}

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// The first task of share `index` of `count`. Rounded up, so that a single task is thread 0's.
std::uint32_t share_begin(std::uint32_t tasks, std::uint32_t index, std::uint32_t count) {
  return static_cast<std::uint32_t>((std::uint64_t{tasks} * index + count - 1) / count);
}

// Of the calling thread. Where it is not allowed the thread runs where it did.
void bind_to(const NodePlace& place) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const std::uint32_t each : place.hardware_threads)
    if (each < CPU_SETSIZE) CPU_SET(each, &set);
  sched_setaffinity(0, sizeof set, &set);
}

/// Binds the calling thread while it lives; nothing for null.
class Bound {
 public:
  explicit Bound(const NodePlace* place)
      : bound_(place && sched_getaffinity(0, sizeof before_, &before_) == 0) {
    if (bound_) bind_to(*place);
  }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;
  ~Bound() {
    if (bound_) sched_setaffinity(0, sizeof before_, &before_);
  }

 private:
  cpu_set_t before_;
  bool bound_;
};

/// Every thread's own share, then those of its node, then the others.
std::vector<std::vector<std::uint32_t>> order_of_help(std::uint32_t threads,
                                                      const std::vector<NodePlace>& places) {
  std::vector<std::vector<std::uint32_t>> order(threads);
  for (std::uint32_t thread = 0; thread < threads; ++thread) {
    auto& own = order[thread];
    for (std::uint32_t i = 0; i < threads; ++i) own.push_back((thread + i) % threads);
    if (!places.empty())
      std::ranges::stable_partition(
          own, [&](std::uint32_t other) { return places[other].node == places[thread].node; });
  }
  return order;
}

}  // namespace

Pool::Pool(std::uint32_t threads) : shares_(threads ? threads : usable_cores()) {
  places_ = places(this->threads());
  start();
}

Pool::Pool(std::vector<NodePlace> places) : places_(std::move(places)), shares_(places_.size()) {
  start();
}

void Pool::start() {
  spin_nanoseconds_ = threads() <= usable_cores() ? spin_with_own_core : spin_with_shared_core;
  order_ = order_of_help(threads(), places_);
  try {
    for (std::uint32_t thread = 1; thread < threads(); ++thread)
      helpers_.emplace_back([this, thread] { serve(thread); });
  } catch (...) {
    stopping_ = true;
    ++wake_ups_;
    wake_ups_.notify_all();
    for (auto& helper : helpers_) helper.join();
    throw;
  }
}

Pool::~Pool() {
  stopping_ = true;
  ++wake_ups_;
  wake_ups_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

void Pool::run(std::span<const Stage* const> stages) noexcept {
  if (helpers_.empty()) {
    for (const Stage* stage : stages)
      if (const std::uint32_t tasks = stage->tasks()) stage->run(0, tasks, 0);
    return;
  }
  const Bound bound(places_.empty() ? nullptr : &places_[0]);
  stages_ = stages;
  next_ = 0;
  begin_next_stage();
  // A full barrier comes before the look for sleepers, so none can miss the stage just published.
  ++wake_ups_;
  wake_ups_.notify_all();
  std::uint64_t stage = current_.load(std::memory_order_acquire);
  while (tasks_of(stage) != 0) {
    work(stage, 0);
    wait_for_other_than(stage);
    stage = current_.load(std::memory_order_acquire);
  }
}

// Called by the one thread that finished the last task of a stage, or by run().
void Pool::begin_next_stage() noexcept {
  std::uint32_t tasks = 0;
  while (next_ < stages_.size() && tasks == 0) tasks = stages_[next_++]->tasks();
  done_.store(0, std::memory_order_relaxed);
  const std::uint64_t tag = (tag_of(current_.load(std::memory_order_relaxed)) + 1) & tag_mask;
  current_.store(tag << task_bits | tasks, std::memory_order_release);
}

void Pool::work(std::uint64_t stage, std::uint32_t thread) noexcept {
  std::uint32_t finished = 0;
  for (const std::uint32_t owner : order_[thread]) finished += take_from(owner, stage, thread);
  if (finished &&
      done_.fetch_add(finished, std::memory_order_acq_rel) + finished == tasks_of(stage))
    begin_next_stage();
}

// Taking a piece succeeds only while the stage is current: a share that has tasks is dealt out and
// emptied before the stage can end, and then carries its tag or a later one. So a thread that comes
// late touches nothing.
std::uint32_t Pool::take_from(std::uint32_t owner, std::uint64_t stage,
                              std::uint32_t thread) noexcept {
  const std::uint32_t begin = share_begin(tasks_of(stage), owner, threads());
  const std::uint32_t length = share_begin(tasks_of(stage), owner + 1, threads()) - begin;
  const std::uint32_t piece_count = std::min(length, most_pieces);
  if (piece_count == 0) return 0;
  const std::uint64_t tag = tag_of(stage);
  auto& pieces = shares_[owner].pieces;
  std::uint32_t finished = 0;
  std::uint64_t old = pieces.load(std::memory_order_acquire);
  for (;;) {
    if (later(old >> 16, tag)) return finished;
    const bool dealt = old >> 16 == tag;
    std::uint32_t front = dealt ? (old >> 8 & 255) : 0;
    std::uint32_t back = dealt ? (old & 255) : piece_count;
    if (front == back) return finished;
    const std::uint32_t piece = owner == thread ? front++ : --back;
    if (!pieces.compare_exchange_weak(old, tag << 16 | front << 8 | back, std::memory_order_acq_rel,
                                      std::memory_order_acquire))
      continue;
    const std::uint32_t first = begin + length * std::uint64_t{piece} / piece_count;
    const std::uint32_t last = begin + length * std::uint64_t{piece + 1} / piece_count;
    stages_[next_ - 1]->run(first, last, thread);
    finished += last - first;
    old = pieces.load(std::memory_order_acquire);
  }
}

void Pool::wait_for_other_than(std::uint64_t stage) const noexcept {
  std::int64_t until = 0;
  for (std::uint32_t turn = 0; current_.load(std::memory_order_acquire) == stage; ++turn) {
    relax();
    if (turn % 16 != 15) continue;
    const std::int64_t now = now_nanoseconds();
    if (until == 0) until = now + spin_nanoseconds_;
    if (now > until) std::this_thread::yield();
  }
}

void Pool::serve(std::uint32_t thread) noexcept {
  if (!places_.empty()) bind_to(places_[thread]);
  std::int64_t idle_since = 0;
  while (!stopping_.load(std::memory_order_relaxed)) {
    const std::uint32_t wake_ups = wake_ups_.load(std::memory_order_acquire);
    const std::uint64_t stage = current_.load(std::memory_order_acquire);
    if (tasks_of(stage) != 0) {
      work(stage, thread);
      wait_for_other_than(stage);
      idle_since = 0;
      continue;
    }
    const std::int64_t now = now_nanoseconds();
    if (idle_since == 0) idle_since = now;
    if (now - idle_since < spin_nanoseconds_)
      relax();
    else if (now - idle_since < nap_after)
      std::this_thread::yield();
    else
      wake_ups_.wait(wake_ups);
  }
}

}  // namespace quipu_cpu
