// Which instruction sets plugins may use.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "quipu/error.h"
#include "quipu/registry.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace quipu {
namespace {

struct Level {
  std::string_view name;
  std::uint32_t isa;
};

constexpr std::array<Level, 4> levels = {{{"scalar", QUIPU_ISA_SCALAR},
                                          {"avx2", QUIPU_ISA_AVX2},
                                          {"avx512", QUIPU_ISA_AVX512},
                                          {"neon", QUIPU_ISA_NEON}}};

#if defined(__x86_64__)

// Bits as in Intel's Software Developer's Manual, volume 2, CPUID.
std::uint32_t processor_isa() {
  const auto has = [](std::uint32_t value, std::uint32_t bits) { return (value & bits) == bits; };
  const auto bit = [](unsigned at) { return std::uint32_t{1} << at; };
  std::uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return QUIPU_ISA_SCALAR;
  const std::uint32_t fma = bit(12), osxsave = bit(27), avx = bit(28), f16c = bit(29);
  if (!has(c, fma | osxsave | avx | f16c)) return QUIPU_ISA_SCALAR;

  // What the operating system saves at a switch of threads: without it the registers do not last.
  std::uint32_t saved, high;
  __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  const std::uint32_t vectors = bit(1) | bit(2), wide = vectors | bit(5) | bit(6) | bit(7);
  if (!has(saved, vectors)) return QUIPU_ISA_SCALAR;

  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return QUIPU_ISA_SCALAR;
  const std::uint32_t bmi1 = bit(3), avx2 = bit(5), bmi2 = bit(8);
  if (!has(b, bmi1 | avx2 | bmi2)) return QUIPU_ISA_SCALAR;
  const std::uint32_t f = bit(16), dq = bit(17), bw = bit(30), vl = bit(31);
  const std::uint32_t vbmi = bit(1), vnni = bit(11);
  return has(saved, wide) && has(b, f | dq | bw | vl) && has(c, vbmi | vnni) ? QUIPU_ISA_AVX512
                                                                             : QUIPU_ISA_AVX2;
}

#elif defined(__aarch64__)

std::uint32_t processor_isa() {
  constexpr unsigned long needed = HWCAP_ASIMDDP | HWCAP_ASIMDHP | HWCAP_FPHP;
  return (::getauxval(AT_HWCAP) & needed) == needed ? QUIPU_ISA_NEON : QUIPU_ISA_SCALAR;
}

#endif

}  // namespace

decltype(quipu_codec::dequantize) Registry::dequantize_of(const quipu_codec& codec) {
  auto best = codec.dequantize;
  for (std::uint32_t i = 0; i < codec.kernel_count; ++i) {
    const quipu_kernels& kernels = codec.kernels[i];
    if (kernels.isa <= isa() && QUIPU_HAS(&kernels, dequantize)) best = kernels.dequantize;
  }
  return best;
}

std::uint32_t Registry::isa() {
  static const std::uint32_t processor = processor_isa();
  const char* const wanted = std::getenv("QUIPU_ISA");
  if (!wanted || !*wanted) return processor;
  const auto level = std::find_if(levels.begin(), levels.end(),
                                  [&](const Level& each) { return each.name == wanted; });
  if (level == levels.end())
    throw Error(ErrorCode::usage, "QUIPU_ISA: expected scalar, avx2, avx512 or neon, found \"" +
                                      printable(wanted) + "\"");
#if defined(__x86_64__)
  const bool foreign = level->isa == QUIPU_ISA_NEON;
#else
  const bool foreign = level->isa == QUIPU_ISA_AVX2 || level->isa == QUIPU_ISA_AVX512;
#endif
  if (foreign)
    throw Error(ErrorCode::usage, "QUIPU_ISA: " + std::string(level->name) +
                                      " is for other processors, this quipu is for " QUIPU_TARGET);
  return std::min(processor, level->isa);
}

}  // namespace quipu
