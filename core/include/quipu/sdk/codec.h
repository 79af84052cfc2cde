// Codecs in C++. A codec is a class with
//
//   static constexpr std::string_view name, type;                       "q4_0", "gguf:2"
//   static constexpr std::uint32_t block_columns, block_bytes;
//   static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept;
//
// and, each optional:
//
//   static constexpr bool whole_numbers;          true: no weights
//   static constexpr std::uint32_t numbers;       QUIPU_CODEC_HALVES, QUIPU_CODEC_BFLOATS or 0
//   static std::uint64_t find_invalid(const void* blocks, std::uint64_t block_count) noexcept;
//   static void quantize(const float* x, std::uint64_t rows, std::uint64_t columns,
//                        const float* importance, void* out);
//   static constexpr bool needs_importance;       true: quantize is never called without
//   static constexpr std::uint32_t group; static constexpr std::int32_t zero;
//   static constexpr bool has_minimum;
//   static constexpr bool whole_blocks; static constexpr std::int32_t whole_zero;
//   static constexpr quipu_kernels kernels[];     see kernel.h
//
// and one line: QUIPU_CODEC_PLUGIN("0.1.0", "Apache-2.0", Q4_0). Members are what quipu/abi/codec.h
// says of them.
#pragma once

#include <iterator>
#include <string>

#include "quipu/abi/codec.h"
#include "quipu/sdk/plugin.h"

namespace quipu::sdk {
inline namespace QUIPU_PLUGIN_NAMESPACE {

template <class Codec>
constexpr quipu_codec make_codec() {
  quipu_codec table{};
  table.size = sizeof table;
  table.block_columns = Codec::block_columns;
  table.block_bytes = Codec::block_bytes;
  table.name = Codec::name.data();
  table.type = Codec::type.data();
  table.dequantize = &Codec::dequantize;
  if constexpr (requires { Codec::whole_numbers; })
    table.flags |= Codec::whole_numbers ? QUIPU_CODEC_WHOLE_NUMBERS : 0;
  if constexpr (requires { Codec::numbers; }) table.flags |= Codec::numbers;
  if constexpr (requires { Codec::needs_importance; })
    table.flags |= Codec::needs_importance ? QUIPU_CODEC_NEEDS_IMPORTANCE : 0;
  if constexpr (requires { &Codec::find_invalid; }) table.find_invalid = &Codec::find_invalid;
  if constexpr (requires { &Codec::quantize; })
    table.quantize = [](const float* x, std::uint64_t rows, std::uint64_t columns,
                        const float* importance, void* out) noexcept {
      return guard([&] {
        if constexpr (requires { Codec::needs_importance; })
          if (Codec::needs_importance && !importance)
            throw Error(QUIPU_E_ARGUMENT, std::string(Codec::name) +
                                              ": expected the importance of each column, found "
                                              "none; this format is not quantised without");
        Codec::quantize(x, rows, columns, importance, out);
      });
    };
  if constexpr (requires { Codec::group; }) {
    table.group = Codec::group;
    table.zero = Codec::zero;
    table.has_minimum = Codec::has_minimum;
  }
  if constexpr (requires { Codec::whole_blocks; }) {
    table.whole_blocks = Codec::whole_blocks;
    table.whole_zero = Codec::whole_zero;
  }
  if constexpr (requires { Codec::kernels; }) {
    table.kernel_count = std::size(Codec::kernels);
    table.kernels = std::data(Codec::kernels);
  }
  return table;
}

template <class... Codecs>
constexpr quipu_manifest codec_manifest(std::string_view name, std::string_view version,
                                        std::string_view license) {
  quipu_manifest m = make_manifest(QUIPU_KIND_CODEC, 0, {name, version, license, "quipu", ""});
  const auto provide = [&](std::string_view type, std::string_view codec) {
    if (m.provides[0]) append(m.provides, ";");
    append(m.provides, type);
    append(m.provides, "=");
    append(m.provides, codec);
  };
  (provide(Codecs::type, Codecs::name), ...);
  return m;
}

}  // namespace QUIPU_PLUGIN_NAMESPACE
}  // namespace quipu::sdk

#define QUIPU_CODEC_PLUGIN(VERSION, LICENSE, ...)                                                  \
  template <class... Codecs>                                                                       \
  struct quipu_codec_set {                                                                         \
    static constexpr quipu_codec items[] = {quipu::sdk::make_codec<Codecs>()...};                  \
    static constexpr quipu_manifest manifest =                                                     \
        quipu::sdk::codec_manifest<Codecs...>("quant." QUIPU_PLUGIN_NAME, VERSION, LICENSE);       \
  };                                                                                               \
  QUIPU_PLUGIN(quipu_codec_set<__VA_ARGS__>::manifest, quipu_codec_set<__VA_ARGS__>::items)
