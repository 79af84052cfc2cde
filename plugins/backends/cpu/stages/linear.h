// Products with weight matrices, and what is computed in the same breath: biases, a sum, a gate.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "matmul/matmul.h"
#include "plan/job.h"
#include "plan/program.h"
#include "stages/row_kernels.h"

namespace quipu_cpu {

/// A matrix in the forms that weight matrices read. All readers of it share one.
struct LinearInput {
  const Matrix& x;
  Buffer& int8;  ///< of the quantised form; 0 bytes where rows are no multiple of 32 wide
  Activations form{};
  std::vector<const WeightMatrix*> readers{};
  bool always_int8 = false;  ///< others than `readers` may want it, for some number of tokens

  /// The forms as they are written and read for so many tokens.
  Activations form_of(std::uint32_t tokens) const noexcept;
  bool is_read_as_int8(std::uint32_t tokens) const noexcept;
  bool is_read_as_float(std::uint32_t tokens) const noexcept;
  /// Whether a reader wants floats for some number of tokens up to `most`.
  bool is_ever_read_as_float(std::uint32_t most) const noexcept;
};

/// Memory for the forms of x [rows, width]; its readers are to be added. Somebody has to write
/// int8.
LinearInput& linear_input(const Matrix& x, Program& program, std::uint32_t rows);

/// Quantises rows for the readers that want it.
std::unique_ptr<Job> quantize_job(const MatmulKernels& kernels, LinearInput& input);

/// A weight with its bias [rows] or null.
struct LinearPart {
  const WeightMatrix& weight;
  const float* bias;
};

/// A few words on its product: "linear q4_0 [4096, 4096] + bias".
std::string describe_linear(const LinearPart& part);

/// Memory that every thread of a job has for itself.
struct Scratch {
  Buffer& memory;
  std::size_t stride;

  std::byte* of(std::uint32_t thread) const noexcept { return memory.data + thread * stride; }
};
Scratch scratch(std::size_t bytes, Program& program);

/// y = x * weight^T + bias + addend, where addend may be null.
std::unique_ptr<Job> linear_job(const LinearPart& part, const LinearInput& in, const Matrix* addend,
                                const Matrix& y, const Scratch& scratch);
std::size_t linear_scratch_bytes(const LinearPart& part, std::uint32_t batch);
/// Whether the addend of such a job, of up to `batch` tokens, may be where y is.
bool can_add_in_place(const LinearPart& part, std::uint32_t batch) noexcept;

/// What a gated product needs; y = activation(x * gate^T + bias) * (x * up^T + bias), float and
/// int8 as the readers of `out` want it.
struct GatedLinear {
  LinearPart gate, up;
  quipu_activation activation;
  const LinearInput& in;
  LinearInput& out;
  bool floats_always;  ///< others than weight matrices read the product
};

/// Whether the two can be computed side by side.
bool can_be_gated(const WeightMatrix& gate, const WeightMatrix& up) noexcept;
std::unique_ptr<Job> gated_linear_job(const RowKernels& kernels, const GatedLinear& linear,
                                      const Scratch& scratch);
/// `gate` may be null.
std::size_t gated_scratch_bytes(const WeightMatrix* gate, const WeightMatrix& up,
                                std::uint32_t batch);

/// The same for rows first … last - 1 of one expert or one layer: gate may be null, then y =
/// activation(up). Tokens begin at row 0 of `in`, and at row out_row of `out`.
struct GatedBlock {
  const WeightMatrix* gate;
  const WeightMatrix& up;
  const float *gate_bias, *up_bias;
  const quipu_activation& activation;
  std::uint32_t tokens, first, last, out_row;
  bool write_float, write_int8;
};
void gated_block(const RowKernels& kernels, const GatedBlock& block, const Activations& in,
                 float* out, std::size_t out_stride, Activations& out_form,
                 std::byte* scratch) noexcept;
/// Rows that a block of a gated product begins at a multiple of.
std::uint32_t gated_rows_per_task(const WeightMatrix* gate, const WeightMatrix& up,
                                  std::uint32_t tokens) noexcept;

/// The rows of a form from `row` on.
Activations from_row(const Activations& form, std::uint64_t row) noexcept;

}  // namespace quipu_cpu
