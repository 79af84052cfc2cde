// Which variant of the row kernels an instruction set uses.
#include "stages/row_kernels.h"

namespace quipu_cpu {

extern const RowKernels row_kernels_scalar;
#if defined(__x86_64__)
extern const RowKernels row_kernels_avx2, row_kernels_avx512;
#elif defined(__aarch64__)
extern const RowKernels row_kernels_neon;
#endif

const RowKernels& row_kernels(std::uint32_t isa) noexcept {
#if defined(__x86_64__)
  if (isa >= QUIPU_ISA_AVX512) return row_kernels_avx512;
  if (isa >= QUIPU_ISA_AVX2) return row_kernels_avx2;
#elif defined(__aarch64__)
  if (isa >= QUIPU_ISA_NEON) return row_kernels_neon;
#endif
  return row_kernels_scalar;
}

}  // namespace quipu_cpu
