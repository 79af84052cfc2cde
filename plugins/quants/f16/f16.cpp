// F16: IEEE half precision, little endian. Layout source: GGUF specification, type 1.
#include <string_view>

#include "quipu/sdk/kernel.h"

namespace {

using namespace quipu::sdk;

struct F16 {
  static constexpr std::string_view name = "f16", type = "gguf:1";
  static constexpr std::uint32_t block_columns = 1, block_bytes = 2;

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t i = 0; i < count; ++i)
      out[i] = half_to_float(load<std::uint16_t>(p + 2 * i));
  }

  static std::uint64_t find_invalid(const void* blocks, std::uint64_t block_count) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t i = 0; i < block_count; ++i)
      if (!half_is_finite(load<std::uint16_t>(p + 2 * i))) return i;
    return block_count;
  }

  static words::floats16 load16(const std::uint8_t* p) { return words::load_halves(p); }
};

}  // namespace

QUIPU_FLOAT_CODEC(F16, "0.1.0", "Apache-2.0");
