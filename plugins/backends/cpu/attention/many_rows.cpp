// Attention of many query rows over some pages, for AVX2 and AVX-512: products of matrices. A page
// is widened to floats once; tiles of six rows then read it from the first-level cache, first all
// of its keys, then all of its values.
#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)

#include "attention/many_rows.h"

#include "attention/vector_parts.h"

namespace quipu_cpu {
namespace {

// Six rows times four vectors (two for AVX2): what the registers hold.
constexpr std::uint32_t tile = 6;
constexpr std::uint32_t wide = lanes == 16 ? 4 : 2;

std::uint32_t tiles_of(std::uint32_t rows) {
  return (rows + tile - 1) / tile;
}

struct Scratch {
  float* keys;                   // [key_width][64]
  float* values;                 // [64][value_stride]
  float* queries;                // [tiles][key_width][tile], zero past the last row
  float (*weights)[page_cells];  // [tiles * tile]
  float* spare;                  // [value_stride], for rows past the last
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
    take(queries, tiles * tile * layout.key_width * sizeof(float));
    take(weights, tiles * tile * sizeof *weights);
    take(spare, layout.value_stride * sizeof(float));
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
  for (std::uint32_t r = 0; r < tile; ++r)
    for (std::uint32_t i = 0; i < Count; ++i) sum[r][i] = all(0);
  for (std::uint32_t d = 0; d < width; ++d) {
    Vector k[Count];
    for (std::uint32_t i = 0; i < Count; ++i) k[i] = load(keys + d * page_cells + i * lanes);
    for (std::uint32_t r = 0; r < tile; ++r) {
      const Vector q = all(queries[d * tile + r]);
      for (std::uint32_t i = 0; i < Count; ++i) sum[r][i] = fused(q, k[i], sum[r][i]);
    }
  }
  for (std::uint32_t r = 0; r < tile; ++r)
    for (std::uint32_t i = 0; i < Count; ++i) store(scores[r] + i * lanes, sum[r][i]);
}

// o[tile] += weights[tile] * values of positions first ... last, Count vectors of columns.
template <std::uint32_t Count>
void gather(const float (*weights)[page_cells], const float* values, std::size_t stride,
            std::uint32_t first, std::uint32_t last, float* const* o, std::size_t c) {
  Vector sum[tile][Count];
  for (std::uint32_t r = 0; r < tile; ++r)
    for (std::uint32_t i = 0; i < Count; ++i) sum[r][i] = load(o[r] + c + i * lanes);
  for (std::uint32_t lane = first; lane <= last; ++lane) {
    Vector v[Count];
    for (std::uint32_t i = 0; i < Count; ++i) v[i] = load(values + lane * stride + c + i * lanes);
    for (std::uint32_t r = 0; r < tile; ++r) {
      const Vector w = all(weights[r][lane]);
      for (std::uint32_t i = 0; i < Count; ++i) sum[r][i] = fused(w, v[i], sum[r][i]);
    }
  }
  for (std::uint32_t r = 0; r < tile; ++r)
    for (std::uint32_t i = 0; i < Count; ++i) store(o[r] + c + i * lanes, sum[r][i]);
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

// The weights of a tile's rows.
void weigh_tile(const AttendArguments& a, const Scratch& scratch, std::uint32_t t,
                const PageHead& page, const float* keys) {
  float(*const weights)[page_cells] = scratch.weights + t * tile;
  by_vectors(first_of(scratch.seen[t]) / lanes, last_of(scratch.seen[t]) / lanes + 1,
             [&]<std::uint32_t Count>(std::uint32_t at) {
               score<Count>(scratch.queries + std::size_t{t} * tile * a.layout->key_width,
                            keys + at, a.layout->key_width,
                            reinterpret_cast<float(*)[page_cells]>(weights[0] + at));
             });
  for (std::uint32_t r = 0; r < tile; ++r) {
    const std::uint32_t row = t * tile + r;
    const std::uint64_t cells = row < a.row_count ? visible(a.rows[row], page) : 0;
    if (cells)
      weigh(a, a.rows[row], page, cells, weights[r], a.out.maximum[row], a.out.sum[row],
            a.out.o + row * a.out.stride);
    else
      for (std::uint32_t i = 0; i < parts; ++i) store(weights[r] + i * lanes, all(0));
  }
}

void gather_tile(const AttendArguments& a, const Scratch& scratch, std::uint32_t t,
                 const float* values) {
  float* o[tile];
  for (std::uint32_t r = 0; r < tile; ++r) {
    const std::uint32_t row = t * tile + r;
    o[r] = row < a.row_count ? a.out.o + row * a.out.stride : scratch.spare;
  }
  const std::uint32_t first = first_of(scratch.seen[t]), last = last_of(scratch.seen[t]);
  by_vectors(0, static_cast<std::uint32_t>(a.out.stride / lanes),
             [&]<std::uint32_t Count>(std::uint32_t c) {
               gather<Count>(scratch.weights + t * tile, values, a.out.stride, first, last, o, c);
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
  for (std::uint32_t row = 0; row < tiles_of(row_count) * tile; ++row) {
    float* const to =
        scratch.queries + std::size_t{row / tile} * tile * layout.key_width + row % tile;
    for (std::uint32_t d = 0; d < layout.key_width; ++d)
      to[d * tile] = row < row_count ? rows[row].q[d] : 0.0f;
  }
  for (std::uint32_t c = 0; c < layout.value_stride; ++c) scratch.spare[c] = 0;
}

void attend_many_rows(const AttendArguments& a) {
  const Scratch scratch(*a.layout, a.row_count, a.scratch);
  for (std::uint32_t p = 0; p < a.page_count; ++p) {
    const std::byte* const next = p + 1 < a.page_count ? a.pages[p + 1].data : a.following;
    if (next) prefetch_head(next, a.layout->bytes);
    attend_page(a, scratch, a.pages[p]);
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu

#endif
