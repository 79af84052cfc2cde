#include "matmul/strips.h"

#include <algorithm>
#include <cstring>

#include "matmul/panel.h"
#include "quipu/sdk/half.h"

namespace quipu_cpu {
namespace {

std::size_t row_bytes(const quipu_codec& codec, std::uint32_t columns) {
  return columns / codec.block_columns * std::size_t{codec.block_bytes};
}

// Calls use(unpacked, first column, number of columns) for the strip, a few columns at a time.
template <class Use>
void for_unpacked(const WeightMatrix& m, std::uint32_t strip, std::byte* scratch, Use use) {
  const PanelMemory unpacked(scratch);
  std::byte* const tail_rows = unpacked.rest;  // copies of the last rows, padded with zeros
  const quipu_codec& codec = *m.codec;
  const std::uint32_t row = strip * panel_rows, rows = std::min(panel_rows, m.rows - row);
  const std::byte* const data = m.data + row * m.row_bytes;
  const std::uint32_t unit = std::max(32u, codec.block_columns);
  const std::uint32_t most = panel_columns / unit * unit;
  for (std::uint32_t column = 0; column < m.columns; column += most) {
    const std::uint32_t count = std::min(most, m.columns - column);
    const std::size_t bytes = row_bytes(codec, count), at = row_bytes(codec, column);
    const std::byte* from = data;
    std::size_t stride = m.row_bytes;
    std::uint32_t first = column;
    if (rows < panel_rows) {
      std::memset(tail_rows, 0, panel_rows * bytes);
      for (std::uint32_t r = 0; r < rows; ++r)
        std::memcpy(tail_rows + r * bytes, data + r * m.row_bytes + at, bytes);
      from = tail_rows;
      stride = bytes;
      first = 0;
    }
    unpack_panel(m, from, stride, first, count, false, unpacked);
    use(unpacked, column, count);
  }
}

bool fits_half(float value) {
  return quipu::sdk::float_bits(quipu::sdk::half_to_float(quipu::sdk::float_to_half(value))) ==
         quipu::sdk::float_bits(value);
}

// 32 factors, as halves or as floats; gives where the next ones go.
std::byte* put_factors(const float* factors, bool halves, std::byte* to) {
  if (!halves) {
    std::memcpy(to, factors, panel_rows * sizeof(float));
    return to + panel_rows * sizeof(float);
  }
  std::uint16_t rounded[panel_rows];
  for (std::uint32_t r = 0; r < panel_rows; ++r) rounded[r] = quipu::sdk::float_to_half(factors[r]);
  std::memcpy(to, rounded, sizeof rounded);
  return to + sizeof rounded;
}

std::uint64_t strip_bytes(const WeightMatrix& m, const StripForm& form) {
  return std::uint64_t{m.columns / 32} * form.block_bytes;
}

const std::uint8_t* strip_at(const WeightMatrix& m, std::uint32_t row) {
  return reinterpret_cast<const std::uint8_t*>(m.strips) +
         row / panel_rows * strip_bytes(m, *m.form);
}

// How far ahead a strip is fetched that is read once: 8 KiB reads as fast as a whole strip or
// faster (8 tokens, Zen 5: 88 against 83 % of a plain read; 4 KiB 82).
constexpr std::ptrdiff_t ahead_bytes = 8 << 10;

// What is fetched while the tiles of a strip are multiplied: where there is one, what it will read
// itself, then the strip that comes next; where there are more, of that a part with each tile.
class Fetching {
 public:
  /// `row` is the strip's; rows up to `last` and those that follow are read behind it.
  Fetching(const WeightMatrix& m, std::uint32_t row, std::uint32_t last, const Following& following,
           std::uint32_t tiles)
      : form_(*m.form), strip_(strip_at(m, row)), end_(strip_ + strip_bytes(m, form_)),
        tiles_(tiles) {
    if (row + panel_rows < last)
      next_ = end_;
    else if (following.matrix && following.matrix->strips)
      next_ = strip_at(*following.matrix, following.row);
  }

  /// With tile `index`.
  void plan(std::uint32_t index, StripView& view) const noexcept {
    const std::uint32_t lines = form_.block_bytes / 64;
    if (tiles_ == 1) {
      const std::uint8_t* const then = next_ ? next_ : strip_;
      view.ahead = end_ - strip_ > ahead_bytes ? strip_ + ahead_bytes : then;
      view.ahead_end = end_;
      view.ahead_then = then;
      view.ahead_lines = lines;
      return;
    }
    const std::uint32_t each = (lines + tiles_ - 1) / tiles_,
                        before = std::min(lines, index * each);
    view.ahead_lines = next_ ? std::min(each, lines - before) : 0;
    if (next_) view.ahead = next_ + view.columns / 32 * std::size_t{before} * 64;
  }

