// Formats that store each weight as one floating-point number: a class in an unnamed namespace with
//
//   static constexpr char name[], type[];      "f16", "gguf:1"
//   using Stored                               the unsigned integer that holds its bits
//   static float value(Stored bits);
//
// and QUIPU_FLOAT_PLUGIN(VERSION, LICENSE, Format). Rules for kernel files: see kernel.h.
#pragma once

#include "quipu/sdk/codec.h"
#include "quipu/sdk/half.h"

namespace quipu::sdk {

template <class Format>
struct FloatCodec {
  static constexpr std::string_view name = Format::name, type = Format::type;
  static constexpr std::uint32_t block_columns = 1, block_bytes = sizeof(typename Format::Stored);

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    const auto* bytes = static_cast<const unsigned char*>(blocks);
    for (std::uint64_t i = 0; i < count; ++i, bytes += block_bytes) {
      typename Format::Stored bits;
      memcpy(&bits, bytes, sizeof bits);
      out[i] = Format::value(bits);
    }
  }
};

}  // namespace quipu::sdk

#define QUIPU_FLOAT_PLUGIN(VERSION, LICENSE, FORMAT)                                               \
  QUIPU_CODEC_PLUGIN(VERSION, LICENSE, quipu::sdk::FloatCodec<FORMAT>)
