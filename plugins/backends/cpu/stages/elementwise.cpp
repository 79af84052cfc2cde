#include "stages/elementwise.h"

#include <cmath>

#include "stages/row_job.h"

namespace quipu_cpu {
namespace {

// An exponential costs about as much as eight copied floats.
constexpr std::uint64_t activation_work = 8;

}  // namespace

JobPointer activation_job(const RowKernels& kernels, const quipu_activation& activation,
                          const Matrix& x, const Matrix& y) {
  return row_job("activation", y.rows, activation_work * y.width,
                 [&kernels, kind = activation.kind, &x, &y](const Step&, Row row) {
                   kernels.activate(kind, x.row(row), y.width, y.row(row));
                 });
}

JobPointer glu_job(const RowKernels& kernels, const quipu_activation& activation,
                   const Matrix& gate, const Matrix& up, const Matrix& y) {
  return row_job("glu", y.rows, activation_work * y.width,
                 [&kernels, activation, &gate, &up, &y](const Step&, Row row) {
                   kernels.gated(activation, gate.row(row), up.row(row), y.width, y.row(row));
                 });
}

JobPointer add_job(const RowKernels& kernels, const Matrix& a, const Matrix& b, const Matrix& y) {
  return row_job("add", y.rows, y.width, [&kernels, &a, &b, &y](const Step&, Row row) {
    if (b.width == y.width)
      kernels.add(a.row(row), b.row(row), y.width, y.row(row));
    else
      kernels.add_scalar(a.row(row), *b.row(row), y.width, y.row(row));
  });
}

JobPointer multiply_job(const RowKernels& kernels, const Matrix& a, const Matrix& b,
                        const Matrix& y) {
  return row_job("mul", y.rows, y.width, [&kernels, &a, &b, &y](const Step&, Row row) {
    if (b.width == y.width)
      kernels.multiply(a.row(row), b.row(row), y.width, y.row(row));
    else
      kernels.scale(a.row(row), *b.row(row), y.width, y.row(row));
  });
}

JobPointer add_weight_job(const RowKernels& kernels, const Matrix& a, const float* weight,
                          std::uint32_t weight_width, const Matrix& y) {
  return row_job("add", y.rows, y.width,
                 [&kernels, &a, weight, weight_width, &y](const Step&, Row row) {
                   if (weight_width == y.width)
                     kernels.add(a.row(row), weight, y.width, y.row(row));
                   else
                     kernels.add_scalar(a.row(row), *weight, y.width, y.row(row));
                 });
}

JobPointer multiply_weight_job(const RowKernels& kernels, const Matrix& a, const float* weight,
                               std::uint32_t weight_width, const Matrix& y) {
  return row_job("mul", y.rows, y.width,
                 [&kernels, &a, weight, weight_width, &y](const Step&, Row row) {
                   if (weight_width == y.width)
                     kernels.multiply(a.row(row), weight, y.width, y.row(row));
                   else
                     kernels.scale(a.row(row), *weight, y.width, y.row(row));
                 });
}

JobPointer scale_job(const RowKernels& kernels, const quipu_scale& scale, const Matrix& x,
                     const Matrix& y) {
  return row_job("scale", y.rows, y.width, [&kernels, scale, &x, &y](const Step& step, Row row) {
    double factor = scale.factor;
    if (scale.kind == QUIPU_SCALE_POSITION) {
      const double position = step.batch->positions[token_of(y.rows, step, row.index)];
      factor = 1 + factor * std::log(1 + std::floor(position / scale.period));
    }
    kernels.scale(x.row(row), static_cast<float>(factor), y.width, y.row(row));
  });
}

JobPointer clamp_job(const RowKernels& kernels, const quipu_clamp& clamp, const Matrix& x,
                     const Matrix& y) {
  return row_job("clamp", y.rows, y.width, [&kernels, clamp, &x, &y](const Step&, Row row) {
    kernels.clamp(x.row(row), clamp.low, clamp.high, y.width, y.row(row));
  });
}

JobPointer softcap_job(const RowKernels& kernels, float cap, const Matrix& x, const Matrix& y) {
  return row_job("softcap", y.rows, activation_work * y.width,
                 [&kernels, cap, &x, &y](const Step&, Row row) {
                   kernels.softcap(x.row(row), cap, y.width, y.row(row));
                 });
}

}  // namespace quipu_cpu
