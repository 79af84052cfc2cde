// The numbers of a tensor, looked at once: whether all are finite, and how large.
#pragma once

#include <cstdint>
#include <optional>

#include "quipu/model_file.h"
#include "quipu/registry.h"

namespace quipu::app {

struct TensorScan {
  std::optional<std::uint64_t> invalid;  ///< first element that is not a finite number
  float invalid_value = 0;
  float largest = 0;             ///< magnitude
  std::uint64_t largest_at = 0;  ///< element
  /// Power of two near the largest magnitude of a common group of 32 weights: 2 to the mean of the
  /// exponents, groups of zeros apart. A few groups that are far off do not move it. 0: all zeros.
  double common = 0;
  std::uint64_t groups = 0;  ///< that are not all zeros
};

/// `threads`: 0 is one per core. The tensor lies whole in the file; elements count along the axes
/// as the file orders them.
TensorScan scan_tensor(const TensorEntry& tensor, const quipu_codec& codec, std::uint32_t threads);

}  // namespace quipu::app
