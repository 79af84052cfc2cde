// Attention of many query rows over some pages, for AVX2 and AVX-512: products of matrices. A page
// is widened to floats once; tiles of six rows then read it from the first-level cache, first all
// of its keys, then all of its values.
#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)

#include "attention/many_rows.h"

#include "attention/vector_parts.h"

namespace quipu_cpu {
namespace {

// Six rows times four vectors (two for AVX2): what the registers hold.
constexpr std::uint32_t tile = tile_rows;
constexpr std::uint32_t wide = lanes == 16 ? 4 : 2;

std::uint32_t tiles_of(std::uint32_t rows) {
  return (rows + tile - 1) / tile;
}

// Columns of a query that lie together.
constexpr std::uint32_t together = 16;

std::uint32_t padded(std::uint32_t width) {
  return (width + together - 1) / together * together;
}

struct Scratch {
  float* keys;                   // [key_width][64]
  float* values;                 // [64][value_stride]
  float* queries;                // [tiles][key_width / 16][tile][16]
  float (*weights)[page_cells];  // [tiles * tile], before that scores
  float (*maximum)[lanes];       // [tiles], of which the first `tile` are used
  float (*sum)[lanes];           // [tiles]
  float (*factor)[lanes];        // [tiles] of what is in o already
  float* o;                      // [tiles * tile][value_stride], or the output if tiles are whole
  std::uint64_t* seen;           // [tiles] cells of the page that some row sees
  std::byte* end;

