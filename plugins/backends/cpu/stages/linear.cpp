#include "stages/linear.h"

#include <algorithm>
#include <numeric>

#include "matmul/panel.h"
#include "stages/row_job.h"
#include "stages/weight_use.h"

namespace quipu_cpu {
namespace {

constexpr std::uint32_t int8_columns = 32;

std::size_t round_up(std::size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

/// Up to how many tokens y is written before the addend is read.
std::uint32_t tokens_added_late(const WeightMatrix& weight, std::uint32_t batch) {
  std::uint32_t tokens = batch;
  while (tokens > 0 && adds_in_place(weight, tokens)) --tokens;
  return tokens;
}

class LinearJob final : public Job {
 public:
  LinearJob(const LinearPart& part, const LinearInput& in, const Matrix* addend, const Matrix& y,
            const Scratch& scratch)
      : part_(part), in_(in), addend_(addend), y_(y), scratch_(scratch) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    const std::uint32_t tokens = count(y_.rows, step);
    if (tokens == 0) return 0;
    const std::uint32_t rows = rows_per_task(part_.weight, tokens);
    return (part_.weight.rows + rows - 1) / rows;
  }

  void run(const Step& step, std::uint32_t first, std::uint32_t last,
           std::uint32_t thread) const noexcept override {
    const std::uint32_t tokens = count(y_.rows, step);
    const std::uint32_t rows = rows_per_task(part_.weight, tokens);
    // All at once, so that each panel is fetched while the one before is multiplied.
    const std::uint32_t begin = first * rows, end = std::min(part_.weight.rows, last * rows);
    Addition more{part_.bias ? part_.bias + begin : nullptr};
    std::byte* scratch = scratch_.of(thread);
    if (addend_) {
      more.addend = addend_->data + begin;
      more.addend_stride = addend_->stride;
    }
    if (addend_ && addend_->data == y_.data && !adds_in_place(part_.weight, tokens)) {
      float* const kept = reinterpret_cast<float*>(scratch);
      const std::size_t width = end - begin;
      for (std::uint32_t t = 0; t < tokens; ++t)
        std::copy_n(addend_->row(t) + begin, width, kept + t * width);
      more.addend = kept;
      more.addend_stride = width;
      scratch += round_up(tokens * width * sizeof(float));
    }
    multiply(part_.weight, in_.form_of(tokens), tokens, begin, end, y_.data + begin, y_.stride,
             scratch, more, after(part_.weight, end));
  }

  std::string describe() const override {
    return describe_linear(part_) + (addend_ ? " + sum" : "");
  }

  Work work(const Step& step) const noexcept override {
    Work work;
    add_product(work, 0, part_.weight, count(y_.rows, step));
    return work;
  }
  std::vector<WeightUse> weights(std::uint32_t kernels) const override {
    const WeightMatrix* const all[] = {&part_.weight};
    return weight_uses(all, kernels);
  }

 private:
  LinearPart part_;
  const LinearInput& in_;
  const Matrix* addend_;
  const Matrix& y_;
  Scratch scratch_;
};

class GatedLinearJob final : public Job {
 public:
  GatedLinearJob(const RowKernels& kernels, const GatedLinear& linear, const Scratch& scratch)
      : kernels_(kernels), linear_(linear), scratch_(scratch) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    const std::uint32_t tokens = count(linear_.out.x.rows, step);
    if (tokens == 0) return 0;
    const std::uint32_t rows = gated_rows_per_task(&linear_.gate.weight, linear_.up.weight, tokens);
    return (linear_.up.weight.rows + rows - 1) / rows;
  }

  void run(const Step& step, std::uint32_t first, std::uint32_t last,
           std::uint32_t thread) const noexcept override {
    const Matrix& y = linear_.out.x;
    const std::uint32_t tokens = count(y.rows, step);
    const std::uint32_t rows = gated_rows_per_task(&linear_.gate.weight, linear_.up.weight, tokens);
    GatedBlock block{&linear_.gate.weight,
                     linear_.up.weight,
                     linear_.gate.bias,
                     linear_.up.bias,
                     linear_.activation,
                     tokens,
                     0,
                     0,
                     0,
                     linear_.floats_always || linear_.out.is_read_as_float(tokens),
                     linear_.out.is_read_as_int8(tokens)};
    const Activations in = linear_.in.form_of(tokens);
    Activations out = linear_.out.form_of(tokens);
    for (std::uint32_t task = first; task < last; ++task) {
      block.first = task * rows;
      block.last = std::min(linear_.up.weight.rows, block.first + rows);
      gated_block(kernels_, block, in, y.data, y.stride, out, scratch_.of(thread));
    }
  }

