// The instruction sets whose kernels this processor runs.
#pragma once

#include <cstdint>
#include <vector>

#include "quipu/abi/isa.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#else
#include "quipu/isa.h"
#endif

#if defined(__aarch64__)
// Built without the core, which would tell.
inline std::vector<std::uint32_t> instruction_sets() {
  std::vector<std::uint32_t> isas = {QUIPU_ISA_SCALAR, QUIPU_ISA_NEON};
  if (getauxval(AT_HWCAP2) & HWCAP2_I8MM) isas.push_back(QUIPU_ISA_I8MM);
  return isas;
}
#else
inline std::vector<std::uint32_t> instruction_sets() {
  return quipu::processor_isas();
}
#endif
