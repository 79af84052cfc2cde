#include "stages/columns.h"

#include <algorithm>

#include "stages/row_job.h"

namespace quipu_cpu {
namespace {

class HostJob final : public Job {
 public:
  HostJob(const quipu_host_op& op, std::vector<HostInput> inputs, const Matrix& y)
      : op_(op), inputs_(std::move(inputs)), y_(y) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    return count(y_.rows, step) != 0;
  }
  void run(const Step& step, std::uint32_t, std::uint32_t, std::uint32_t) const noexcept override {
    const float* pointers[8] = {};
    for (std::size_t i = 0; i < inputs_.size() && i < 8; ++i)
      pointers[i] = inputs_[i].matrix ? inputs_[i].matrix->data : inputs_[i].weight;
    op_.run(op_.state, pointers, count(y_.rows, step), y_.data);
  }
  std::string describe() const override { return std::string("host ") + op_.name; }

 private:
  const quipu_host_op& op_;
  std::vector<HostInput> inputs_;
  const Matrix& y_;
};

}  // namespace

std::unique_ptr<Job> split_job(const quipu_split& split, const Matrix& x, const Matrix& y) {
  return row_job("split", y.rows, y.width, [split, &x, &y](const Step&, Row row) {
    const std::uint32_t group = x.width / split.groups;
    for (std::uint32_t g = 0; g < split.groups; ++g)
      std::copy_n(x.row(row) + std::size_t{g} * group + split.first, split.count,
                  y.row(row) + std::size_t{g} * split.count);
  });
}

std::unique_ptr<Job> concat_job(const quipu_concat& concat, const Matrix& a, const Matrix& b,
                                const Matrix& y) {
  return row_job("concat", y.rows, y.width, [concat, &a, &b, &y](const Step&, Row row) {
    const std::uint32_t from_a = a.width / concat.groups;
    const std::uint32_t from_b = concat.shared ? b.width : b.width / concat.groups;
    for (std::uint32_t g = 0; g < concat.groups; ++g) {
      float* out = y.row(row) + std::size_t{g} * (from_a + from_b);
      std::copy_n(a.row(row) + std::size_t{g} * from_a, from_a, out);
      std::copy_n(b.row(row) + (concat.shared ? 0 : std::size_t{g} * from_b), from_b, out + from_a);
    }
  });
}

std::unique_ptr<Job> select_job(const Matrix& x, const Matrix& y) {
  return row_job("select", Rows::wanted, y.width, [&x, &y](const Step& step, Row row) {
    std::copy_n(x.row(step.wanted_rows[row.index]), y.width, y.row(row));
  });
}

std::unique_ptr<Job> copy_job(const Matrix& x, const Matrix& y) {
  return row_job("copy", y.rows, y.width,
                 [&x, &y](const Step&, Row row) { std::copy_n(x.row(row), y.width, y.row(row)); });
}

std::unique_ptr<Job> host_job(const quipu_host_op& op, std::vector<HostInput> inputs,
                              const Matrix& y) {
  return std::make_unique<HostJob>(op, std::move(inputs), y);
}

}  // namespace quipu_cpu