  std::string describe() const override {
    const WeightMatrix& gate = linear_.gate.weight;
    return std::string("gated linear ") + gate.codec->name + " and " +
           linear_.up.weight.codec->name + " [" + std::to_string(gate.rows) + ", " +
           std::to_string(gate.columns) + "], int8";
  }

  Work work(const Step& step) const noexcept override {
    const std::uint32_t tokens = count(linear_.out.x.rows, step);
    Work work;
    add_product(work, 0, linear_.gate.weight, tokens);
    add_product(work, 1, linear_.up.weight, tokens);
    return work;
  }
  std::vector<WeightUse> weights(std::uint32_t kernels) const override {
    const WeightMatrix* const all[] = {&linear_.gate.weight, &linear_.up.weight};
    return weight_uses(all, kernels);
  }

 private:
  const RowKernels& kernels_;
  GatedLinear linear_;
  Scratch scratch_;
};

}  // namespace

Activations LinearInput::form_of(std::uint32_t tokens) const noexcept {
  Activations result = form;
  std::uint32_t stretch = always_int8 ? form.columns : 0;  // 0: nobody has a say
  for (const WeightMatrix* reader : readers) {
    if (!reads_int8(*reader, tokens)) continue;
    const std::uint32_t wanted =
        way(*reader, tokens) == Way::panel ? stretch_columns(*reader) : form.columns;
    stretch = stretch == 0 || stretch == wanted ? wanted : form.columns;
  }
  if (stretch != 0) result.stretch = stretch;
  return result;
}

bool LinearInput::is_read_as_int8(std::uint32_t tokens) const noexcept {
  if (always_int8) return true;
  for (const WeightMatrix* reader : readers)
    if (reads_int8(*reader, tokens)) return true;
  return false;
}

bool LinearInput::is_read_as_float(std::uint32_t tokens) const noexcept {
  for (const WeightMatrix* reader : readers)
    if (reads_float(*reader, tokens)) return true;
  return false;
}

bool LinearInput::is_ever_read_as_float(std::uint32_t most) const noexcept {
  return std::ranges::any_of(
      readers, [&](const WeightMatrix* reader) { return ever_reads_float(*reader, most); });
}

LinearInput& linear_input(const Matrix& x, Program& program, std::uint32_t rows) {
  const bool has_int8 = x.width % int8_columns == 0;
  Buffer& memory = program.buffer(has_int8 ? Activations::int8_bytes(x.width, rows) : 0, x.rows);
  LinearInput& input = program.keep<LinearInput>(LinearInput{x, memory});
  program.on_bind([&input, has_int8, rows] {
    input.form.columns = input.x.width;
    input.form.x = input.x.data;
    if (has_int8) input.form.place_int8(input.x.width, rows, input.int8.data);
  });
  return input;
}

std::unique_ptr<Job> quantize_job(const MatmulKernels& kernels, LinearInput& input) {
  return row_job("int8", input.x.rows, 2 * std::uint64_t{input.x.width},
                 [&kernels, &input](const Step& step, Row row) {
                   const std::uint32_t tokens = count(input.x.rows, step);
                   if (!input.is_read_as_int8(tokens)) return;
                   Activations form = input.form_of(tokens);
                   quantize(kernels, input.x.row(row), form, row.index, 0, input.x.width);
                 });
}

std::string describe_linear(const LinearPart& part) {
  const std::string text = std::string("linear ") + part.weight.codec->name + " [" +
                           std::to_string(part.weight.rows) + ", " +
                           std::to_string(part.weight.columns) + "]";
  return part.bias ? text + " + bias" : text;
}

Scratch scratch(std::size_t bytes, Program& program) {
  const std::size_t stride = round_up(bytes);
  return {program.buffer(stride * program.threads()), stride};
}

