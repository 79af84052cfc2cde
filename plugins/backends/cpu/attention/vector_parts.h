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
  for (const T* const end = from + count; from < end; from += lanes, to += lanes)
    store(to, load(from));
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

// The cells of a page that a row sees. All: every one.
template <bool All>
struct Seen {
  std::uint64_t cells;

  QUIPU_IN_LINE Vector operator()(int part, Vector yes, float no) const {
    if (All) return yes;
    return select(static_cast<std::uint32_t>(cells >> (static_cast<std::uint32_t>(part) * lanes)),
                  yes, all(no));
  }
};

// work.operator()<All>(seen)
template <class Work>
QUIPU_IN_LINE inline auto with_seen(std::uint64_t cells, Work work) {
  if (cells == ~std::uint64_t{0}) return work(Seen<true>{cells});
  return work(Seen<false>{cells});
}

// s = what the softmax is taken of: dot products scaled, capped, biased and masked. Returns the
// greatest of each lane.
template <bool All>
QUIPU_IN_LINE inline Vector finish_scores(const AttendArguments& a, const QueryRow& row,
                                          const PageHead& page, Seen<All> seen,
                                          const float* products, Vector (&s)[parts]) {
  each<parts>([&](auto i)
                  QUIPU_IN_LINE { s[i] = multiply(load(products + i * lanes), all(a.scale)); });
  if (a.softcap != 0)
    each<parts>([&](auto i) QUIPU_IN_LINE {
      s[i] = multiply(all(a.softcap), hyperbolic_tangent(divide(s[i], all(a.softcap))));
    });
  if (row.slope != 0)
    each<parts>([&](auto i) QUIPU_IN_LINE {
      const auto first = row.position - (page.position + i * std::int64_t{lanes});
      const Vector distance = subtract(all(static_cast<float>(first)), counting());
      s[i] = subtract(s[i], multiply(all(row.slope), absolute(distance)));
    });
  Vector top = all(minus_infinity);
  each<parts>([&](auto i) QUIPU_IN_LINE {
    s[i] = seen(i, s[i], minus_infinity);
    top = largest(top, s[i]);
  });
  return top;
}

// weights = e^(s - maximum), 0 for cells that are not seen. Returns their sum.
template <bool All>
QUIPU_IN_LINE inline float weights_of(Vector (&s)[parts], Seen<All> seen, float maximum,
                                      float* weights) {
  each<parts>([&](auto i) QUIPU_IN_LINE { s[i] = subtract(s[i], all(maximum)); });
  exponential(s);
  Vector sum = all(0);
  each<parts>([&](auto i) QUIPU_IN_LINE {
    s[i] = seen(i, s[i], 0);
    sum = add(sum, s[i]);
    store(weights + i * lanes, s[i]);
  });
  return total(sum);
}

inline void prefetch_head(const std::byte* head, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 64) __builtin_prefetch(head + i);
}

}  // namespace
}  // namespace quipu_cpu