  Scratch(const HeadLayout& layout, std::uint32_t rows, std::byte* memory) {
    const std::size_t tiles = tiles_of(rows);
    const auto take = [&]<class T>(T*& part, std::size_t bytes) {
      part = reinterpret_cast<T*>(memory);
      memory += (bytes + 63) / 64 * 64;
    };
    take(keys, std::size_t{layout.key_width} * page_cells * sizeof(float));
    take(values, std::size_t{layout.value_stride} * page_cells * sizeof(float));
    take(queries, tiles * tile * padded(layout.key_width) * sizeof(float));
    take(weights, tiles * tile * sizeof *weights);
    take(maximum, tiles * sizeof *maximum);
    take(sum, tiles * sizeof *sum);
    take(factor, tiles * sizeof *factor);
    take(o, tiles * tile * layout.value_stride * sizeof(float));
    take(seen, tiles * sizeof *seen);
    end = memory;
  }
};

// scores[tile][64] = dot products of a tile's queries with the keys first ... first + Count vectors
// of positions.
template <std::uint32_t Count>
void score(const float* queries, const float* keys, std::uint32_t width,
           float (*scores)[page_cells]) {
  Vector sum[tile][Count];
  each<tile>([&](auto r)
                 QUIPU_IN_LINE { each<Count>([&](auto i) QUIPU_IN_LINE { sum[r][i] = all(0); }); });
  for (std::uint32_t d = 0; d < width; ++d, keys += page_cells) {
    const float* const from = queries + d / together * together * tile + d % together;
    Vector k[Count];
    each<Count>([&](auto i) QUIPU_IN_LINE { k[i] = load(keys + i * lanes); });
    each<tile>([&](auto r) QUIPU_IN_LINE {
      const Vector q = all(from[r * together]);
      each<Count>([&](auto i) QUIPU_IN_LINE { sum[r][i] = fused(q, k[i], sum[r][i]); });
    });
  }
  each<tile>([&](auto r) QUIPU_IN_LINE {
    each<Count>([&](auto i) QUIPU_IN_LINE { store(scores[r] + i * lanes, sum[r][i]); });
  });
}

// o[tile] = o * factor + weights * values of positions first ... last, Count vectors of columns.
template <std::uint32_t Count>
void gather(const float* factor, const float (*weights)[page_cells], const float* values,
            std::size_t stride, std::uint32_t first, std::uint32_t last, float* o) {
  Vector sum[tile][Count];
  each<tile>([&](auto r) QUIPU_IN_LINE {
    each<Count>([&](auto i) QUIPU_IN_LINE {
      sum[r][i] = multiply(load(o + r * stride + i * lanes), all(factor[r]));
    });
  });
  values += first * stride;
  for (std::uint32_t lane = first; lane <= last; ++lane, values += stride) {
    Vector v[Count];
    each<Count>([&](auto i) QUIPU_IN_LINE { v[i] = load(values + i * lanes); });
    each<tile>([&](auto r) QUIPU_IN_LINE {
      const Vector w = all(weights[r][lane]);
      each<Count>([&](auto i) QUIPU_IN_LINE { sum[r][i] = fused(w, v[i], sum[r][i]); });
    });
  }
  each<tile>([&](auto r) QUIPU_IN_LINE {
    each<Count>([&](auto i) QUIPU_IN_LINE { store(o + r * stride + i * lanes, sum[r][i]); });
  });
}

// work.operator()<Count>(at) for all vectors from first to before end, `wide` at a time.
template <class Work>
void by_vectors(std::uint32_t first, std::uint32_t end, Work work) {
  for (; first + wide <= end; first += wide) work.template operator()<wide>(first * lanes);
  if constexpr (wide > 2) {
    if (end - first == 3) return work.template operator()<3>(first * lanes);
    if (end - first == 2) return work.template operator()<2>(first * lanes);
  }
  if (end - first == 1) work.template operator()<1>(first * lanes);
}

std::uint32_t first_of(std::uint64_t cells) {
  return static_cast<std::uint32_t>(__builtin_ctzll(cells));
}

std::uint32_t last_of(std::uint64_t cells) {
  return 63u - static_cast<std::uint32_t>(__builtin_clzll(cells));
}

// The weights of a tile's rows, their maxima and sums.
void weigh_tile(const AttendArguments& a, const Scratch& scratch, std::uint32_t t,
                const PageHead& page, const float* keys) {
  float(*const weights)[page_cells] = scratch.weights + t * tile;
  by_vectors(first_of(scratch.seen[t]) / lanes, last_of(scratch.seen[t]) / lanes + 1,
             [&]<std::uint32_t Count>(std::uint32_t at) {
               score<Count>(scratch.queries + std::size_t{t} * tile * padded(a.layout->key_width),
                            keys + at, a.layout->key_width,
                            reinterpret_cast<float(*)[page_cells]>(weights[0] + at));
             });
  // Without a branch on whether a maximum rose: in a chunk of eight pages every third does, and a
  // wrong guess costs as much as the weights of a row.
  std::uint64_t cells[tile];
  Vector here = all(minus_infinity), added = all(0);
  for (std::uint32_t r = 0; r < tile; ++r) {
    const std::uint32_t row = t * tile + r;
    cells[r] = row < a.row_count ? visible(a.rows[row], page) : 0;
    with_seen(cells[r], [&](auto seen) QUIPU_IN_LINE {
      if (seen.cells == 0) return;
      Vector s[parts];
      here = select(
          1u << r, all(maximum_of(finish_scores(a, a.rows[row], page, seen, weights[r], s))), here);
      each<parts>([&](auto i) QUIPU_IN_LINE { store(weights[r] + i * lanes, s[i]); });
    });
  }
  const Vector before = load(scratch.maximum[t]);
  const Vector now = largest(here, before);
  const Vector factor = exponential(subtract(before, now));
  store(scratch.maximum[t], now);
  store(scratch.factor[t], factor);
  for (std::uint32_t r = 0; r < tile; ++r)
    with_seen(cells[r], [&](auto seen) QUIPU_IN_LINE {
      Vector s[parts];
      each<parts>([&](auto i) QUIPU_IN_LINE { s[i] = load(weights[r] + i * lanes); });
      added = select(1u << r, all(weights_of(s, seen, scratch.maximum[t][r], weights[r])), added);
    });
  store(scratch.sum[t], add(multiply(load(scratch.sum[t]), factor), added));
}

void gather_tile(const AttendArguments& a, const Scratch& scratch, std::uint32_t t,
                 const float* values) {
  const std::size_t stride = a.layout->value_stride;
  const std::uint32_t first = first_of(scratch.seen[t]), last = last_of(scratch.seen[t]);
  by_vectors(0, static_cast<std::uint32_t>(stride / lanes),
             [&]<std::uint32_t Count>(std::uint32_t c) {
               gather<Count>(scratch.factor[t], scratch.weights + t * tile, values + c, stride,
                             first, last, scratch.o + t * tile * stride + c);
             });
}

void attend_page(const AttendArguments& a, const Scratch& scratch, const PageHead& page) {
  const std::uint32_t tiles = tiles_of(a.row_count);
  std::uint64_t any = 0;
  for (std::uint32_t t = 0; t < tiles; ++t) {
    scratch.seen[t] = 0;
    for (std::uint32_t row = t * tile; row < a.row_count && row < (t + 1) * tile; ++row)
      scratch.seen[t] |= visible(a.rows[row], page);
    any |= scratch.seen[t];
  }
  if (any == 0) return;
  const float* keys = scratch.keys;
  const float* values = scratch.values;
  if (a.layout->type == QUIPU_KV_F32) {
    keys = reinterpret_cast<const float*>(page.data);
    values = reinterpret_cast<const float*>(page.data + a.layout->values);
  } else {
    read_page(*a.layout, page.data, scratch.keys, scratch.values);
  }
  for (std::uint32_t t = 0; t < tiles; ++t)
    if (scratch.seen[t]) weigh_tile(a, scratch, t, page, keys);
  for (std::uint32_t t = 0; t < tiles; ++t)
    if (scratch.seen[t]) gather_tile(a, scratch, t, values);
}

}  // namespace

namespace QUIPU_KERNEL_ISA {

std::size_t many_rows_scratch(const HeadLayout& layout, std::uint32_t rows) {
  return static_cast<std::size_t>(Scratch(layout, rows, nullptr).end -
                                  static_cast<std::byte*>(nullptr));
}

void prepare_many_rows(const HeadLayout& layout, const QueryRow* rows, std::uint32_t row_count,
                       std::byte* memory) {
  const Scratch scratch(layout, row_count, memory);
  const std::uint32_t width = layout.key_width;
  for (std::uint32_t row = 0; row < row_count; ++row) {
    const float* const q = rows[row].q;
    float* to =
        scratch.queries + std::size_t{row / tile} * tile * padded(width) + row % tile * together;
    std::uint32_t d = 0;
    for (; d + together <= width; d += together, to += tile * together)
      for (std::uint32_t i = 0; i < together; i += lanes) store(to + i, load(q + d + i));
    for (; d < width; ++d) *to++ = q[d];
  }
}

void attend_many_rows(const AttendArguments& a) {
  Scratch scratch(*a.layout, a.row_count, a.scratch);
  const std::size_t stride = a.layout->value_stride;
  const std::uint32_t tiles = tiles_of(a.row_count);
  const bool whole = a.row_count == tiles * tile;
  if (whole)
    scratch.o = a.out.o;
  else
    for (std::size_t i = 0, count = tiles * tile * stride; i < count; i += lanes)
      store(scratch.o + i, all(0));
  for (std::uint32_t t = 0; t < tiles; ++t) {
    store(scratch.maximum[t], all(minus_infinity));
    store(scratch.sum[t], all(0));
  }
  for (std::uint32_t p = 0; p < a.page_count; ++p) {
    const std::byte* const next = p + 1 < a.page_count ? a.pages[p + 1].data : a.following;
    if (next)
      for (std::size_t i = 0; i < a.layout->bytes; i += 64) __builtin_prefetch(next + i, 0, 2);
    attend_page(a, scratch, a.pages[p]);
  }
  if (!whole)
    for (std::size_t i = 0, count = a.row_count * stride; i < count; i += lanes)
      store(a.out.o + i, load(scratch.o + i));
  for (std::uint32_t row = 0; row < a.row_count; ++row) {
    a.out.maximum[row] = scratch.maximum[row / tile][row % tile];
    a.out.sum[row] = scratch.sum[row / tile][row % tile];
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu

#endif
