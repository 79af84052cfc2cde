// Attention of some query rows over some pages, for AVX2 and AVX-512. scalar_attention.cpp says
// what is computed; here four rows at a time share every load, and the lanes of a vector of keys
// are positions. Many rows are left to many_rows.cpp.
#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)

#include "attention/many_rows.h"
#include "attention/vector_parts.h"

namespace quipu_cpu {
namespace {

constexpr std::uint32_t tile = 4;  // rows that share a load

// Scratch: keys [key_width][64], values [64][value_stride], weights [tile][64], all float.
std::size_t scratch_bytes(const HeadLayout& layout, std::uint32_t rows) {
  const std::size_t width = (layout.key_width + 3) / 4 * 4;
  const std::size_t few =
      ((width + layout.value_stride) * page_cells + tile * page_cells) * sizeof(float);
  const std::size_t many = QUIPU_KERNEL_ISA::many_rows_scratch(layout, rows);
  return few > many ? few : many;
}

void prepare(const HeadLayout& layout, const QueryRow* rows, std::uint32_t row_count,
             std::byte* scratch) {
  if (row_count > few_rows) QUIPU_KERNEL_ISA::prepare_many_rows(layout, rows, row_count, scratch);
}

// Pages of half-precision numbers are read where they lie, each number once: fetched so far ahead,
// they come as fast as memory gives them. A whole page fetched at once fills the queue of cache
// misses instead (2048 positions, two cores: 25 GB/s in place of 38; Zen 5).
constexpr std::size_t fetch_distance = 4096;

template <class Number>
void fetch_ahead(const Number* from, std::size_t count) {
  if constexpr (sizeof(Number) == 2)
    for (std::size_t i = 0; i < count * sizeof(Number); i += 64)
      __builtin_prefetch(reinterpret_cast<const std::byte*>(from) + fetch_distance + i);
}

// Dot products of Rows queries with the 64 keys.
template <std::uint32_t Rows, class Key>
void score(const QueryRow* const* rows, const Key* keys, std::uint32_t width,
           float (*scores)[page_cells]) {
  // Two vectors of positions at a time for AVX2, all four for AVX-512: what the registers hold.
  constexpr std::uint32_t at_once = lanes == 16 ? 4 : 2;
  for (std::uint32_t first = 0; first < parts; first += at_once) {
    Vector sum[Rows][at_once];
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < at_once; ++i) sum[r][i] = all(0);
    for (std::uint32_t d = 0; d < width; ++d) {
      const Key* const from = keys + d * page_cells + first * lanes;
      fetch_ahead(from, at_once * lanes);
      Vector k[at_once];
      for (std::uint32_t i = 0; i < at_once; ++i) k[i] = load(from + i * lanes);
      for (std::uint32_t r = 0; r < Rows; ++r) {
        const Vector q = all(rows[r]->q[d]);
        for (std::uint32_t i = 0; i < at_once; ++i) sum[r][i] = fused(q, k[i], sum[r][i]);
      }
    }
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < at_once; ++i) store(scores[r] + (first + i) * lanes, sum[r][i]);
  }
}

// Scores become weights e^(score - maximum) in place; the row's maximum, sum and o are brought
// along.
void weigh(const AttendArguments& a, const QueryRow& row, const PageHead& page, std::uint64_t cells,
           float* scores, float& maximum, float& sum, float* o) {
  with_seen(cells, [&](auto seen) QUIPU_IN_LINE {
    Vector s[parts];
    const Vector top = finish_scores(a, row, page, seen, scores, s);
    if (any_above(top, all(maximum))) {
      const float here = maximum_of(top);
      const float factor = maximum == minus_infinity ? 0.0f : exponential(maximum - here);
      sum *= factor;
      for (std::size_t c = 0; c < a.out.stride; c += lanes)
        store(o + c, multiply(load(o + c), all(factor)));
      maximum = here;
    }
    sum += weights_of(s, seen, maximum, scores);
  });
}

// o += weights * values for Rows rows, positions first … last.
template <std::uint32_t Rows, class Value>
void gather(const float (*weights)[page_cells], const Value* values, std::size_t stride,
            std::uint32_t first, std::uint32_t last, float* const* o) {
  std::size_t c = 0;
  const auto columns = [&]<std::uint32_t Count>() {
    Vector sum[Rows][Count];
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < Count; ++i) sum[r][i] = load(o[r] + c + i * lanes);
    for (std::uint32_t lane = first; lane <= last; ++lane) {
      const Value* const from = values + lane * stride + c;
      fetch_ahead(from, Count * lanes);
      Vector v[Count];
      for (std::uint32_t i = 0; i < Count; ++i) v[i] = load(from + i * lanes);
      for (std::uint32_t r = 0; r < Rows; ++r) {
        const Vector w = all(weights[r][lane]);
        for (std::uint32_t i = 0; i < Count; ++i) sum[r][i] = fused(w, v[i], sum[r][i]);
      }
    }
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < Count; ++i) store(o[r] + c + i * lanes, sum[r][i]);
    c += Count * lanes;
  };
  constexpr std::uint32_t wide = lanes == 16 ? 4 : 2;
  while (c + wide * lanes <= stride) columns.template operator()<wide>();
  while (c < stride) columns.template operator()<1>();
}

