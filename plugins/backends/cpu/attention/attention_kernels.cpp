// Which variant of the attention kernels an instruction set uses.
#include "attention/attention_kernels.h"

namespace quipu_cpu {

extern const AttentionKernels attention_kernels_scalar;
#if defined(__x86_64__)
extern const AttentionKernels attention_kernels_avx2, attention_kernels_avx512;
#elif defined(__aarch64__)
extern const AttentionKernels attention_kernels_neon;
#endif

const AttentionKernels& attention_kernels(std::uint32_t isa) noexcept {
#if defined(__x86_64__)
  if (isa >= QUIPU_ISA_AVX512) return attention_kernels_avx512;
  if (isa >= QUIPU_ISA_AVX2) return attention_kernels_avx2;
#elif defined(__aarch64__)
  if (isa >= QUIPU_ISA_NEON) return attention_kernels_neon;
#endif
  return attention_kernels_scalar;
}

}  // namespace quipu_cpu
