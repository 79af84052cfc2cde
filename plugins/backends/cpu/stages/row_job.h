// Makes a job out of a function of one row.
#pragma once

#include <memory>
#include <utility>

#include "plan/job.h"

namespace quipu_cpu {

/// `function(step, row)` computes one row; `work` is about how many floats it touches.
template <class Function>
std::unique_ptr<Job> row_job(std::string name, Rows rows, std::uint64_t work, Function function) {
  class FunctionJob final : public RowJob {
   public:
    FunctionJob(std::string name, Rows rows, std::uint64_t work, Function function)
        : RowJob(rows, work), name_(std::move(name)), function_(std::move(function)) {}
    std::string describe() const override { return name_; }
    void run_row(const Step& step, Row row) const noexcept override { function_(step, row); }

   private:
    std::string name_;
    Function function_;
  };
  return std::make_unique<FunctionJob>(std::move(name), rows, work, std::move(function));
}

}  // namespace quipu_cpu
