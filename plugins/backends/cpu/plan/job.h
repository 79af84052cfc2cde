// A job: one operation over the rows of a batch, and what it needs to know of the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "quipu/abi/backend.h"

namespace quipu_cpu {

/// What differs from run to run. The plan fills it before the first stage.
struct Step {
  const quipu_batch* batch = nullptr;
  std::uint32_t tokens = 0;
  std::uint32_t wanted = 0;                    ///< tokens whose output is wanted
  const std::uint32_t* wanted_rows = nullptr;  ///< [wanted] their indices in the batch, rising
};

/// Whether a matrix has a row per token or per wanted token.
enum class Rows { tokens, wanted };

/// Memory of one intermediate result, from the stage that writes it to the last that reads it.
/// Reserved for the largest batch; a smaller one touches only its first bytes.
struct Buffer {
  std::uint64_t bytes = 0;
  std::byte* data = nullptr;
  std::uint32_t first_stage = 0, last_stage = 0;
  Buffer* in_place_of = nullptr;  ///< the one whose memory it has; null: its own
  bool within_chain = false;      ///< one chain of row jobs writes it, and nobody else reads it
  Rows rows = Rows::tokens;       ///< how much of it is touched
};

inline std::uint32_t count(Rows rows, const Step& step) noexcept {
  return rows == Rows::tokens ? step.tokens : step.wanted;
}

/// Index in the batch of a row's token.
inline std::uint32_t token_of(Rows rows, const Step& step, std::uint32_t row) noexcept {
  return rows == Rows::tokens ? row : step.wanted_rows[row];
}

/// A row that a thread computes.
struct Row {
  std::uint32_t index, thread;
};

/// A float matrix [rows, width] in a buffer, or where the caller of run() wants the output: then
/// the buffer has no bytes and only orders the jobs. One that lives within a chain of row jobs has
/// a row for each thread: its stride is 0.
struct Matrix {
  Buffer* buffer = nullptr;
  float* data = nullptr;
  std::uint64_t stride = 0;  ///< floats from row to row
  std::uint32_t width = 0;
  Rows rows = Rows::tokens;
  std::uint64_t thread_stride = 0;  ///< floats from one thread's row to the next one's, or 0

  float* row(std::uint64_t index) const noexcept { return data + index * stride; }
  float* row(Row row) const noexcept {
    return data + row.index * stride + row.thread * thread_stride;
  }
};

/// What a job did in a run, for a profile of it.
struct Work {
  std::uint64_t bytes = 0;  ///< read of weights or of the cache, each once
  std::uint64_t multiply_adds = 0;
  std::uint32_t kernels = 0;  ///< a set of those it chose from, in bits that Job::weights() knows
};

/// A weight, and how it is multiplied: "dot avx512".
struct WeightUse {
  const quipu_tensor* tensor;
  std::string kernel;
};

class RowJob;

class Job {
 public:
  virtual ~Job() = default;
  /// Asked when everything the job reads has been computed.
  virtual std::uint32_t tasks(const Step& step) const noexcept = 0;
  virtual void run(const Step& step, std::uint32_t first, std::uint32_t last,
                   std::uint32_t thread) const noexcept = 0;
  /// A few words for explain().
  virtual std::string describe() const = 0;
  virtual const RowJob* as_row_job() const noexcept { return nullptr; }
  /// Asked after run() has done all tasks, before the next stage.
  virtual Work work(const Step&) const noexcept { return {}; }
  /// `kernels`: the union of what work() said of some runs.
  virtual std::vector<WeightUse> weights(std::uint32_t kernels) const {
    (void)kernels;
    return {};
  }

  /// The job comes after the jobs that write what it reads.
  std::vector<Buffer*> reads, writes;

  /// What is written may take the place of what is read: nobody in the job reads an element after
  /// another one has been written in its place.
  struct InPlace {
    Buffer *read, *written;
  };
  std::vector<InPlace> in_place;
};

/// A job that computes row by row, each from the same row of what it reads. Those that follow one
/// another are run together, a row at a time.
class RowJob : public Job {
 public:
  /// `work`: about how many floats a row touches.
  RowJob(Rows rows, std::uint64_t work) : rows_(rows), work_(work) {}

  Rows rows() const noexcept { return rows_; }
  std::uint64_t work() const noexcept { return work_; }
  virtual void run_row(const Step& step, Row row) const noexcept = 0;

  const RowJob* as_row_job() const noexcept final { return this; }
  std::uint32_t tasks(const Step& step) const noexcept final { return count(rows_, step); }
  void run(const Step& step, std::uint32_t first, std::uint32_t last,
           std::uint32_t thread) const noexcept final {
    for (std::uint32_t row = first; row < last; ++row) run_row(step, {row, thread});
  }

 private:
  Rows rows_;
  std::uint64_t work_;
};

}  // namespace quipu_cpu
