// What it takes to compute one output of a graph.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "plan/arena.h"
#include "plan/job.h"
#include "plan/schedule.h"

namespace quipu_cpu {

/// Jobs, their matrices and buffers, and the stages once finish() has run. Never moves.
class Program {
 public:
  Program(const Step& step, std::uint32_t batch, std::uint32_t threads)
      : step_(step), batch_(batch), threads_(threads) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::uint32_t batch() const noexcept { return batch_; }
  std::uint32_t threads() const noexcept { return threads_; }

  Buffer& buffer(std::uint64_t bytes, Rows rows = Rows::tokens) {
    buffers_.push_back({.bytes = bytes, .rows = rows});
    return buffers_.back();
  }
  /// A float matrix with room for the largest batch.
  Matrix& matrix(Rows rows, std::uint32_t width) { return matrix(rows, batch_, width); }
  /// A float matrix with room for so many rows.
  Matrix& matrix(Rows rows, std::uint64_t row_count, std::uint32_t width) {
    Buffer& memory = buffer(row_count * width * sizeof(float), rows);
    matrices_.push_back({&memory, nullptr, width, width, rows});
    return matrices_.back();
  }
  /// A matrix that the caller of run() owns: data and stride are set for each run.
  Matrix& external(Rows rows, std::uint32_t width) {
    external_ = &matrix(rows, width);
    external_->buffer->bytes = 0;
    return *external_;
  }
  /// Anything that jobs point to; lives as long as the program.
  template <class Kept, class... Arguments>
  Kept& keep(Arguments&&... arguments) {
    auto kept = std::make_shared<Kept>(std::forward<Arguments>(arguments)...);
    kept_.push_back(kept);
    return *kept;
  }
  /// To be called when buffers have got their places.
  void on_bind(std::function<void()> action) { on_bind_.push_back(std::move(action)); }

  /// Adds a job that reads and writes those buffers; null ones are left out.
  template <class SomeJob>
  SomeJob& add(std::unique_ptr<SomeJob> job, std::span<Buffer* const> reads,
               std::span<Buffer* const> writes) {
    for (Buffer* each : reads)
      if (each) job->reads.push_back(each);
    for (Buffer* each : writes)
      if (each) job->writes.push_back(each);
    SomeJob& added = *job;
    jobs_.push_back(std::move(job));
    return added;
  }

  /// Schedules the jobs and says how much memory they need.
  Extent finish();
  /// Gives every buffer its place; `memory` has the bytes that finish() asked for.
  void bind(std::byte* memory);

  /// What Pool::run takes.
  std::span<const Stage* const> stages() const noexcept { return stage_list_; }
  const std::vector<std::unique_ptr<JobStage>>& job_stages() const noexcept { return stages_; }

 private:
  /// Leaves matrices that live within a chain a row for each thread.
  void keep_rows_of_chains();

  const Step& step_;
  std::uint32_t batch_, threads_;
  Matrix* external_ = nullptr;
  std::deque<Buffer> buffers_;
  std::deque<Matrix> matrices_;
  std::vector<std::shared_ptr<void>> kept_;
  std::vector<std::function<void()>> on_bind_;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::vector<std::unique_ptr<JobStage>> stages_;
  std::vector<const Stage*> stage_list_;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace quipu_cpu
