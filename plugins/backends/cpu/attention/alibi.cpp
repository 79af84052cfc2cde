#include "attention/alibi.h"

#include <bit>
#include <cmath>

namespace quipu_cpu {

std::vector<float> alibi_slopes(std::uint32_t heads, float max_bias) {
  const std::uint32_t power = std::bit_floor(heads);
  const double base = std::exp2(-static_cast<double>(max_bias) / power);
  const double finer = std::exp2(-static_cast<double>(max_bias) / 2 / power);
  std::vector<float> slopes;
  for (std::uint32_t h = 0; h < heads; ++h)
    slopes.push_back(static_cast<float>(h < power ? std::pow(base, h + 1)
                                                  : std::pow(finer, 2 * (h - power) + 1)));
  return slopes;
}

}  // namespace quipu_cpu
