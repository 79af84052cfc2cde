// A format of our own: one signed byte per weight, in hundredths.
#include "quipu/sdk/codec.h"

namespace {

struct Hundredths {
  static constexpr std::string_view name = "hundredths", type = "gguf:x-hundredths";
  static constexpr std::uint32_t block_columns = 1, block_bytes = 1;

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    const auto* q = static_cast<const signed char*>(blocks);
    for (std::uint64_t i = 0; i < count; ++i) out[i] = static_cast<float>(q[i]) / 100.0f;
  }
};

}  // namespace

QUIPU_CODEC_PLUGIN("0.1.0", "Apache-2.0", Hundredths);
