// Attention of a few query rows over some pages, for AVX2 and AVX-512. What counts is that memory
// never waits: every number of a page is read once, where it lies. While the keys of a page are
// read its values are fetched, and while its values are read the keys of the next page.
#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)

#include "attention/few_rows.h"

#include "attention/vector_parts.h"

namespace quipu_cpu {
namespace {

// Rows that share a load.
constexpr std::uint32_t tile = lanes == 16 ? 8 : 4;
// Vectors of positions or columns that they have at once: what the registers hold.
template <std::uint32_t Rows>
constexpr std::uint32_t wide = lanes == 16 && Rows <= 6 ? 4 : 2;
// The same for keys of bytes, which need their scales besides.
template <std::uint32_t Rows>
constexpr std::uint32_t wide_bytes = lanes == 16 && Rows <= 3 ? 4 : 2;

struct Scratch {
  float* queries;                // [key_width][rows]
  float (*weights)[page_cells];  // [tile]
  float* scales;                 // of values in q8_0: [value_width / 32][64]
  std::byte* end;

  Scratch(const HeadLayout& layout, std::byte* memory) {
    const auto take = [&]<class T>(T*& part, std::size_t bytes) {
      part = reinterpret_cast<T*>(memory);
      memory += (bytes + 63) / 64 * 64;
    };
    take(queries, std::size_t{layout.key_width} * few_rows * sizeof(float));
    take(weights, tile * sizeof *weights);
    take(scales, std::size_t{value_groups(layout)} * page_cells * sizeof(float));
    end = memory;
  }
};

// Memory that will be read half a page or a page later: as many bytes of it are fetched as are
// read.
struct Ahead {
  const std::byte* at;

  template <std::size_t Bytes>
  void fetch() {
    for (std::size_t i = 0; i < Bytes; i += 64) __builtin_prefetch(at + i);
    at += Bytes;
  }
};

// scores[Rows][64] = dot products of Rows queries with the keys. query_stride: rows of all tiles.
template <std::uint32_t Rows, class Key>
void score(const float* queries, std::uint32_t query_stride, const Key* keys, std::uint32_t width,
           float (*scores)[page_cells], Ahead ahead) {
  constexpr std::uint32_t count = wide<Rows>;
  for (std::uint32_t first = 0; first < page_cells; first += count * lanes) {
    Vector sum[Rows][count];
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < count; ++i) sum[r][i] = all(0);
    for (std::uint32_t d = 0; d < width; ++d) {
      ahead.fetch<count * lanes * sizeof(Key)>();
      Vector k[count];
      for (std::uint32_t i = 0; i < count; ++i)
        k[i] = load(keys + d * page_cells + first + i * lanes);
      for (std::uint32_t r = 0; r < Rows; ++r) {
        const Vector q = all(queries[d * query_stride + r]);
        for (std::uint32_t i = 0; i < count; ++i) sum[r][i] = fused(q, k[i], sum[r][i]);
      }
    }
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < count; ++i) store(scores[r] + first + i * lanes, sum[r][i]);
  }
}

// The same for keys in q8_0.
template <std::uint32_t Rows>
void score_bytes(const float* queries, std::uint32_t query_stride, const std::uint8_t* keys,
                 const std::uint16_t* scales, std::uint32_t width, float (*scores)[page_cells],
                 Ahead ahead) {
  constexpr std::uint32_t count = wide_bytes<Rows>;
  for (std::uint32_t first = 0; first < page_cells; first += count * lanes) {
    Vector sum[Rows][count], scale[count];
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < count; ++i) sum[r][i] = all(0);
    for (std::uint32_t d = 0; d < width; d += 4) {
      ahead.fetch<count * lanes * 4>();
      if (d % scale_columns == 0)
        for (std::uint32_t i = 0; i < count; ++i)
          scale[i] = load(scales + d / scale_columns * page_cells + first + i * lanes);
      for (std::uint32_t j = 0; j < 4 && d + j < width; ++j) {
        Vector k[count];
        for (std::uint32_t i = 0; i < count; ++i)
          k[i] = multiply(scale[i], byte_of(keys + d * page_cells + (first + i * lanes) * 4,
                                            static_cast<int>(j)));
        for (std::uint32_t r = 0; r < Rows; ++r) {
          const Vector q = all(queries[(d + j) * query_stride + r]);
          for (std::uint32_t i = 0; i < count; ++i) sum[r][i] = fused(q, k[i], sum[r][i]);
        }
      }
    }
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < count; ++i) store(scores[r] + first + i * lanes, sum[r][i]);
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

