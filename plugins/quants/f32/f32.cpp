// F32: IEEE single precision, little endian. Layout source: GGUF specification, type 0.
#include <string_view>

#include "quipu/sdk/kernel.h"

namespace {

using namespace quipu::sdk;

struct F32 {
  static constexpr std::string_view name = "f32", type = "gguf:0";
  static constexpr std::uint32_t block_columns = 1, block_bytes = 4;

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    std::memcpy(out, blocks, count * sizeof(float));
  }

  static std::uint64_t find_invalid(const void* blocks, std::uint64_t block_count) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t i = 0; i < block_count; ++i)
      if ((load<std::uint32_t>(p + 4 * i) & 0x7F800000) == 0x7F800000) return i;
    return block_count;
  }

  static words::floats16 load16(const std::uint8_t* p) {
    return words::load_floats(reinterpret_cast<const float*>(p));
  }
};

}  // namespace

QUIPU_FLOAT_CODEC(F32, "0.1.0", "Apache-2.0");