template <std::uint32_t Rows, class Key, class Value>
void attend_rows(const AttendArguments& a, const std::uint32_t* which, const PageHead& page,
                 const Key* keys, const Value* values, float (*scores)[page_cells]) {
  const QueryRow* rows[Rows];
  float* o[Rows];
  std::uint64_t any = 0;
  for (std::uint32_t r = 0; r < Rows; ++r) {
    rows[r] = &a.rows[which[r]];
    o[r] = a.out.o + which[r] * a.out.stride;
  }
  score<Rows>(rows, keys, a.layout->key_width, scores);
  for (std::uint32_t r = 0; r < Rows; ++r) {
    const std::uint64_t cells = visible(*rows[r], page);
    any |= cells;
    weigh(a, *rows[r], page, cells, scores[r], a.out.maximum[which[r]], a.out.sum[which[r]], o[r]);
  }
  const auto first = static_cast<std::uint32_t>(__builtin_ctzll(any));
  const auto last = 63u - static_cast<std::uint32_t>(__builtin_clzll(any));
  gather<Rows>(scores, values, a.out.stride, first, last, o);
}

template <class Key, class Value>
void attend_page(const AttendArguments& a, const std::uint32_t* which, std::uint32_t count,
                 const PageHead& page, const Key* keys, const Value* values,
                 float (*scores)[page_cells]) {
  std::uint32_t r = 0;
  for (; r + 4 <= count; r += 4) attend_rows<4>(a, which + r, page, keys, values, scores);
  switch (count - r) {
  case 3:
    attend_rows<3>(a, which + r, page, keys, values, scores);
    break;
  case 2:
    attend_rows<2>(a, which + r, page, keys, values, scores);
    break;
  case 1:
    attend_rows<1>(a, which + r, page, keys, values, scores);
    break;
  default:
    break;
  }
}

void attend_few_rows(const AttendArguments& a) {
  const HeadLayout& layout = *a.layout;
  const std::size_t width = (layout.key_width + 3) / 4 * 4;
  float* const keys = reinterpret_cast<float*>(a.scratch);
  float* const values = keys + width * page_cells;
  auto* const scores = reinterpret_cast<float(*)[page_cells]>(
      values + std::size_t{layout.value_stride} * page_cells);
  // Half precision is widened as it is read, and fetch_ahead() brings all but a page's beginning.
  const bool as_read = layout.type == QUIPU_KV_F16;
  const std::size_t fetched =
      as_read && layout.bytes > fetch_distance ? fetch_distance : layout.bytes;
  for (std::uint32_t p = 0; p < a.page_count; ++p) {
    const PageHead& page = a.pages[p];
    if (p + 1 < a.page_count)
      prefetch_head(a.pages[p + 1].data, fetched);
    else if (a.following)
      prefetch_head(a.following, fetched);
    std::uint32_t which[few_rows], count = 0;
    for (std::uint32_t r = 0; r < a.row_count; ++r)
      if (visible(a.rows[r], page)) which[count++] = r;
    if (count == 0) continue;
    const std::byte* const stored = page.data + layout.values;
    if (layout.type == QUIPU_KV_F32) {
      attend_page(a, which, count, page, reinterpret_cast<const float*>(page.data),
                  reinterpret_cast<const float*>(stored), scores);
    } else if (as_read) {
      attend_page(a, which, count, page, reinterpret_cast<const std::uint16_t*>(page.data),
                  reinterpret_cast<const std::uint16_t*>(stored), scores);
    } else {
      read_page(layout, page.data, keys, values);
      attend_page(a, which, count, page, keys, values, scores);
    }
  }
}

void attend(const AttendArguments& a) {
  for (std::uint32_t r = 0; r < a.row_count; ++r) {
    a.out.maximum[r] = minus_infinity;
    a.out.sum[r] = 0;
  }
  for (std::size_t i = 0; i < a.row_count * a.out.stride; i += lanes) store(a.out.o + i, all(0));
  if (a.row_count > few_rows)
    QUIPU_KERNEL_ISA::attend_many_rows(a);
  else
    attend_few_rows(a);
}

void fold(float* maximum, float* sum, float* o, float part_maximum, float part_sum,
          const float* part_o, std::size_t stride) {
  if (part_maximum == minus_infinity) return;
  const float top = *maximum > part_maximum ? *maximum : part_maximum;
  const float keep = *maximum == minus_infinity ? 0.0f : exponential(*maximum - top);
  const float take = exponential(part_maximum - top);
  *sum = *sum * keep + part_sum * take;
  for (std::size_t c = 0; c < stride; c += lanes)
    store(o + c, fused(load(part_o + c), all(take), multiply(load(o + c), all(keep))));
  *maximum = top;
}

void finish(float maximum, float sum, const float* o, float sink, float* out, std::size_t width) {
  float factor = 0;
  if (maximum > minus_infinity) {
    const float top = maximum > sink ? maximum : sink;
    const float keep = exponential(maximum - top);
    const float sunk = sink == minus_infinity ? 0.0f : exponential(sink - top);
    factor = keep / (sum * keep + sunk);
  }
  for (std::size_t c = 0; c < width; ++c) out[c] = o[c] * factor;
}

}  // namespace

#define QUIPU_JOIN_(a, b) a##b
#define QUIPU_JOIN(a, b) QUIPU_JOIN_(a, b)
extern const AttentionKernels QUIPU_JOIN(attention_kernels_, QUIPU_KERNEL_ISA) = {
    store_cell, scratch_bytes, prepare, attend, fold, finish};

}  // namespace quipu_cpu

#endif
