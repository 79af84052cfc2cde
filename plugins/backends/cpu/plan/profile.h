// Where the time of a program's runs goes. It puts stages of its own before the pool, which run
// those of the program and note times; so runs that nobody profiles take no longer.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "plan/program.h"
#include "pool.h"

namespace quipu_cpu {

/// Used as its plan is: by one thread at a time, but for what the pool's threads note in a stage.
class Profile {
 public:
  /// Keeps references to the program and its step.
  Profile(const Program& program, const Step& step, std::uint32_t threads);
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// A run is begin_run(), run_stages(), end_run(); one that was begun and not ended leaves
  /// nothing.
  void begin_run() noexcept;
  /// The program's stages.
  void run_stages(Pool& pool) noexcept;
  void end_run() noexcept;

  /// Adds runs, tokens and time to those of other programs.
  void add_to(quipu_profile& profile) const noexcept;
  /// The entries, with numbers of stages from first_stage on.
  void each_entry(std::uint32_t first_stage,
                  const std::function<void(const quipu_profile_entry&)>& entry) const;

 private:
  class TimedStage;
  /// What a part took with one set of kernels. Times are nanoseconds, not whole where shared.
  struct Total {
    std::uint32_t kernels = 0;
    std::uint64_t calls = 0, bytes = 0, multiply_adds = 0;
    double elapsed = 0, busy = 0, waiting = 0;
  };
  /// One job of a stage.
  struct Part {
    explicit Part(const Job& of) : job(&of) {}
    Total& total_of(std::uint32_t kernels) noexcept;

    const Job* job;
    // By sets of kernels. Most jobs have one or two; should there be more, the last takes them all,
    // so that nothing is allocated in a run.
    std::array<Total, 4> totals{};
    std::size_t count = 0;
  };
  struct alignas(64) Thread {
    std::vector<std::int64_t> parts;  // nanoseconds for each part of the current stage
    std::int64_t end = 0;             // of its last work in it
  };

  void begin_stage(std::size_t index) noexcept;
  void end_stage() noexcept;

  static constexpr std::size_t none = ~std::size_t{0};

  const Program& program_;
  const Step& step_;
  std::vector<std::unique_ptr<TimedStage>> stages_;
  std::vector<const Stage*> stage_list_;
  std::vector<std::vector<Part>> parts_;  // of each stage
  std::vector<Thread> threads_;
  std::size_t current_ = none;  // the stage that runs
  std::int64_t stage_begin_ = 0, run_begin_ = 0;
  std::int64_t noting_ = 0;  // nanoseconds of the run that went into the notes
  std::uint64_t runs_ = 0, tokens_ = 0, elapsed_ = 0, all_noting_ = 0;
};

}  // namespace quipu_cpu
