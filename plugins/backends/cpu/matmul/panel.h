// The panel path: weights of 32 rows by a stretch of columns unpacked once, then multiplied with
// every token.
#pragma once

#include "matmul/kernels.h"
#include "matmul/matmul.h"

namespace quipu_cpu {

/// 32 rows by up to panel_columns columns as the codec unpacks them, in memory for
/// PanelMemory::bytes: bytes [column / 4][32 rows][4], scales and minima [group][32 rows].
struct PanelMemory {
  static constexpr std::size_t q_bytes = panel_columns * panel_rows;
  static constexpr std::size_t group_floats = panel_columns / 16 * panel_rows;
  static constexpr std::size_t bytes = q_bytes + 2 * group_floats * sizeof(float);

  std::uint8_t* q;
  float* scale;
  float* minimum;
  std::byte* rest;  ///< what lies behind

  explicit PanelMemory(std::byte* memory)
      : q(reinterpret_cast<std::uint8_t*>(memory)),
        scale(reinterpret_cast<float*>(memory + q_bytes)), minimum(scale + group_floats),
        rest(memory + bytes) {}
};

/// Columns first … first + count - 1 of 32 rows that lie `stride` bytes apart.
void unpack_panel(const WeightMatrix& matrix, const std::byte* rows, std::size_t stride,
                  std::uint32_t first, std::uint32_t count, bool whole_blocks,
                  const PanelMemory& panel) noexcept;

std::size_t panel_scratch_bytes(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;

/// Columns that are unpacked together.
std::uint32_t stretch_columns(const WeightMatrix& matrix) noexcept;

/// As multiply(); `first` is a multiple of 32. The int8 form of x is of one stretch, or of
/// stretches of stretch_columns(), which far caches deliver faster: no prefetcher follows pieces of
/// rows that lie a row apart (Zen 5, prefill of 512 tokens: TinyLlama Q4_0 and Q4_K_M 3 %).
void multiply_panels(const WeightMatrix& matrix, const Activations& x, std::uint32_t tokens,
                     std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
                     std::byte* scratch, const Addition& more, const Following& following) noexcept;

}  // namespace quipu_cpu
