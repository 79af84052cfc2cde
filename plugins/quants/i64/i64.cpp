// I64: whole numbers of 64 bits, as storage: of tables rather than of weights. Layout source: GGUF
// specification, ggml type 27.
#include "quipu/sdk/codec.h"

#include "../shared/plain_numbers.h"

namespace {

struct I64 {
  static constexpr std::string_view name = "i64", type = "gguf:27";
  static constexpr std::uint32_t block_columns = 1, block_bytes = 8;
  static constexpr bool whole_numbers = true;
  static void dequantize(const void* stored, std::uint64_t count, float* out) noexcept {
    plain_numbers<std::int64_t>(stored, count, out);
  }
};

}  // namespace

QUIPU_CODEC_PLUGIN("0.1.0", "Apache-2.0", I64);
