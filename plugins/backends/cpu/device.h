// The processor, as a person would name it.
#pragma once

#include <cstdint>
#include <string>

namespace quipu_cpu {

/// "AMD EPYC 9354 32-Core Processor", or "CPU" when the system does not say.
std::string processor_name();

/// Bytes of memory in the machine, and those that a program could get now; 0 = unknown.
struct Memory {
  std::uint64_t total = 0, available = 0;
};
Memory machine_memory();

#if defined(__x86_64__)
/// EAX of CPUID's leaf 7, subleaf 1 (Intel's Software Developer's Manual, volume 2); 0 where there
/// is none.
std::uint32_t cpuid_7_1() noexcept;
#endif

/// As QUIPU_ISA names it.
const char* isa_name(std::uint32_t isa) noexcept;

}  // namespace quipu_cpu
