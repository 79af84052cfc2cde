// Attention of many query rows over some pages, which vector_attention.cpp hands over. Same results
// as for few rows.
#pragma once

#include "attention/attention_kernels.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

std::size_t many_rows_scratch(const HeadLayout& layout, std::uint32_t rows);
void prepare_many_rows(const HeadLayout& layout, const QueryRow* rows, std::uint32_t row_count,
                       std::byte* scratch);
void attend_many_rows(const AttendArguments& arguments);

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
