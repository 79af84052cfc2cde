// Which instruction sets plugins may use.
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/error.h"
#include "quipu/isa.h"
#include "quipu/registry.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
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

constexpr Level levels[] = {{"scalar", QUIPU_ISA_SCALAR}, {"avx2", QUIPU_ISA_AVX2},
                            {"avx512", QUIPU_ISA_AVX512}, {"amx", QUIPU_ISA_AMX},
                            {"neon", QUIPU_ISA_NEON},     {"i8mm", QUIPU_ISA_I8MM}};

using Isas = std::vector<std::uint32_t>;

#if defined(__x86_64__)

bool is_of_this_family(std::uint32_t isa) {
  return isa < QUIPU_ISA_NEON;
}

// Linux hands out the 8 KiB of tile registers only to processes that ask (arch_prctl(2);
// Documentation/arch/x86/xstate.rst), once for all threads.
bool may_use_tiles() {
  constexpr long request_permission = 0x1023, tile_data = 18;
  return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

// Bits as in Intel's Software Developer's Manual, volume 2, CPUID.
Isas find_isas() {
  const auto has = [](std::uint32_t value, std::uint32_t bits) { return (value & bits) == bits; };
  const auto bit = [](unsigned at) { return std::uint32_t{1} << at; };
  Isas found = {QUIPU_ISA_SCALAR};
  std::uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
  const std::uint32_t fma = bit(12), osxsave = bit(27), avx = bit(28), f16c = bit(29);
  if (!has(c, fma | osxsave | avx | f16c)) return found;

  // What the operating system saves at a switch of threads: without it the registers do not last.
  std::uint32_t saved, high;
  __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  const std::uint32_t vectors = bit(1) | bit(2), wide = vectors | bit(5) | bit(6) | bit(7);
  const std::uint32_t tiles = bit(17) | bit(18);
  if (!has(saved, vectors)) return found;

  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  const std::uint32_t bmi1 = bit(3), avx2 = bit(5), bmi2 = bit(8);
  if (!has(b, bmi1 | avx2 | bmi2)) return found;
  found.push_back(QUIPU_ISA_AVX2);
  const std::uint32_t f = bit(16), dq = bit(17), bw = bit(30), vl = bit(31);
  const std::uint32_t vbmi = bit(1), vnni = bit(11);
  if (!has(saved, wide) || !has(b, f | dq | bw | vl) || !has(c, vbmi | vnni)) return found;
  found.push_back(QUIPU_ISA_AVX512);
  const std::uint32_t amx_tile = bit(24), amx_int8 = bit(25);
  if (has(saved, tiles) && has(d, amx_tile | amx_int8) && may_use_tiles())
    found.push_back(QUIPU_ISA_AMX);
  return found;
}

#elif defined(__aarch64__)

bool is_of_this_family(std::uint32_t isa) {
  return isa == QUIPU_ISA_SCALAR || isa >= QUIPU_ISA_NEON;
}

Isas find_isas() {
  Isas found = {QUIPU_ISA_SCALAR};
  constexpr unsigned long needed = HWCAP_ASIMDDP | HWCAP_ASIMDHP | HWCAP_FPHP;
  if ((::getauxval(AT_HWCAP) & needed) != needed) return found;
  found.push_back(QUIPU_ISA_NEON);
  if (::getauxval(AT_HWCAP2) & HWCAP2_I8MM) found.push_back(QUIPU_ISA_I8MM);
  return found;
}

#endif

// "scalar, avx2 or avx512".
template <class Levels, class Name>
std::string listed(const Levels& all, Name name) {
  std::string text;
  for (std::size_t i = 0; i < std::size(all); ++i)
    text += std::string(i == 0                    ? ""
                        : i + 1 == std::size(all) ? " or "
                                                  : ", ") +
            std::string(name(all[i]));
  return text;
}

std::string_view name_of(std::uint32_t isa) {
  return std::find_if(std::begin(levels), std::end(levels),
                      [&](const Level& each) { return each.isa == isa; })
      ->name;
}

}  // namespace

decltype(quipu_codec::dequantize) Registry::dequantize_of(const quipu_codec& codec) {
  auto best = codec.dequantize;
  for (std::uint32_t i = 0; i < codec.kernel_count; ++i) {
    const quipu_kernels& kernels = codec.kernels[i];
    if (kernels.isa <= isa() && QUIPU_HAS(&kernels, dequantize)) best = kernels.dequantize;
  }
  return best;
}

const std::vector<std::uint32_t>& processor_isas() {
  static const Isas found = find_isas();
  return found;
}

std::uint32_t Registry::isa() {
  const Isas& found = processor_isas();
  const char* const wanted = std::getenv("QUIPU_ISA");
  // AMX only where it is asked for: it gains on some products alone, see panel_kernels() of backend
  // cpu, and no whole model was measured with it.
  if (!wanted || !*wanted)
    return found.back() == QUIPU_ISA_AMX ? std::uint32_t{QUIPU_ISA_AVX512} : found.back();
  const auto refuse = [](const std::string& what) {
    throw Error(ErrorCode::usage, "QUIPU_ISA: " + what);
  };
  const auto level = std::find_if(std::begin(levels), std::end(levels),
                                  [&](const Level& each) { return each.name == wanted; });
  if (level == std::end(levels))
    refuse("expected " + listed(levels, [](const Level& each) { return each.name; }) +
           ", found \"" + printable(wanted) + "\"");
  if (!is_of_this_family(level->isa))
    refuse(std::string(level->name) + " is for other processors, this quipu is for " QUIPU_TARGET);
  if (std::find(found.begin(), found.end(), level->isa) == found.end())
    refuse("expected what this processor has, " + listed(found, name_of) + ", found " +
           std::string(level->name));
  return level->isa;
}

}  // namespace quipu
