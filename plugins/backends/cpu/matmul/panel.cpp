#include "matmul/panel.h"

#include <algorithm>
#include <cstring>

namespace quipu_cpu {
namespace {

// A stretch of columns as a panel, and what else its products need.
struct Scratch : PanelMemory {
  float* sums;           // [tokens][32], until they are whole
  std::byte* tail_rows;  // [32][stretch bytes]: copies of the last rows when they are fewer than
                         // 32, padded with zeros

  explicit Scratch(std::byte* memory, std::uint32_t tokens)
      : PanelMemory(memory), sums(reinterpret_cast<float*>(rest)),
        tail_rows(reinterpret_cast<std::byte*>(sums + std::size_t{tokens} * panel_rows)) {}
};

std::size_t stretch_bytes(const quipu_codec& codec, std::uint32_t columns) {
  return columns / codec.block_columns * std::size_t{codec.block_bytes};
}

// A panel of more bytes is fetched by stretches, as it does not stay in a second-level cache beside
// the one before (Zen 5, which has 1 MB: 215 KB by stretches are 1.05 times as fast, 370 KB 1.4
// times; up to 150 KB whole panels are as fast or, the smaller the more, faster).
constexpr std::size_t most_ahead = 192 << 10;

// What is unpacked next: the next panel, whose rows lie one after another, or the next stretch of
// these rows. Nothing fetches it ahead but us, as unpacking goes across rows. A little at a time,
// between any two pieces of work, and in the order of the addresses: much at once keeps what those
// pieces read waiting (Zen 5, 2 threads, rows of 2048 columns from memory, beside the next stretch
// in lumps before each tile: 4, 8 and 16 tokens of Q4_0 1.7, 1.4 and 1.2 times as fast, of Q6_K
// 1.9, 1.6 and 1.5 times).
class Ahead {
 public:
  Ahead() = default;

  static Ahead panel(const Following& next, std::uint32_t steps) {
    if (!next.matrix) return {};
    const WeightMatrix& m = *next.matrix;
    return {m.data + next.row * m.row_bytes, 1, 0, rows_of(next) * m.row_bytes, steps};
  }
  static Ahead stretch(const Following& next, std::uint32_t column, std::uint32_t steps) {
    if (!next.matrix) return {};
    const WeightMatrix& m = *next.matrix;
    const std::uint32_t columns = std::min(stretch_columns(m), m.columns - column);
    return {m.data + next.row * m.row_bytes + stretch_bytes(*m.codec, column), rows_of(next),
            m.row_bytes, stretch_bytes(*m.codec, columns), steps};
  }

  /// One of the steps.
  void fetch() {
    if (steps_ == 0) return;
    std::size_t lines = lines_ / steps_--;
    lines_ -= lines;
    for (; lines > 0; --lines) {
      __builtin_prefetch(row_ + 64 * line_);
      if (++line_ == lines_per_row_) {
        line_ = 0;
        row_ += stride_;
      }
    }
  }

 private:
  // As many lines for each row as it has where it begins at the end of one.
  Ahead(const std::byte* row, std::size_t rows, std::size_t stride, std::size_t bytes,
        std::uint32_t steps)
      : row_(row), stride_(stride), lines_per_row_((bytes + 126) / 64),
        lines_(rows * lines_per_row_), steps_(steps) {}

  static std::size_t rows_of(const Following& next) {
    return std::min(panel_rows, next.matrix->rows - next.row);
  }

