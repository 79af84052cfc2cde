// A codec plugin built with the SDK, whose start may fail.
#define QUIPU_PLUGIN_NAME "fixture"
#include <stdexcept>

#include "quipu/sdk/codec.h"

namespace {

struct Nothing {
  static constexpr std::string_view name = "sdk", type = "test:3";
  static constexpr std::uint32_t block_columns = 1, block_bytes = 4;
  static void dequantize(const void*, std::uint64_t, float*) noexcept {}
};

void begin() {
#if defined(FIXTURE_THROWS_ERROR)
  throw quipu::sdk::Error(QUIPU_E_IO, "calibration.bin: not found");
#elif defined(FIXTURE_THROWS_STANDARD)
  throw std::out_of_range("table index 7 of 4");
#elif defined(FIXTURE_THROWS_NUMBER)
  throw 42;
#else
  quipu::sdk::log(QUIPU_LOG_DEBUG, "sdk starts");
#endif
}

}  // namespace

QUIPU_PLUGIN_START(begin);
QUIPU_CODEC_PLUGIN("1.0", "Apache-2.0", Nothing);
