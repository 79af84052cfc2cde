// Jobs put into stages: as early as what they read allows, row jobs in a chain.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plan/job.h"
#include "pool.h"

namespace quipu_cpu {

/// Row jobs of the same rows, run one after another on each row.
struct Chain {
  std::vector<const RowJob*> jobs;
  Rows rows = Rows::tokens;
  std::uint32_t rows_per_task = 1;
  std::size_t first_part = 0;  ///< index of the first job among all of the stage
};

/// The jobs of one stage, side by side.
class JobStage final : public Stage {
 public:
  explicit JobStage(const Step& step) : step_(step) {}

  std::uint32_t tasks() const noexcept override;
  void run(std::uint32_t first, std::uint32_t last, std::uint32_t thread) const noexcept override;
  std::string describe() const;

  /// All jobs: those side by side, then those of the chains.
  std::vector<const Job*> parts() const;
  /// Whether that part has anything to do, once tasks() has been asked.
  bool has_tasks(std::size_t part) const noexcept;
  /// run(), and adds to nanoseconds[part] what each took.
  void run_timed(std::uint32_t first, std::uint32_t last, std::uint32_t thread,
                 std::span<std::int64_t> nanoseconds) const noexcept;

  std::vector<const Job*> jobs;
  std::vector<Chain> chains;

 private:
  friend std::vector<std::unique_ptr<JobStage>> schedule(std::span<const std::unique_ptr<Job>>,
                                                         const Step&);
  /// Calls done(part) after each piece of a job.
  template <class Done>
  void run_parts(std::uint32_t first, std::uint32_t last, std::uint32_t thread,
                 const Done& done) const noexcept;

  const Step& step_;
  mutable std::vector<std::uint32_t> ends_;  // of the jobs' tasks, then of the chains'
};

/// Keeps pointers to the jobs and the step. Jobs come after those that write what they read. Sets
/// first_stage, last_stage, in_place_of and within_chain of every buffer.
std::vector<std::unique_ptr<JobStage>> schedule(std::span<const std::unique_ptr<Job>> jobs,
                                                const Step& step);

}  // namespace quipu_cpu
