// One token's key and value out of a page, as floats.
#pragma once

#include <cstddef>
#include <cstdint>

#include "attention/half_number.h"
#include "attention/kv_layout.h"

namespace quipu_cpu {

/// k [key_width], v [value_width] of cell `lane`.
inline void read_cell(const HeadLayout& layout, const std::byte* head, std::uint32_t lane, float* k,
                      float* v) noexcept {
  const auto half = [](const std::byte* at, std::size_t index) {
    return static_cast<float>(
        __builtin_bit_cast(HalfNumber, reinterpret_cast<const std::uint16_t*>(at)[index]));
  };
  const std::byte* const values = head + layout.values;
  const std::size_t row = std::size_t{lane} * layout.value_stride;
  for (std::uint32_t d = 0; d < layout.key_width; ++d) {
    if (layout.type == QUIPU_KV_F32)
      k[d] = reinterpret_cast<const float*>(head)[d * page_cells + lane];
    else if (layout.type == QUIPU_KV_F16)
      k[d] = half(head, d * page_cells + lane);
    else
      k[d] = half(head + layout.key_scales, d / scale_columns * page_cells + lane) *
             static_cast<float>(
                 std::to_integer<int>(head[(d / 4 * page_cells + lane) * 4 + d % 4]) - 128);
  }
  for (std::uint32_t c = 0; c < layout.value_width; ++c) {
    if (layout.type == QUIPU_KV_F32)
      v[c] = reinterpret_cast<const float*>(values)[row + c];
    else if (layout.type == QUIPU_KV_F16)
      v[c] = half(values, row + c);
    else
      v[c] = half(head + layout.value_scales, c / scale_columns * page_cells + lane) *
             static_cast<float>(reinterpret_cast<const std::int8_t*>(values)[row + c]);
  }
}

}  // namespace quipu_cpu
