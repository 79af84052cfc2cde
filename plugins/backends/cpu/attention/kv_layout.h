// How one key-value head of one page of the cache lies in memory. Read by kernels: no code here.
//
//   keys          f32, f16   [key_width][64]
//                 q8_0       [key_width / 4][64][4], a byte is q + 128
//   key scales    q8_0       [key_width / 32][64] half:      key = scale * q
//   values                   [64][value_stride]
//   value scales  q8_0       [value_width / 32][64] half:    value = scale * q, a byte is q
//
// 64 is the number of cells, so that the lanes of a vector of keys are positions. Widths are
// rounded up; what is past them is zero. The last group of 32 may be shorter.
#pragma once

#include <cstdint>

#include "quipu/abi/backend.h"

namespace quipu_cpu {

/// Cells, that is positions, of a page. The occupied ones are a mask of 64 bits.
constexpr std::uint32_t page_cells = 64;
/// Pages whose softmax is computed as one; larger contexts are merged from such chunks.
constexpr std::uint32_t chunk_pages = 8;
/// Columns of a key or value that share a scale in q8_0.
constexpr std::uint32_t scale_columns = 32;

/// Offsets are bytes from the head's first, which is where the keys begin; all are multiples of 64.
struct HeadLayout {
  std::uint32_t type;  ///< QUIPU_KV_*
  std::uint32_t key_width, value_width;
  std::uint32_t value_stride;  ///< elements, a multiple of 16
  std::uint32_t key_scales, values, value_scales;
  std::uint32_t bytes;
};

}  // namespace quipu_cpu
