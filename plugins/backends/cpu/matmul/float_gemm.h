// Single-precision matrix products by OpenBLAS, which is loaded when the first one is needed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quipu_cpu {

/// y[t * y_stride + r] = sum over j of w[r * columns + j] * x[t * columns + j]. False when there is
/// no OpenBLAS here. Runs on the calling thread alone.
bool float_gemm(const float* w, std::uint32_t rows, const float* x, std::uint32_t tokens,
                std::uint32_t columns, float* y, std::size_t y_stride) noexcept;

/// Whether there is one.
bool has_float_gemm() noexcept;

}  // namespace quipu_cpu
