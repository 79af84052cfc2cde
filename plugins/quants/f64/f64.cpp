// F64: floating-point numbers of 64 bits, IEEE binary64, as storage: of tables rather than of
// weights. Layout source: GGUF specification, ggml type 28.
#include "quipu/sdk/codec.h"

#include "../shared/plain_numbers.h"

namespace {

struct F64 {
  static constexpr std::string_view name = "f64", type = "gguf:28";
  static constexpr std::uint32_t block_columns = 1, block_bytes = 8;
  static void dequantize(const void* stored, std::uint64_t count, float* out) noexcept {
    plain_numbers<double>(stored, count, out);
  }
};

}  // namespace

QUIPU_CODEC_PLUGIN("0.1.0", "Apache-2.0", F64);
