// How many bytes a tensor takes, checked against the file it lies in.
#pragma once

#include "quipu/abi/codec.h"
#include "quipu/model_file.h"

namespace quipu {

struct Extent {
  std::uint64_t row_bytes;  ///< of one row of shape[0]
  std::uint64_t bytes;
};

/// Throws Error{invalid} naming the tensor when a row is no multiple of the codec's block, a
/// product overflows, or the file ends before the tensor does.
Extent checked_extent(const TensorEntry& tensor, const quipu_codec& codec);

/// "[rows, columns]": as a paper writes a shape, the contiguous axis last.
std::string shape_text(std::span<const std::uint64_t> shape);

}  // namespace quipu
