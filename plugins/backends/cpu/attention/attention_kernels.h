// What every variant of the attention kernels provides. Kernel files are compiled once per
// instruction set, so this header has nothing but layouts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "attention/kv_layout.h"

namespace quipu_cpu {

/// A query head of one token. It sees the occupied positions first ... last.
struct QueryRow {
  const float* q;  ///< [key_width]
  std::int64_t first, last;
  std::int32_t position;
  float slope;  ///< of ALiBi; 0 = none
};

/// One key-value head of one page.
struct PageHead {
  const std::byte* data;
  std::int64_t position;  ///< of cell 0
  std::uint64_t occupied;
};

/// Softmax over some positions, not yet divided by its sum: o = sum of e^(score - maximum) * value.
/// Rows are `stride` floats apart.
struct PartialRows {
  float* maximum;      ///< [rows], -infinity where nothing was seen
  float* sum;          ///< [rows]
  float* o;            ///< [rows][stride], 64-byte aligned
  std::size_t stride;  ///< HeadLayout::value_stride
};

struct AttendArguments {
  const HeadLayout* layout;
  const PageHead* pages;  ///< of one chunk, rising
  std::uint32_t page_count;
  std::uint32_t row_count;
  const QueryRow* rows;
  const std::byte* following;  ///< head that will be read next, to be prefetched, or null
  float scale, softcap;
  PartialRows out;
  std::byte* scratch;  ///< attend_scratch() bytes, 64-byte aligned; holds what prepare() wrote
};

/// Rows that the vector variants take together where there are many; fewer cost as much.
constexpr std::uint32_t tile_rows = 6;

struct AttentionKernels {
  /// Writes one token's key into cell `lane`.
  void (*store_key)(const HeadLayout& layout, std::byte* head, std::uint32_t lane, const float* k);
  /// Writes columns first … first + count - 1 of its value; `first` is a multiple of scale_columns,
  /// and so is `count` unless these are the last columns.
  void (*store_value)(const HeadLayout& layout, std::byte* head, std::uint32_t lane,
                      std::uint32_t first, std::uint32_t count, const float* v);
  std::size_t (*scratch_bytes)(const HeadLayout& layout, std::uint32_t rows);
  /// Turns the queries into the form that attend reads. Once for a set of rows.
  void (*prepare)(const HeadLayout& layout, const QueryRow* rows, std::uint32_t row_count,
                  std::byte* scratch);
  /// out = softmax parts of every row over the pages. A row's result does not depend on the other
  /// rows, nor on pages of which it sees nothing.
  void (*attend)(const AttendArguments& arguments);
  /// total = total joined with part, for one row; the order of the parts matters.
  void (*fold)(float* maximum, float* sum, float* o, float part_maximum, float part_sum,
               const float* part_o, std::size_t stride);
  /// out = o / (sum + e^(sink - maximum)), the sink being one more score that has no value. Zero
  /// where nothing was seen. A sink of -infinity is none.
  void (*finish)(float maximum, float sum, const float* o, float sink, float* out,
                 std::size_t width);
};

/// The variant for an instruction set (QUIPU_ISA_*), or the best one below it.
const AttentionKernels& attention_kernels(std::uint32_t isa) noexcept;

}  // namespace quipu_cpu
