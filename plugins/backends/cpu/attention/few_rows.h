// Attention of a few query rows over some pages, which vector_attention.cpp hands over: decoding.
// Same results as for many rows.
#pragma once

#include "attention/attention_kernels.h"
#include "attention/vectors.h"

namespace quipu_cpu {

/// Rows up to which a page is read as it lies. From memory, 9 rows are twice as fast as with
/// many_rows.cpp, 16 rows 1.7 times (AVX2 1.3) and 24 rows 1.4 times (AVX2 1.1); from the cache,
/// 24 rows are equal (AVX2 0.87).
constexpr std::uint32_t few_rows = lanes == 16 ? 24 : 16;

namespace QUIPU_KERNEL_ISA {

std::size_t few_rows_scratch(const HeadLayout& layout);
void prepare_few_rows(const HeadLayout& layout, const QueryRow* rows, std::uint32_t row_count,
                      std::byte* scratch);
void attend_few_rows(const AttendArguments& arguments);

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