std::unique_ptr<Job> linear_job(const LinearPart& part, const LinearInput& in, const Matrix* addend,
                                const Matrix& y, const Scratch& scratch) {
  return std::make_unique<LinearJob>(part, in, addend, y, scratch);
}

std::size_t linear_scratch_bytes(const LinearPart& part, std::uint32_t batch) {
  const std::size_t kept =
      can_add_in_place(part, batch) ? tokens_added_late(part.weight, batch) * part.weight.rows : 0;
  return matmul_scratch_bytes(part.weight, batch) + round_up(kept * sizeof(float));
}

bool can_add_in_place(const LinearPart& part, std::uint32_t batch) noexcept {
  // Other ways take the sum last, so what is added would have to be kept for all tokens.
  return adds_in_place(part.weight, batch);
}

bool can_be_gated(const WeightMatrix& gate, const WeightMatrix& up) noexcept {
  return gate.rows == up.rows && gate.columns == up.columns;
}

std::unique_ptr<Job> gated_linear_job(const RowKernels& kernels, const GatedLinear& linear,
                                      const Scratch& scratch) {
  return std::make_unique<GatedLinearJob>(kernels, linear, scratch);
}

std::uint32_t gated_rows_per_task(const WeightMatrix* gate, const WeightMatrix& up,
                                  std::uint32_t tokens) noexcept {
  const std::uint32_t rows = std::lcm(rows_per_task(up, tokens), int8_columns);
  return gate ? std::lcm(rows, rows_per_task(*gate, tokens)) : rows;
}

std::size_t gated_scratch_bytes(const WeightMatrix* gate, const WeightMatrix& up,
                                std::uint32_t batch) {
  std::size_t products = 0;
  for (std::uint32_t tokens = 1; tokens <= batch; ++tokens)
    products = std::max(products, std::size_t{tokens} * gated_rows_per_task(gate, up, tokens));
  std::size_t multiplying = matmul_scratch_bytes(up, batch);
  if (gate) multiplying = std::max(multiplying, matmul_scratch_bytes(*gate, batch));
  return round_up(multiplying) + 2 * round_up(products * sizeof(float));
}

void gated_block(const RowKernels& kernels, const GatedBlock& block, const Activations& in,
                 float* out, std::size_t out_stride, Activations& out_form,
                 std::byte* scratch) noexcept {
  const std::uint32_t rows = block.last - block.first;
  const std::size_t bytes = round_up(std::size_t{block.tokens} * rows * sizeof(float));
  float* const up = reinterpret_cast<float*>(scratch);
  float* const gate = reinterpret_cast<float*>(scratch + bytes);
  std::byte* const rest = scratch + 2 * bytes;
  const auto bias = [&](const float* all) {
    return Addition{.bias = all ? all + block.first : nullptr};
  };
  if (block.gate)
    multiply(*block.gate, in, block.tokens, block.first, block.last, gate, rows, rest,
             bias(block.gate_bias), {&block.up, block.first});
  const WeightMatrix* next = block.gate ? block.gate : &block.up;
  multiply(block.up, in, block.tokens, block.first, block.last, up, rows, rest, bias(block.up_bias),
           after(*next, block.last));
  for (std::uint32_t t = 0; t < block.tokens; ++t) {
    float* const u = up + std::size_t{t} * rows;
    if (block.gate) {
      kernels.gated(block.activation, gate + std::size_t{t} * rows, u, rows, u);
    } else {
      kernels.activate(block.activation.kind, u, rows, u);
    }
    const std::uint32_t row = block.out_row + t;
    if (block.write_float) std::copy_n(u, rows, out + row * out_stride + block.first);
    if (block.write_int8) quantize(*block.up.kernels, u, out_form, row, block.first, rows);
  }
}

Activations from_row(const Activations& form, std::uint64_t row) noexcept {
  Activations result = form;
  const std::uint64_t groups32 = row * (form.columns / 32), groups16 = row * (form.columns / 16);
  if (form.x) result.x += row * form.columns;
  if (!form.q) return result;
  result.q += row * form.columns;
  result.scale += groups32;
  result.sum32 += groups32;
  result.sum16 += groups16;
  result.total32 += groups32;
  result.total16 += groups16;
  return result;
}

}  // namespace quipu_cpu
