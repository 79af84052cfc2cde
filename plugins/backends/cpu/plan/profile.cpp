#include "plan/profile.h"

#include <algorithm>
#include <utility>

#include "clock.h"
#include "quipu/sdk/plugin.h"

namespace quipu_cpu {

Profile::Total& Profile::Part::total_of(std::uint32_t kernels) noexcept {
  for (std::size_t i = 0; i < count; ++i)
    if (totals[i].kernels == kernels) return totals[i];
  if (count < totals.size()) ++count;
  totals[count - 1].kernels |= kernels;
  return totals[count - 1];
}

class Profile::TimedStage final : public Stage {
 public:
  TimedStage(Profile& profile, std::size_t index, const JobStage& stage)
      : profile_(profile), index_(index), stage_(stage) {}

  std::uint32_t tasks() const noexcept override {
    // The pool asks when the stages before this one are done. Counting is part of the stage.
    profile_.end_stage();
    profile_.begin_stage(index_);
    return stage_.tasks();
  }
  void run(std::uint32_t first, std::uint32_t last, std::uint32_t thread) const noexcept override {
    Thread& notes = profile_.threads_[thread];
    stage_.run_timed(first, last, thread, notes.parts);
    notes.end = now_nanoseconds();
  }

 private:
  Profile& profile_;
  std::size_t index_;
  const JobStage& stage_;
};

Profile::Profile(const Program& program, const Step& step, std::uint32_t threads)
    : program_(program), step_(step), threads_(threads) {
  std::size_t most_parts = 0;
  for (const auto& stage : program.job_stages()) {
    stages_.push_back(std::make_unique<TimedStage>(*this, stages_.size(), *stage));
    stage_list_.push_back(stages_.back().get());
    auto& parts = parts_.emplace_back();
    for (const Job* job : stage->parts()) parts.emplace_back(*job);
    most_parts = std::max(most_parts, parts.size());
  }
  for (Thread& thread : threads_) thread.parts.resize(most_parts);
}

Profile::~Profile() = default;

void Profile::begin_run() noexcept {
  run_begin_ = now_nanoseconds();
  noting_ = 0;
}

void Profile::run_stages(Pool& pool) noexcept {
  pool.run(stage_list_);
  end_stage();
}

void Profile::end_run() noexcept {
  ++runs_;
  tokens_ += step_.tokens;
  elapsed_ += static_cast<std::uint64_t>(now_nanoseconds() - run_begin_ - noting_);
  all_noting_ += static_cast<std::uint64_t>(noting_);
}

void Profile::begin_stage(std::size_t index) noexcept {
  current_ = index;
  stage_begin_ = now_nanoseconds();
}

// Called by one thread, before the others may begin the next stage.
void Profile::end_stage() noexcept {
  if (current_ == none) return;
  const std::int64_t end = now_nanoseconds();
  const JobStage& stage = *program_.job_stages()[current_];
  auto& parts = parts_[current_];
  current_ = none;
  double busy = 0, waiting = 0, working = 0;
  for (std::size_t part = 0; part < parts.size(); ++part) working += stage.has_tasks(part);
  for (const Thread& thread : threads_) {
    waiting += static_cast<double>(end - std::max(thread.end, stage_begin_));
    for (std::size_t part = 0; part < parts.size(); ++part)
      busy += static_cast<double>(thread.parts[part]);
  }
  const double elapsed = static_cast<double>(end - stage_begin_);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (!stage.has_tasks(part)) continue;
    double own = 0;
    for (Thread& thread : threads_)
      own += static_cast<double>(std::exchange(thread.parts[part], 0));
    // Of work too short for the clock, all have equal shares.
    const double share = busy > 0 ? own / busy : 1 / working;
    const Work work = parts[part].job->work(step_);
    Total& total = parts[part].total_of(work.kernels);
    ++total.calls;
    total.bytes += work.bytes;
    total.multiply_adds += work.multiply_adds;
    total.busy += own;
    total.elapsed += share * elapsed;
    total.waiting += share * waiting;
  }
  noting_ += now_nanoseconds() - end;
}

void Profile::add_to(quipu_profile& profile) const noexcept {
  profile.runs += runs_;
  profile.tokens += tokens_;
  profile.elapsed += elapsed_;
  profile.noting += all_noting_;
}

void Profile::each_entry(std::uint32_t first_stage,
                         const std::function<void(const quipu_profile_entry&)>& entry) const {
  for (const auto& parts : parts_) {
    for (const Part& part : parts)
      for (std::size_t i = 0; i < part.count; ++i) {
        const Total& total = part.totals[i];
        const std::string op = part.job->describe();
        const std::vector<WeightUse> uses = part.job->weights(total.kernels);
        std::vector<const quipu_tensor*> weights;
        std::vector<quipu_str> kernels;
        for (const WeightUse& use : uses) {
          weights.push_back(use.tensor);
          kernels.push_back(quipu::sdk::str(use.kernel));
        }
        quipu_profile_entry found{};
        found.size = sizeof found;
        found.stage = first_stage;
        found.op = quipu::sdk::str(op);
        found.weight_count = static_cast<std::uint32_t>(uses.size());
        found.weights = weights.data();
        found.kernels = kernels.data();
        found.calls = total.calls;
        // Rounded down, so that the sum is not above that of the runs.
        found.elapsed = static_cast<std::uint64_t>(total.elapsed);
        found.busy = static_cast<std::uint64_t>(total.busy);
        found.waiting = static_cast<std::uint64_t>(total.waiting);
        found.bytes = total.bytes;
        found.multiply_adds = total.multiply_adds;
        entry(found);
      }
    ++first_stage;
  }
}

}  // namespace quipu_cpu
