#include "stages/grouped_linear.h"

#include <algorithm>

#include "stages/weight_use.h"

namespace quipu_cpu {
namespace {

std::size_t aligned(std::size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

// A task is a group: its columns of all tokens in scratch, then their product.
class GroupedLinear final : public Job {
 public:
  GroupedLinear(const std::vector<WeightMatrix>& matrices, const Matrix& x, const Matrix& y,
                const Scratch& scratch)
      : matrices_(matrices), x_(x), y_(y), scratch_(scratch) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    return count(y_.rows, step) ? static_cast<std::uint32_t>(matrices_.size()) : 0;
  }

  void run(const Step& step, std::uint32_t first, std::uint32_t last,
           std::uint32_t thread) const noexcept override {
    const std::uint32_t tokens = count(y_.rows, step);
    for (std::uint32_t group = first; group < last; ++group)
      run_group(group, tokens, scratch_.of(thread));
  }

  std::string describe() const override {
    const WeightMatrix& matrix = matrices_.front();
    return std::string("grouped linear ") + matrix.codec->name + " [" +
           std::to_string(matrices_.size()) + ", " + std::to_string(matrix.rows) + ", " +
           std::to_string(matrix.columns) + "]";
  }

  Work work(const Step& step) const noexcept override {
    Work work;
    for (const WeightMatrix& matrix : matrices_) add_product(work, 0, matrix, count(y_.rows, step));
    return work;
  }
  std::vector<WeightUse> weights(std::uint32_t kernels) const override {
    const WeightMatrix* const all[] = {&matrices_.front()};
    return weight_uses(all, kernels);
  }

 private:
  void run_group(std::uint32_t group, std::uint32_t tokens, std::byte* memory) const noexcept {
    const WeightMatrix& matrix = matrices_[group];
    const std::uint32_t columns = matrix.columns, rows = matrix.rows;
    float* const x = reinterpret_cast<float*>(memory);
    memory += aligned(std::size_t{tokens} * columns * sizeof(float));
    float* const product = reinterpret_cast<float*>(memory);
    memory += aligned(std::size_t{tokens} * rows * sizeof(float));

    for (std::uint32_t t = 0; t < tokens; ++t)
      std::copy_n(x_.row(t) + std::size_t{group} * columns, columns, x + std::size_t{t} * columns);
    Activations form;
    form.columns = columns;
    form.x = x;
    if (reads_int8(matrix, tokens)) {
      form.place_int8(columns, tokens, memory);
      form.x = x;
      for (std::uint32_t t = 0; t < tokens; ++t)
        quantize(*matrix.kernels, x + std::size_t{t} * columns, form, t, 0, columns);
      memory += aligned(Activations::int8_bytes(columns, tokens));
    }
    multiply(matrix, form, tokens, 0, rows, product, rows, memory);
    for (std::uint32_t t = 0; t < tokens; ++t)
      std::copy_n(product + std::size_t{t} * rows, rows, y_.row(t) + std::size_t{group} * rows);
  }

  const std::vector<WeightMatrix>& matrices_;
  const Matrix& x_;
  const Matrix& y_;
  Scratch scratch_;
};

}  // namespace

std::unique_ptr<Job> grouped_linear_job(const std::vector<WeightMatrix>& matrices, const Matrix& x,
                                        const Matrix& y, const Scratch& scratch) {
  return std::make_unique<GroupedLinear>(matrices, x, y, scratch);
}

std::size_t grouped_scratch_bytes(const std::vector<WeightMatrix>& matrices, std::uint32_t batch) {
  const WeightMatrix& matrix = matrices.front();
  return aligned(std::size_t{batch} * matrix.columns * sizeof(float)) +
         aligned(std::size_t{batch} * matrix.rows * sizeof(float)) +
         aligned(Activations::int8_bytes(matrix.columns, batch)) +
         matmul_scratch_bytes(matrix, batch);
}

}  // namespace quipu_cpu
