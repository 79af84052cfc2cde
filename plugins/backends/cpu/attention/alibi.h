// Slopes of ALiBi (arXiv:2108.12409).
#pragma once

#include <cstdint>
#include <vector>

namespace quipu_cpu {

/// One slope per head; for counts that are no power of two, those of the next lower one and every
/// second of twice that.
std::vector<float> alibi_slopes(std::uint32_t heads, float max_bias);

}  // namespace quipu_cpu
