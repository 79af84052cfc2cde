// Attention of a few query rows over some pages, which vector_attention.cpp hands over: decoding.
// Same results as for many rows.
#pragma once

#include "attention/attention_kernels.h"

namespace quipu_cpu {

/// Rows up to which a page is read as it lies, with no more work than that.
constexpr std::uint32_t few_rows = 8;

namespace QUIPU_KERNEL_ISA {

std::size_t few_rows_scratch(const HeadLayout& layout);
void prepare_few_rows(const HeadLayout& layout, const QueryRow* rows, std::uint32_t row_count,
                      std::byte* scratch);
void attend_few_rows(const AttendArguments& arguments);

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
