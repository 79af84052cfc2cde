// What attention of few and of many rows shares, so that a row gets the same bytes from both: a
// page as floats and the weights of its scores. For kernel files only: everything is in an unnamed
// namespace.
#pragma once

#include "attention/kernel_parts.h"
#include "attention/vectors.h"

namespace quipu_cpu {
namespace {

constexpr std::uint32_t parts = page_cells / lanes;  // vectors that hold a page's positions

template <class T>
inline void widen(const T* from, std::uint32_t count, float* to) {
  for (std::uint32_t i = 0; i < count; i += lanes) store(to + i, load(from + i));
}

// The page as floats.
inline void read_page(const HeadLayout& layout, const std::byte* head, float* keys, float* values) {
  const std::byte* const stored = head + layout.values;
  if (layout.type == QUIPU_KV_F16) {
    widen(reinterpret_cast<const std::uint16_t*>(head), layout.key_width * page_cells, keys);
    widen(reinterpret_cast<const std::uint16_t*>(stored), layout.value_stride * page_cells, values);
    return;
  }
  const auto* const k = reinterpret_cast<const std::uint8_t*>(head);
  const auto* const k_scales = reinterpret_cast<const std::uint16_t*>(head + layout.key_scales);
  for (std::uint32_t d = 0; d < layout.key_width; ++d)
    for (std::uint32_t i = 0; i < page_cells; i += lanes) {
      const Vector scale = load(k_scales + d / scale_columns * page_cells + i);
      store(keys + d * page_cells + i,
            multiply(scale, byte_of(k + (d / 4 * page_cells + i) * 4, static_cast<int>(d % 4))));
    }
  const auto* const v = reinterpret_cast<const std::int8_t*>(stored);
  const auto* const v_scales = reinterpret_cast<const std::uint16_t*>(head + layout.value_scales);
  for (std::uint32_t lane = 0; lane < page_cells; ++lane)
    for (std::uint32_t c = 0; c < layout.value_stride; c += lanes) {
      const std::uint32_t at = lane * layout.value_stride + c;
      const bool inside = c < layout.value_width;
      const float scale =
          inside ? half_to_float(v_scales[c / scale_columns * page_cells + lane]) : 0.0f;
      store(values + at, multiply(all(scale), load(v + at)));
    }
}

// Scores become weights e^(score - maximum) in place; the row's maximum, sum and o are brought
// along.
inline void weigh(const AttendArguments& a, const QueryRow& row, const PageHead& page,
                  std::uint64_t cells, float* scores, float& maximum, float& sum, float* o) {
  Vector top = all(minus_infinity);
  for (std::uint32_t i = 0; i < parts; ++i) {
    Vector s = multiply(load(scores + i * lanes), all(a.scale));
    if (a.softcap != 0) s = multiply(all(a.softcap), hyperbolic_tangent(divide(s, all(a.softcap))));
    if (row.slope != 0) {
      const Vector distance =
          subtract(all(static_cast<float>(row.position - (page.position + i * lanes))), counting());
      s = subtract(s, multiply(all(row.slope), absolute(distance)));
    }
    s = select(static_cast<std::uint32_t>(cells >> (i * lanes)), s, all(minus_infinity));
    top = largest(top, s);
    store(scores + i * lanes, s);
  }
  const float here = maximum_of(top);
  if (here > maximum) {
    const float factor = maximum == minus_infinity ? 0.0f : exponential(maximum - here);
    sum *= factor;
    for (std::size_t c = 0; c < a.out.stride; c += lanes)
      store(o + c, multiply(load(o + c), all(factor)));
    maximum = here;
  }
  Vector added = all(0);
  for (std::uint32_t i = 0; i < parts; ++i) {
    const Vector w = select(static_cast<std::uint32_t>(cells >> (i * lanes)),
                            exponential(subtract(load(scores + i * lanes), all(maximum))), all(0));
    added = add(added, w);
    store(scores + i * lanes, w);
  }
  sum += total(added);
}

inline void prefetch_head(const std::byte* head, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 64) __builtin_prefetch(head + i);
}

}  // namespace
}  // namespace quipu_cpu