// o[Rows] += weights * values of positions first ... last. value(lane, c) gives columns c ... of a
// position, stored in Bytes each.
template <std::uint32_t Rows, std::size_t Bytes, class Value>
void gather(const float (*weights)[page_cells], Value value, std::size_t stride,
            std::uint32_t first, std::uint32_t last, float* o, Ahead ahead) {
  std::size_t c = 0;
  const auto columns = [&]<std::uint32_t Count>() {
    Vector sum[Rows][Count];
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < Count; ++i) sum[r][i] = load(o + r * stride + c + i * lanes);
    for (std::uint32_t lane = first; lane <= last; ++lane) {
      ahead.fetch<Count * lanes * Bytes>();
      Vector v[Count];
      for (std::uint32_t i = 0; i < Count; ++i) v[i] = value(lane, c + i * lanes);
      for (std::uint32_t r = 0; r < Rows; ++r) {
        const Vector w = all(weights[r][lane]);
        for (std::uint32_t i = 0; i < Count; ++i) sum[r][i] = fused(w, v[i], sum[r][i]);
      }
    }
    for (std::uint32_t r = 0; r < Rows; ++r)
      for (std::uint32_t i = 0; i < Count; ++i) store(o + r * stride + c + i * lanes, sum[r][i]);
    c += Count * lanes;
  };
  while (c + wide<Rows> * lanes <= stride) columns.template operator()<wide<Rows>>();
  while (c < stride) columns.template operator()<1>();
}

// A page of floats or halves. page_ahead: up to so many bytes, all of a page is fetched a page
// ahead, and half a page otherwise.
template <class Number>
struct Numbers {
  const Number *keys, *values;
  std::size_t stride;

  Numbers(const HeadLayout& layout, const PageHead& page, const Scratch&)
      : keys(reinterpret_cast<const Number*>(page.data)),
        values(reinterpret_cast<const Number*>(page.data + layout.values)),
        stride(layout.value_stride) {}

  static constexpr std::size_t value_bytes = sizeof(Number);
  static constexpr std::size_t page_ahead = 0;
  Vector operator()(std::uint32_t lane, std::size_t c) const {
    return load(values + lane * stride + c);
  }
  template <std::uint32_t Rows>
  void score(const AttendArguments& a, const float* queries, float (*scores)[page_cells],
             Ahead ahead) const {
    quipu_cpu::score<Rows>(queries, a.row_count, keys, a.layout->key_width, scores, ahead);
  }
};

// A page in q8_0.
struct Quantised {
  const std::uint8_t* keys;
  const std::uint16_t* key_scales;
  const std::int8_t* values;
  const float* scales;
  std::size_t stride;

  Quantised(const HeadLayout& layout, const PageHead& page, const Scratch& scratch)
      : keys(reinterpret_cast<const std::uint8_t*>(page.data)),
        key_scales(reinterpret_cast<const std::uint16_t*>(page.data + layout.key_scales)),
        values(reinterpret_cast<const std::int8_t*>(page.data + layout.values)),
        scales(scratch.scales), stride(layout.value_stride) {
    widen(reinterpret_cast<const std::uint16_t*>(page.data + layout.value_scales),
          value_groups(layout) * page_cells, scratch.scales);
  }

