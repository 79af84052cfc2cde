#include "stages/precise_linear.h"

#include <algorithm>

#include "stages/weight_use.h"

namespace quipu_cpu {
namespace {

// Forms 2t and 2t + 1 belong to token t.
constexpr std::uint32_t forms = 2;

struct TwiceQuantised {
  const Matrix& x;
  Activations form{};
};

class QuantizeTwice final : public RowJob {
 public:
  QuantizeTwice(const MatmulKernels& kernels, TwiceQuantised& input, const Scratch& rest)
      : RowJob(input.x.rows, 4 * std::uint64_t{input.x.width}), kernels_(kernels), input_(input),
        rest_(rest) {}

  void run_row(const Step&, Row row) const noexcept override {
    const std::uint32_t width = input_.x.width, first = forms * row.index;
    const float* const x = input_.x.row(row);
    quantize(kernels_, x, input_.form, first, 0, width);
    float* const rest = reinterpret_cast<float*>(rest_.of(row.thread));
    const std::int8_t* const q = input_.form.q + std::size_t{first} * width;
    const float* const scale = input_.form.scale + std::size_t{first} * (width / 32);
    for (std::uint32_t j = 0; j < width; ++j)
      rest[j] = x[j] - scale[j / 32] * static_cast<float>(q[j]);
    quantize(kernels_, rest, input_.form, first + 1, 0, width);
  }
  std::string describe() const override { return "int8 twice"; }

 private:
  const MatmulKernels& kernels_;
  TwiceQuantised& input_;
  Scratch rest_;
};

class PreciseLinear final : public Job {
 public:
  PreciseLinear(const RowKernels& kernels, const LinearPart& part, const TwiceQuantised& input,
                const Matrix& y, const Scratch& scratch)
      : kernels_(kernels), part_(part), input_(input), y_(y), scratch_(scratch) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    const std::uint32_t tokens = count(y_.rows, step);
    if (tokens == 0) return 0;
    const std::uint32_t rows = rows_per_task(part_.weight, forms * tokens);
    return (part_.weight.rows + rows - 1) / rows;
  }

  void run(const Step& step, std::uint32_t first, std::uint32_t last,
           std::uint32_t thread) const noexcept override {
    const std::uint32_t tokens = count(y_.rows, step);
    const std::uint32_t rows = rows_per_task(part_.weight, forms * tokens);
    float* const both = reinterpret_cast<float*>(scratch_.of(thread));
    std::byte* const rest = scratch_.of(thread) + products_bytes(part_.weight, tokens);
    for (std::uint32_t task = first; task < last; ++task) {
      const std::uint32_t begin = task * rows, end = std::min(part_.weight.rows, begin + rows),
                          size = end - begin;
      multiply(part_.weight, input_.form, forms * tokens, begin, end, both, size, rest, {},
               after(part_.weight, end));
      for (std::uint32_t t = 0; t < tokens; ++t) {
        float* const y = y_.row(t) + begin;
        kernels_.add(both + std::size_t{forms} * t * size,
                     both + (std::size_t{forms} * t + 1) * size, size, y);
        if (part_.bias) kernels_.add(y, part_.bias + begin, size, y);
      }
    }
  }

  std::string describe() const override {
    return std::string("precise linear ") + part_.weight.codec->name + " [" +
           std::to_string(part_.weight.rows) + ", " + std::to_string(part_.weight.columns) + "]" +
           (part_.bias ? " + bias" : "");
  }

  Work work(const Step& step) const noexcept override {
    Work work;
    add_product(work, 0, part_.weight, forms * count(y_.rows, step));
    return work;
  }
  std::vector<WeightUse> weights(std::uint32_t kernels) const override {
    const WeightMatrix* const all[] = {&part_.weight};
    return weight_uses(all, kernels);
  }

  static std::size_t products_bytes(const WeightMatrix& weight, std::uint32_t tokens) {
    const std::size_t floats = std::size_t{forms} * tokens * rows_per_task(weight, forms * tokens);
    return (floats * sizeof(float) + 63) / 64 * 64;
  }

 private:
  const RowKernels& kernels_;
  LinearPart part_;
  const TwiceQuantised& input_;
  const Matrix& y_;
  Scratch scratch_;
};

}  // namespace

bool can_be_precise(const WeightMatrix& weight, std::uint32_t batch) noexcept {
  return weight.columns % 32 == 0 && reads_int8(weight, 1) && reads_int8(weight, forms * batch);
}

void add_precise_linear(const RowKernels& kernels, const LinearPart& linear, const Matrix& x,
                        const Matrix& y, Program& program) {
  WeightMatrix& weight = program.keep<WeightMatrix>(linear.weight);
  weight.vectors_per_token = forms;
  const LinearPart part{weight, linear.bias};
  const std::uint32_t rows = forms * program.batch();
  Buffer& memory = program.buffer(Activations::int8_bytes(x.width, rows), x.rows);
  TwiceQuantised& input = program.keep<TwiceQuantised>(TwiceQuantised{x});
  program.on_bind(
      [&input, &memory, rows] { input.form.place_int8(input.x.width, rows, memory.data); });
  const Scratch rest = scratch(std::size_t{x.width} * sizeof(float), program);
  Buffer *const read[] = {x.buffer}, *const quantised[] = {&memory, &rest.memory};
  program.add(std::make_unique<QuantizeTwice>(*part.weight.kernels, input, rest), read, quantised);

  std::size_t products = 0;
  for (std::uint32_t tokens = 1; tokens <= program.batch(); ++tokens)
    products = std::max(products, PreciseLinear::products_bytes(part.weight, tokens));
  const Scratch space = scratch(products + matmul_scratch_bytes(part.weight, rows), program);
  Buffer *const forms_read[] = {&memory}, *const written[] = {y.buffer, &space.memory};
  program.add(std::make_unique<PreciseLinear>(kernels, part, input, y, space), forms_read, written);
}

}  // namespace quipu_cpu
