// Rows of an embedding table.
#pragma once

#include <memory>

#include "plan/job.h"

namespace quipu_cpu {

/// The kernel that dequantises rows of a tensor at an instruction-set level.
using Dequantize = void (*)(const void* blocks, std::uint64_t count, float* out) noexcept;
Dequantize dequantize_of(const quipu_codec& codec, std::uint32_t isa) noexcept;

/// Indices were checked against the table before the run.
std::unique_ptr<Job> embed_job(const quipu_embed& embed, const quipu_tensor& table,
                               std::uint32_t isa, const Matrix& y);

}  // namespace quipu_cpu