  static constexpr std::size_t value_bytes = 1;
  // Heads of 64 columns are 1.08 times as fast with a page ahead as with half a one, heads of 256
  // columns 0.9 times.
  static constexpr std::size_t page_ahead = 20 << 10;
  Vector operator()(std::uint32_t lane, std::size_t c) const {
    return multiply(all(scales[c / scale_columns * page_cells + lane]),
                    load(values + lane * stride + c));
  }
  template <std::uint32_t Rows>
  void score(const AttendArguments& a, const float* queries, float (*scores)[page_cells],
             Ahead ahead) const {
    score_bytes<Rows>(queries, a.row_count, keys, key_scales, a.layout->key_width, scores, ahead);
  }
};

// Rows start ... start + Rows - 1 over one page; `next` is read after it.
template <std::uint32_t Rows, class Stored>
void attend_rows(const AttendArguments& a, const Scratch& scratch, std::uint32_t start,
                 const PageHead& page, const std::byte* next) {
  std::uint64_t cells[Rows], any = 0;
  for (std::uint32_t r = 0; r < Rows; ++r) any |= cells[r] = visible(a.rows[start + r], page);
  if (any == 0) return;
  const std::size_t stride = a.out.stride;
  float* const o = a.out.o + start * stride;
  const Stored stored(*a.layout, page, scratch);
  const bool page_ahead = a.layout->bytes <= Stored::page_ahead;
  stored.template score<Rows>(a, scratch.queries + start, scratch.weights,
                              {page_ahead ? next : page.data + a.layout->values});
  for (std::uint32_t r = 0; r < Rows; ++r)
    weigh(a, a.rows[start + r], page, cells[r], scratch.weights[r], a.out.maximum[start + r],
          a.out.sum[start + r], o + r * stride);
  const auto first = static_cast<std::uint32_t>(__builtin_ctzll(any));
  const auto last = 63u - static_cast<std::uint32_t>(__builtin_clzll(any));
  gather<Rows, Stored::value_bytes>(scratch.weights, stored, stride, first, last, o,
                                    {page_ahead ? next + a.layout->values : next});
}

// The tile that begins with row `start`, of at most Rows rows.
template <class Stored, std::uint32_t Rows = tile>
void attend_tile(const AttendArguments& a, const Scratch& scratch, std::uint32_t start,
                 const PageHead& page, const std::byte* next) {
  if (a.row_count - start >= Rows) return attend_rows<Rows, Stored>(a, scratch, start, page, next);
  if constexpr (Rows > 1) attend_tile<Stored, Rows - 1>(a, scratch, start, page, next);
}

template <class Stored>
void attend_pages(const AttendArguments& a) {
  const HeadLayout& layout = *a.layout;
  const Scratch scratch(layout, a.scratch);
  for (std::uint32_t p = 0; p < a.page_count; ++p) {
    const PageHead& page = a.pages[p];
    const std::byte* next = p + 1 < a.page_count ? a.pages[p + 1].data : a.following;
    if (!next) next = page.data;
    // The scales of bytes, which lie between the keys and values.
    prefetch_head(next + layout.key_scales, layout.values - layout.key_scales);
    prefetch_head(next + layout.value_scales, layout.bytes - layout.value_scales);
    for (std::uint32_t start = 0; start < a.row_count; start += tile)
      attend_tile<Stored>(a, scratch, start, page, next);
  }
}

}  // namespace

namespace QUIPU_KERNEL_ISA {

std::size_t few_rows_scratch(const HeadLayout& layout) {
  return static_cast<std::size_t>(Scratch(layout, nullptr).end - static_cast<std::byte*>(nullptr));
}

void prepare_few_rows(const HeadLayout& layout, const QueryRow* rows, std::uint32_t row_count,
                      std::byte* memory) {
  const Scratch scratch(layout, memory);
  for (std::uint32_t row = 0; row < row_count; ++row)
    for (std::uint32_t d = 0; d < layout.key_width; ++d)
      scratch.queries[std::size_t{d} * row_count + row] = rows[row].q[d];
}

void attend_few_rows(const AttendArguments& a) {
  if (a.layout->type == QUIPU_KV_F32)
    attend_pages<Numbers<float>>(a);
  else if (a.layout->type == QUIPU_KV_F16)
    attend_pages<Numbers<std::uint16_t>>(a);
  else
    attend_pages<Quantised>(a);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu

#endif
