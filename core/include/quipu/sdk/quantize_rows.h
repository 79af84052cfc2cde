// The plugin side of quantize.h: from rows to blocks, with everything checked that a quantiser of
// blocks relies on.
#pragma once

#include <cmath>
#include <string>

#include "quipu/sdk/plugin.h"
#include "quipu/sdk/quantize.h"

namespace quipu::sdk {
inline namespace QUIPU_PLUGIN_NAMESPACE {

using BlockQuantizer = void (*)(const Weights&, std::uint8_t*);

/// Any infinity or NaN makes the sum a NaN; a loop without branches is fast.
inline bool all_finite(const float* x, std::uint64_t count) {
  float sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) sum += x[i] - x[i];
  return sum == 0;
}

template <class Codec>
void quantize_rows(BlockQuantizer quantize_block, const float* x, std::uint64_t rows,
                   std::uint64_t columns, const float* importance, void* out) {
  const std::string name(Codec::name);
  if (columns % Codec::block_columns)
    throw Error(QUIPU_E_ARGUMENT, name + ": rows of " + std::to_string(columns) +
                                      " weights, expected a multiple of " +
                                      std::to_string(Codec::block_columns));
  for (std::uint64_t c = 0; importance && c < columns; ++c)
    if (!std::isfinite(importance[c]) || importance[c] < 0)
      throw Error(QUIPU_E_INVALID, name + ": the importance of column " + std::to_string(c) +
                                       " is " + std::to_string(importance[c]) +
                                       ", expected a finite number that is not negative");
  auto* block = static_cast<std::uint8_t*>(out);
  for (std::uint64_t row = 0; row < rows; ++row, x += columns) {
    if (!all_finite(x, columns)) {
      std::uint64_t c = 0;
      while (std::isfinite(x[c])) ++c;
      throw Error(QUIPU_E_INVALID, name + ": row " + std::to_string(row) + ", column " +
                                       std::to_string(c) + " is " + std::to_string(x[c]) +
                                       ", expected a finite number");
    }
    float mean_square = 0;
    if (importance) {
      for (std::uint64_t c = 0; c < columns; ++c) mean_square += x[c] * x[c];
      mean_square /= static_cast<float>(columns);
    }
    const auto* const first = block;
    for (std::uint64_t c = 0; c < columns; c += Codec::block_columns, block += Codec::block_bytes)
      quantize_block({x + c, importance ? importance + c : nullptr, mean_square}, block);
    const std::uint64_t blocks = columns / Codec::block_columns;
    if (Codec::find_invalid(first, blocks) != blocks)
      throw Error(QUIPU_E_INVALID, name + ": row " + std::to_string(row) +
                                       " has weights that are too large for the format's scales");
  }
}

}  // namespace QUIPU_PLUGIN_NAMESPACE
}  // namespace quipu::sdk
