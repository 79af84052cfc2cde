// Rows of a weight from one format to another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quipu/quantize.h"

namespace quipu {

/// Converts rows first … first + count - 1 of a tensor, counted over all its matrices, into `out`,
/// on that many threads. `importance` is null or [matrices * columns]. Throws what the codec says,
/// with the tensor's name.
void convert_rows(const Conversion& conversion, std::uint64_t first, std::uint64_t count,
                  const float* importance, std::uint32_t threads, std::span<std::byte> out);

/// Bytes of one row in a format.
std::uint64_t row_bytes(const Conversion& conversion, const quipu_codec& codec);

/// Rows of a tensor, over all its matrices.
std::uint64_t row_count(const Conversion& conversion);

}  // namespace quipu