  const std::byte* row_ = nullptr;
  std::size_t stride_ = 0, line_ = 0, lines_per_row_ = 0;
  std::size_t lines_ = 0;    // that are left
  std::uint32_t steps_ = 0;  // likewise
};

// Columns that are unpacked without a pause: whole blocks of any format.
constexpr std::uint32_t piece_columns = 256;

// Pieces of work for so many columns of a panel: of each stretch those of two halves, and tiles.
std::uint32_t steps(std::uint32_t columns, std::uint32_t stretch, std::uint32_t tiles) {
  std::uint32_t count = 0;
  for (std::uint32_t column = 0; column < columns; column += stretch)
    count +=
        2 * ((std::min(stretch, columns - column) + piece_columns - 1) / piece_columns) + tiles;
  return count;
}

// Where the columns of a panel begin.
struct Source {
  const std::byte* rows;
  std::size_t stride;
  std::uint32_t first;
};

// The last rows where they are fewer than 32, followed by zeros.
Source padded(const WeightMatrix& m, const std::byte* data, std::uint32_t rows, std::uint32_t first,
              std::uint32_t count, std::byte* copies) {
  const std::size_t bytes = stretch_bytes(*m.codec, count);
  std::memset(copies, 0, panel_rows * bytes);
  for (std::uint32_t r = 0; r < rows; ++r)
    std::memcpy(copies + r * bytes, data + r * m.row_bytes + stretch_bytes(*m.codec, first), bytes);
  return {copies, bytes, 0};
}

// Columns to … to + count - 1 of 16 rows of the panel.
void unpack_half(const WeightMatrix& m, const Source& source, std::uint32_t half, std::uint32_t to,
                 std::uint32_t count, bool whole_blocks, const PanelMemory& s) {
  const std::uint32_t row = half * 16, group = to / m.codec->group;
  quipu_panel panel{};
  panel.size = sizeof panel;
  panel.quad_stride = panel_rows * 4;
  panel.group_stride = panel_rows;
  panel.whole_blocks = whole_blocks;
  panel.q = s.q + to * panel_rows + row * 4;
  panel.scale = s.scale + (whole_blocks ? to / 256 : group) * panel_rows + row;
  panel.minimum = m.codec->has_minimum ? s.minimum + group * panel_rows + row : nullptr;
  m.unpack->unpack(source.rows + row * source.stride, source.stride, source.first + to, count,
                   &panel);
}

}  // namespace

void unpack_panel(const WeightMatrix& m, const std::byte* rows, std::size_t stride,
                  std::uint32_t first, std::uint32_t count, bool whole_blocks,
                  const PanelMemory& s) noexcept {
  for (std::uint32_t half = 0; half < 2; ++half)
    unpack_half(m, {rows, stride, first}, half, 0, count, whole_blocks, s);
}

// The row in equal parts, whole blocks each.
std::uint32_t stretch_columns(const WeightMatrix& m) noexcept {
  const std::uint32_t parts = (m.columns + panel_columns - 1) / panel_columns;
  const std::uint32_t unit = std::max(32u, m.codec->block_columns);
  return (m.columns + parts * unit - 1) / (parts * unit) * unit;
}

std::size_t panel_scratch_bytes(const WeightMatrix& matrix, std::uint32_t tokens) noexcept {
  return PanelMemory::bytes + std::size_t{tokens} * panel_rows * sizeof(float) +
         panel_rows * (stretch_bytes(*matrix.codec, panel_columns) + 64);
}

void multiply_panels(const WeightMatrix& m, const Activations& x, std::uint32_t tokens,
                     std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
                     std::byte* memory, const Addition& more, const Following& following) noexcept {
  const Scratch scratch(memory, tokens);
  const MatmulKernels& kernels = panel_kernels(*m.kernels, m.codec->group, tokens);
  const bool whole = kernels.whole_blocks && QUIPU_HAS(m.codec, whole_blocks);
  const bool by16 = m.codec->group == 16, totals_by16 = by16 && !whole;
  // Tiles that are about the same size: a small one at the end would cost as much as half a large.
  const std::uint32_t most = kernels.tile_tokens, tiles = (tokens + most - 1) / most;
  const std::uint32_t stretch = stretch_columns(m);
  const bool by_panels = panel_rows * m.row_bytes <= most_ahead;
  for (std::uint32_t row = first; row < last; row += panel_rows) {
    const std::uint32_t rows = std::min(panel_rows, last - row);
    const std::byte* const data = m.data + row * m.row_bytes;
    const Following next = row + rows < last ? Following{&m, row + rows} : following;
    Ahead ahead;
    if (by_panels) ahead = Ahead::panel(next, steps(m.columns, stretch, tiles));
    TileOutput out{};
    out.c_stride = panel_rows;
    out.addend_stride = more.addend_stride;
    out.y_stride = y_stride;
    for (std::uint32_t column = 0; column < m.columns; column += stretch) {
      const std::uint32_t count = std::min(stretch, m.columns - column);
      const bool last_columns = column + count == m.columns;
      if (!by_panels) {
        const std::uint32_t here = steps(count, stretch, tiles);
        ahead = last_columns ? Ahead::stretch(next, 0, here)
                             : Ahead::stretch({&m, row}, column + count, here);
      }
      const Source source = rows == panel_rows
                                ? Source{data, m.row_bytes, column}
                                : padded(m, data, rows, column, count, scratch.tail_rows);
      for (std::uint32_t half = 0; half < 2; ++half)
        for (std::uint32_t to = 0; to < count; to += piece_columns) {
          ahead.fetch();
          unpack_half(m, source, half, to, std::min(piece_columns, count - to), whole, scratch);
        }
      PanelView panel{scratch.q,
                      scratch.scale,
                      m.codec->has_minimum ? scratch.minimum : nullptr,
                      whole ? m.codec->whole_zero : m.codec->zero,
                      m.codec->group,
                      whole,
                      count,
                      255};
      if (kernels.largest) panel.largest = kernels.largest(panel);
      if (kernels.begin_panel) kernels.begin_panel((tokens + tiles - 1) / tiles, panel);
      out.continues = column != 0;
      const std::size_t begin = x.at(0, column), width = x.width(column);
      for (std::uint32_t i = 0; i < tiles; ++i) {
        ahead.fetch();
        const std::uint32_t t = tokens * i / tiles, next = tokens * (i + 1) / tiles;
        const std::size_t at = begin + t * width;
        const TileInput input{x.q + at,
                              width,
                              x.scale + at / 32,
                              width / 32,
                              by16 ? x.sum16 + at / 16 : x.sum32 + at / 32,
                              width / (by16 ? 16 : 32),
                              totals_by16 ? x.total16 + at / 16 : x.total32 + at / 32,
                              width / (totals_by16 ? 16 : 32)};
        // Sums are kept together until they are whole: rows of y lie far apart, often by a power of
        // two, where few of them fit a cache at once (N = K = 4096, 512 tokens: a tenth faster).
        out.c = scratch.sums + std::size_t{t} * panel_rows;
        if (last_columns && rows == panel_rows) {
          out.y = y + t * y_stride + (row - first);
          out.bias = more.bias ? more.bias + (row - first) : nullptr;
          out.addend = more.addend ? more.addend + t * more.addend_stride + (row - first) : nullptr;
        }
        kernels.tile(next - t, input, panel, out);
      }
    }
    if (rows < panel_rows)
      for (std::uint32_t t = 0; t < tokens; ++t) {
        float* const sums = scratch.sums + std::size_t{t} * panel_rows;
        add(more, t, row - first, rows, sums);
        std::memcpy(y + t * y_stride + (row - first), sums, rows * sizeof(float));
      }
  }
  if (kernels.end_panels) kernels.end_panels();
}

}  // namespace quipu_cpu