 private:
  const StripForm& form_;
  const std::uint8_t *strip_, *end_, *next_ = nullptr;
  std::uint32_t tiles_;
};

}  // namespace

bool can_be_strips(const WeightMatrix& matrix) noexcept {
  // Panels with a scale per 256 columns add up in another order.
  if (matrix.kernels->whole_blocks && QUIPU_HAS(matrix.codec, whole_blocks)) return false;
  return matrix.kernels->strip && matrix.unpack && matrix.columns % 32 == 0 && matrix.rows > 0;
}

void StripNeeds::join(const StripNeeds& other) noexcept {
  largest = std::max(largest, other.largest);
  fits_halves &= other.fits_halves;
}

StripNeeds strip_needs(const WeightMatrix& m, std::uint32_t index, std::byte* scratch) noexcept {
  StripNeeds needs;
  for_unpacked(m, index, scratch, [&](const PanelMemory& u, std::uint32_t, std::uint32_t count) {
    // A maximum that a compiler turns into vectors.
    std::uint8_t largest = 0;
    for (std::size_t i = 0; i < std::size_t{count} * panel_rows; ++i)
      largest = u.q[i] > largest ? u.q[i] : largest;
    needs.largest = std::max(needs.largest, largest);
    const std::size_t factors = std::size_t{count} / m.codec->group * panel_rows;
    for (const float* all : {u.scale, m.codec->has_minimum ? u.minimum : nullptr})
      if (all && needs.fits_halves) needs.fits_halves = std::all_of(all, all + factors, fits_half);
  });
  return needs;
}

std::size_t strip_scratch_bytes(const WeightMatrix& matrix) noexcept {
  return PanelMemory::bytes + panel_rows * (row_bytes(*matrix.codec, panel_columns) + 64);
}

StripForm strip_form(const quipu_codec& codec, const StripNeeds& needs) noexcept {
  StripForm form{};
  form.zero = codec.zero;
  form.group = codec.group;
  form.has_minimum = codec.has_minimum != 0;
  form.nibbles = needs.largest < 16;
  form.halves = needs.fits_halves;
  form.largest = needs.largest;
  const std::uint32_t factors = 32 / form.group * (form.has_minimum ? 2 : 1);
  form.block_bytes = panel_rows * (factors * (form.halves ? 2 : 4) + (form.nibbles ? 16 : 32));
  return form;
}

std::uint64_t strips_bytes(const WeightMatrix& matrix, const StripForm& form) noexcept {
  return strip_count(matrix) * strip_bytes(matrix, form);
}

void copy_strip(const WeightMatrix& m, const StripForm& form, std::uint32_t index,
                std::byte* scratch, std::byte* strips) noexcept {
  std::byte* to = strips + index * strip_bytes(m, form);
  const std::uint32_t parts = 32 / form.group;
  for_unpacked(m, index, scratch, [&](const PanelMemory& u, std::uint32_t, std::uint32_t count) {
    for (std::uint32_t block = 0; block < count / 32; ++block) {
      for (const float* factors : {u.scale, form.has_minimum ? u.minimum : nullptr})
        for (std::uint32_t part = 0; factors && part < parts; ++part)
          to = put_factors(factors + (block * parts + part) * panel_rows, form.halves, to);
      const std::uint8_t* const q = u.q + std::size_t{block} * 32 * panel_rows;
      if (form.nibbles) {
        for (std::uint32_t i = 0; i < 16 * panel_rows; ++i)
          to[i] = static_cast<std::byte>(q[i] | q[i + 16 * panel_rows] << 4);
        to += 16 * panel_rows;
      } else {
        std::memcpy(to, q, 32 * panel_rows);
        to += 32 * panel_rows;
      }
    }
  });
}

std::size_t strips_scratch_bytes(std::uint32_t tokens) noexcept {
  return std::size_t{tokens} * panel_rows * sizeof(float);
}

void multiply_strips(const WeightMatrix& m, const Activations& x, std::uint32_t tokens,
                     std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
                     std::byte* scratch, const Addition& more,
                     const Following& following) noexcept {
  const StripForm& form = *m.form;
  float* const sums = reinterpret_cast<float*>(scratch);  // [tokens][32], until they are whole
  const bool by16 = form.group == 16;
  // As even as can be: a tile of one token costs more than an eighth of one of eight.
  const std::uint32_t tiles = (tokens + strip_tokens - 1) / strip_tokens;
  StripView view{};
  view.columns = m.columns;
  for (std::uint32_t row = first; row < last; row += panel_rows) {
    const std::uint32_t rows = std::min(panel_rows, last - row);
    const Fetching fetching(m, row, last, following, tiles);
    view.blocks = strip_at(m, row);
    TileOutput out{};
    out.c_stride = panel_rows;
    out.addend_stride = more.addend_stride;
    out.y_stride = y_stride;
    // From end to end, also with many tokens: stretches of columns that stay in the first-level
    // cache cost 1 to 3 % (Zen 5, prefill of 128 and 512 tokens).
    for (std::uint32_t i = 0; i < tiles; ++i) {
      const std::uint32_t t = tokens * i / tiles, end = tokens * (i + 1) / tiles;
      const std::size_t at = std::size_t{t} * m.columns;
      const TileInput input{x.q + at,
                            m.columns,
                            x.scale + at / 32,
                            m.columns / 32,
                            by16 ? x.sum16 + at / 16 : x.sum32 + at / 32,
                            m.columns / (by16 ? 16 : 32),
                            by16 ? x.total16 + at / 16 : x.total32 + at / 32,
                            m.columns / (by16 ? 16 : 32)};
      out.c = sums + std::size_t{t} * panel_rows;
      if (rows == panel_rows) {
        out.y = y + t * y_stride + (row - first);
        out.bias = more.bias ? more.bias + (row - first) : nullptr;
        out.addend = more.addend ? more.addend + t * more.addend_stride + (row - first) : nullptr;
      }
      fetching.plan(i, view);
      m.kernels->strip(end - t, input, form, view, out);
    }
    if (rows < panel_rows)
      for (std::uint32_t t = 0; t < tokens; ++t) {
        float* const to = y + t * y_stride + (row - first);
        std::memcpy(to, sums + std::size_t{t} * panel_rows, rows * sizeof(float));
        add(more, t, row - first, rows, to);
      }
  }
}

}  // namespace quipu_cpu
