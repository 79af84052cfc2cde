#include "device.h"

#include <fstream>

#include "quipu/abi/isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace quipu_cpu {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const auto value = line.find_first_not_of(" \t", line.find(':') + 1);
    if (value != std::string::npos) return line.substr(value);
  }
  return "CPU";
}

Memory machine_memory() {
  Memory memory;
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  for (std::uint64_t kibibytes; file >> key >> kibibytes; std::getline(file, unit)) {
    if (key == "MemTotal:") memory.total = kibibytes * 1024;
    if (key == "MemAvailable:") memory.available = kibibytes * 1024;
  }
  return memory;
}

#if defined(__x86_64__)
std::uint32_t cpuid_7_1() noexcept {
  unsigned most, a, b, c, d;
  const bool found = __get_cpuid_count(7, 0, &most, &b, &c, &d) && most >= 1 &&
                     __get_cpuid_count(7, 1, &a, &b, &c, &d);
  return found ? a : 0;
}
#endif

const char* isa_name(std::uint32_t isa) noexcept {
  switch (isa) {
  case QUIPU_ISA_AVX2:
    return "avx2";
  case QUIPU_ISA_AVX512:
    return "avx512";
  case QUIPU_ISA_AMX:
    return "amx";
  case QUIPU_ISA_NEON:
    return "neon";
  case QUIPU_ISA_I8MM:
    return "i8mm";
  default:
    return "scalar";
  }
}

}  // namespace quipu_cpu
