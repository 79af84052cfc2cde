// I16: whole numbers of 16 bits, as storage: of tables rather than of weights. Layout source: GGUF
// specification, ggml type 25.
#include "quipu/sdk/codec.h"

#include "../shared/plain_numbers.h"

namespace {

struct I16 {
  static constexpr std::string_view name = "i16", type = "gguf:25";
  static constexpr std::uint32_t block_columns = 1, block_bytes = 2;
  static constexpr bool whole_numbers = true;
  static void dequantize(const void* stored, std::uint64_t count, float* out) noexcept {
    plain_numbers<std::int16_t>(stored, count, out);
  }
};

}  // namespace

QUIPU_CODEC_PLUGIN("0.1.0", "Apache-2.0", I16);
