// Threads that work through a list of stages together.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "cores.h"

namespace quipu_cpu {

/// Work cut into numbered tasks. The next stage begins when every task of this one is done, so a
/// task may read whatever earlier stages wrote.
class Stage {
 public:
  static constexpr std::uint32_t most_tasks = (1u << 24) - 1;

  virtual ~Stage() = default;
  /// Asked once per run, after the earlier stages; 0 skips the stage. At most most_tasks.
  virtual std::uint32_t tasks() const noexcept = 0;
  /// Runs tasks first … last - 1. Every task runs exactly once, on any thread, in any order.
  /// `thread` is below Pool::threads() and held by one thread at a time.
  virtual void run(std::uint32_t first, std::uint32_t last,
                   std::uint32_t thread) const noexcept = 0;
};

/// Persistent threads, the caller of run() being thread 0. A stage's tasks are dealt out in equal
/// contiguous shares, so that a thread meets the same weights in every run; a thread that is done
/// takes pieces from the tail of another's share. A thread that lost its core delays the others by
/// no more than the piece it holds.
///
/// On a machine with several nodes of memory each thread is bound to the hardware threads of one,
/// so that a share, and what is first written while it is worked on, stays with a node; a thread
/// then helps those of its node first. The caller is bound while it is in run().
class Pool {
 public:
  /// 0 = as many as usable_cores().
  explicit Pool(std::uint32_t threads);
  /// A thread for each place.
  explicit Pool(std::vector<NodePlace> places);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  std::uint32_t threads() const noexcept { return static_cast<std::uint32_t>(shares_.size()); }
  /// Runs the stages in order. One caller at a time.
  void run(std::span<const Stage* const> stages) noexcept;

 private:
  /// Pieces of a thread's share that nobody has begun: tag of the stage, 40 bits | first piece, 8 |
  /// one past the last piece, 8. A tag older than the current stage's means: not yet dealt out.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> pieces{0};
  };

  void start();
  void work(std::uint64_t stage, std::uint32_t thread) noexcept;
  std::uint32_t take_from(std::uint32_t owner, std::uint64_t stage, std::uint32_t thread) noexcept;
  void begin_next_stage() noexcept;
  void wait_for_other_than(std::uint64_t stage) const noexcept;
  void serve(std::uint32_t thread) noexcept;

  // Tag, 40 bits | tasks, 24 bits; no tasks: between two runs.
  alignas(64) std::atomic<std::uint64_t> current_{0};
  alignas(64) std::atomic<std::uint32_t> done_{0};      // tasks of the current stage
  alignas(64) std::atomic<std::uint32_t> wake_ups_{0};  // changes when sleepers must look again
  std::atomic<bool> stopping_{false};
  std::span<const Stage* const> stages_;
  std::size_t next_ = 0;           // stages_[next_ - 1] is the current one
  std::vector<NodePlace> places_;  // none: threads are not bound
  std::vector<Share> shares_;
  std::vector<std::vector<std::uint32_t>> order_;  // whose shares each thread takes from
  std::int64_t spin_nanoseconds_;
  std::vector<std::thread> helpers_;
};

}  // namespace quipu_cpu
