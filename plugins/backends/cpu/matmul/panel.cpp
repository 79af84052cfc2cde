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

// The stretch that is unpacked after this one. Its reads are strided, so nothing fetches it ahead
// but us, a few rows before each tile.
struct Ahead {
  const std::byte* rows = nullptr;
  std::uint32_t count = 0;
  std::size_t stride = 0, bytes = 0;

  void fetch(std::uint32_t first, std::uint32_t last) const {
    for (std::uint32_t r = first; r < std::min(last, count); ++r)
      for (std::size_t line = 0; line < bytes; line += 64)
        __builtin_prefetch(rows + r * stride + line);
  }
};

Ahead first_stretch(const WeightMatrix& m, std::uint32_t row) {
  return {m.data + row * m.row_bytes, std::min(panel_rows, m.rows - row), m.row_bytes,
          stretch_bytes(*m.codec, std::min(stretch_columns(m), m.columns))};
}

}  // namespace

void unpack_panel(const WeightMatrix& m, const std::byte* rows, std::size_t stride,
                  std::uint32_t first, std::uint32_t count, bool whole_blocks,
                  const PanelMemory& s) noexcept {
  // Two halves of 16 rows.
  for (std::uint32_t half = 0; half < 2; ++half) {
    quipu_panel panel{};
    panel.size = sizeof panel;
    panel.quad_stride = panel_rows * 4;
    panel.group_stride = panel_rows;
    panel.whole_blocks = whole_blocks;
    panel.q = s.q + half * 64;
    panel.scale = s.scale + half * 16;
    panel.minimum = m.codec->has_minimum ? s.minimum + half * 16 : nullptr;
    m.unpack->unpack(rows + half * 16 * stride, stride, first, count, &panel);
  }
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
  for (std::uint32_t row = first; row < last; row += panel_rows) {
    const std::uint32_t rows = std::min(panel_rows, last - row);
    const std::byte* const data = m.data + row * m.row_bytes;
    TileOutput out{};
    out.c_stride = panel_rows;
    out.addend_stride = more.addend_stride;
    out.y_stride = y_stride;
    for (std::uint32_t column = 0; column < m.columns; column += stretch) {
      const std::uint32_t count = std::min(stretch, m.columns - column);
      const bool last_columns = column + count == m.columns;
      const std::size_t bytes = stretch_bytes(*m.codec, count);
      const std::byte* const here = data + stretch_bytes(*m.codec, column);
      if (rows == panel_rows) {
        unpack_panel(m, data, m.row_bytes, column, count, whole, scratch);
      } else {
        std::memset(scratch.tail_rows, 0, panel_rows * bytes);
        for (std::uint32_t r = 0; r < rows; ++r)
          std::memcpy(scratch.tail_rows + r * bytes, here + r * m.row_bytes, bytes);
        unpack_panel(m, scratch.tail_rows, bytes, 0, count, whole, scratch);
      }
      const Ahead ahead =
          !last_columns
              ? Ahead{here + bytes, rows, m.row_bytes,
                      stretch_bytes(*m.codec, std::min(stretch, m.columns - column - count))}
          : row + rows < last ? first_stretch(m, row + rows)
          : following.matrix  ? first_stretch(*following.matrix, following.row)
                              : Ahead{};
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
        ahead.fetch(panel_rows * i / tiles, panel_rows * (i + 1) / tiles);
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
