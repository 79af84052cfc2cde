// What the variants of the attention kernels share: half precision, visibility and how a cell is
// written. For kernel files only: everything is static.
#pragma once

#include "attention/attention_kernels.h"
#include "attention/half_number.h"

namespace quipu_cpu {

constexpr float minus_infinity = -__builtin_inff();

static inline float half_to_float(std::uint16_t bits) {
  return static_cast<float>(__builtin_bit_cast(HalfNumber, bits));
}

static inline std::uint16_t float_to_half(float x) {
  return __builtin_bit_cast(std::uint16_t, static_cast<HalfNumber>(x));
}

/// Cells of the page that the row sees.
static inline std::uint64_t visible(const QueryRow& row, const PageHead& page) {
  const std::int64_t first = row.first - page.position, last = row.last - page.position;
  if (first >= page_cells || last < 0 || first > last) return 0;
  std::uint64_t cells = page.occupied;
  if (first > 0) cells &= ~std::uint64_t{0} << first;
  if (last < page_cells - 1) cells &= ~(~std::uint64_t{1} << last);
  return cells;
}

static inline std::uint32_t key_groups(const HeadLayout& layout) {
  return (layout.key_width + scale_columns - 1) / scale_columns;
}

static inline std::uint32_t value_groups(const HeadLayout& layout) {
  return (layout.value_width + scale_columns - 1) / scale_columns;
}

/// Up to 32 columns as scale * q, |q| <= 127, q nearest to x / scale. The scale is rounded to half
/// precision first, so that q makes up for it.
static inline std::uint16_t quantise(const float* x, std::uint32_t columns, std::int8_t* q) {
  float largest = 0;
  for (std::uint32_t c = 0; c < columns; ++c) {
    const float magnitude = __builtin_fabsf(x[c]);
    largest = magnitude > largest ? magnitude : largest;
  }
  const std::uint16_t scale = float_to_half(largest / 127.0f);
  const float step = half_to_float(scale);
  const float inverse = step > 0 ? 1.0f / step : 0.0f;
  for (std::uint32_t c = 0; c < columns; ++c) {
    float y = x[c] * inverse;
    y = y > -127.0f ? y : -127.0f;  // in this order a NaN becomes a number
    y = y < 127.0f ? y : 127.0f;
    // Adding 1.5 * 2^23 rounds to the nearest integer.
    q[c] = static_cast<std::int8_t>(static_cast<int>((y + 12582912.0f) - 12582912.0f));
  }
  return scale;
}

static inline void store_key_columns(const HeadLayout& layout, std::byte* head, std::uint32_t lane,
                                     const float* k) {
  if (layout.type == QUIPU_KV_F32) {
    float* const key = reinterpret_cast<float*>(head);
    for (std::uint32_t d = 0; d < layout.key_width; ++d) key[d * page_cells + lane] = k[d];
    return;
  }
  if (layout.type == QUIPU_KV_F16) {
    auto* const key = reinterpret_cast<std::uint16_t*>(head);
    for (std::uint32_t d = 0; d < layout.key_width; ++d)
      key[d * page_cells + lane] = float_to_half(k[d]);
    return;
  }
  auto* const key = reinterpret_cast<std::uint8_t*>(head);
  auto* const scales = reinterpret_cast<std::uint16_t*>(head + layout.key_scales);
  for (std::uint32_t first = 0; first < layout.key_width; first += scale_columns) {
    const std::uint32_t left = layout.key_width - first;
    const std::uint32_t columns = left < scale_columns ? left : scale_columns;
    std::int8_t q[scale_columns];
    scales[first / scale_columns * page_cells + lane] = quantise(k + first, columns, q);
    for (std::uint32_t c = 0; c < columns; ++c)
      key[(first + c) / 4 * page_cells * 4 + lane * 4 + (first + c) % 4] =
          static_cast<std::uint8_t>(q[c] + 128);
  }
}

static inline void store_value_columns(const HeadLayout& layout, std::byte* head,
                                       std::uint32_t lane, std::uint32_t first, std::uint32_t count,
                                       const float* v) {
  std::byte* const values = head + layout.values;
  const std::uint32_t at = lane * layout.value_stride + first;
  if (layout.type == QUIPU_KV_F32) {
    float* const value = reinterpret_cast<float*>(values) + at;
    for (std::uint32_t c = 0; c < count; ++c) value[c] = v[c];
    return;
  }
  if (layout.type == QUIPU_KV_F16) {
    auto* const value = reinterpret_cast<std::uint16_t*>(values) + at;
    for (std::uint32_t c = 0; c < count; ++c) value[c] = float_to_half(v[c]);
    return;
  }
  auto* const value = reinterpret_cast<std::int8_t*>(values) + at;
  auto* const scales = reinterpret_cast<std::uint16_t*>(head + layout.value_scales);
  for (std::uint32_t c = 0; c < count; c += scale_columns) {
    const std::uint32_t left = count - c;
    scales[(first + c) / scale_columns * page_cells + lane] =
        quantise(v + c, left < scale_columns ? left : scale_columns, value + c);
  }
}

}  // namespace quipu_cpu
