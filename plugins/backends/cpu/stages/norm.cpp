#include "stages/norm.h"

#include "stages/row_job.h"

namespace quipu_cpu {

std::unique_ptr<Job> norm_job(const RowKernels& kernels, const quipu_norm& norm, NormWeight gain,
                              NormWeight bias, const Matrix& x, const Matrix& y) {
  const auto kernel = norm.kind == QUIPU_NORM_LAYER ? kernels.layer_norm : kernels.rms_norm;
  const std::uint32_t group = norm.group ? norm.group : y.width;
  return row_job(
      norm.kind == QUIPU_NORM_LAYER ? "layer norm" : "rms norm", y.rows, 2 * std::uint64_t{y.width},
      [kernel, group, epsilon = norm.epsilon, gain, bias, &x, &y](const Step&, Row row) {
        for (std::uint32_t first = 0; first < y.width; first += group) {
          const auto part = [&](const NormWeight& weight) {
            return weight.values && weight.width != group ? weight.values + first : weight.values;
          };
          kernel(x.row(row) + first, group, epsilon, part(gain), part(bias), y.row(row) + first);
        }
      });
}

}  // namespace quipu_cpu
