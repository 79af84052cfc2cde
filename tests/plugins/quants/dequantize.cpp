// Dequantisation, bit for bit, against values made by gguf-py and by llama.cpp's C code, and the
// kernels' faster dequantisation against the plain one.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>

#include "codecs.h"
#include "quipu/sdk/half.h"

namespace {

std::vector<unsigned char> file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool same_bits(const std::vector<float>& a, const void* b) {
  return std::memcmp(a.data(), b, a.size() * sizeof(float)) == 0;
}

/// Checks each codec with a file of blocks in the folder; plain numbers need none.
void check_folder(const std::filesystem::path& folder, bool upper) {
  for (const auto* codec : codecs::all()) {
    std::string name = codec->name;
    if (upper)
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto blocks = file(folder / (name + ".blocks.bin"));
    const auto values = file(folder / (name + ".values.f32"));
    BOOST_TEST((codec->block_columns == 1 || !blocks.empty()), name);
    if (blocks.empty()) continue;
    const std::size_t count = blocks.size() / codec->block_bytes * codec->block_columns;
    BOOST_REQUIRE_EQUAL(values.size(), count * sizeof(float));
    BOOST_TEST(same_bits(codecs::dequantized(*codec, blocks.data(), count), values.data()), name);
    if (codec->find_invalid) {
      const auto block_count = count / codec->block_columns;
      BOOST_TEST(codec->find_invalid(blocks.data(), block_count) == block_count, name);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_are_those_of_the_golden_blocks) {
  check_folder(QUIPU_TEST_DATA "/dequant", false);
}

BOOST_AUTO_TEST_CASE(values_are_those_of_all_reference_blocks) {
  const std::filesystem::path folder = QUIPU_SHARED_DATA "/reference/dequant";
  if (!std::filesystem::exists(folder)) {
    BOOST_TEST_MESSAGE("skipped: " << folder << " is absent");
    return;
  }
  check_folder(folder, true);
}

BOOST_AUTO_TEST_CASE(f32_is_copied) {
  for (const auto* codec : codecs::all())
    if (codec->name == std::string("f32")) {
      const std::vector<float> values{0.0f, -0.0f, 1.5f, -3e38f, 1e-45f};
      BOOST_TEST(
          same_bits(codecs::dequantized(*codec, values.data(), values.size()), values.data()));
    }
}

BOOST_AUTO_TEST_CASE(codecs_that_say_which_numbers_they_hold_hold_those) {
  std::size_t said = 0;
  for (const auto* codec : codecs::all()) {
    const std::uint32_t halves = codec->flags & QUIPU_CODEC_HALVES,
                        bfloats = codec->flags & QUIPU_CODEC_BFLOATS;
    if (!halves && !bfloats) continue;
    ++said;
    BOOST_TEST_CONTEXT(codec->name) {
      BOOST_TEST(!(halves && bfloats));
      BOOST_REQUIRE(codec->block_columns == 1);
      BOOST_REQUIRE(codec->block_bytes == sizeof(std::uint16_t));
      std::vector<std::uint16_t> all(65536);
      std::iota(all.begin(), all.end(), 0);
      const auto values = codecs::dequantized(*codec, all.data(), all.size());
      for (const std::uint16_t bits : all) {
        const float expected =
            halves ? quipu::sdk::half_to_float(bits) : quipu::sdk::bfloat_to_float(bits);
        BOOST_REQUIRE(
            (values[bits] == expected || (std::isnan(values[bits]) && std::isnan(expected))));
      }
    }
  }
  BOOST_TEST(said == 2);  // f16 and bf16
}

BOOST_AUTO_TEST_CASE(plain_numbers_become_floats) {
  const auto values_of = [](const std::string& name, const auto& stored) {
    for (const auto* codec : codecs::all())
      if (codec->name == name) {
        std::vector<unsigned char> odd(1 + sizeof stored);  // at any address
        std::memcpy(odd.data() + 1, &stored, sizeof stored);
        return codecs::dequantized(*codec, odd.data() + 1, std::size(stored));
      }
    return std::vector<float>();
  };
  const std::vector<float> expected{0, 1, -1, 127, -128};
  BOOST_TEST(values_of("i8", std::to_array<std::int8_t>({0, 1, -1, 127, -128})) == expected);
  BOOST_TEST(values_of("i16", std::to_array<std::int16_t>({0, 1, -1, 127, -128})) == expected);
  BOOST_TEST(values_of("i32", std::to_array<std::int32_t>({0, 1, -1, 127, -128})) == expected);
  BOOST_TEST(values_of("i64", std::to_array<std::int64_t>({0, 1, -1, 127, -128})) == expected);
  BOOST_TEST(values_of("f64", std::to_array<double>({0, 1, -1, 127, -128})) == expected);
}

BOOST_AUTO_TEST_CASE(every_kernel_dequantises_to_the_same_bits_for_any_count) {
  std::mt19937 random(1);
  for (const auto* codec : codecs::all())
    for (std::uint32_t k = 0; k < codec->kernel_count; ++k) {
      const quipu_kernels& kernels = codec->kernels[k];
      if (!codecs::runs_here(kernels) || !kernels.dequantize) continue;
      for (std::size_t blocks = 1; blocks <= 19; ++blocks) {
        const codecs::Guarded memory(blocks * codec->block_bytes, true);
        codecs::fill(*codec, memory.data(), blocks, random);
        const std::size_t count = blocks * codec->block_columns;
        const auto expected = codecs::dequantized(*codec, memory.data(), count);

        std::vector<float> values(count);
        kernels.dequantize(memory.data(), count, values.data());

        BOOST_TEST(same_bits(values, expected.data()),
                   codec->name << " isa " << kernels.isa << " blocks " << blocks);
      }
    }
}

BOOST_AUTO_TEST_CASE(the_first_block_with_a_scale_that_is_no_number_is_found) {
  std::mt19937 random(2);
  for (const auto* codec : codecs::all()) {
    for (const auto offset : codecs::scale_offsets(*codec))
      for (const std::uint16_t bad : {0x7c00, 0xfc00, 0x7e00, 0xfc01}) {
        std::vector<unsigned char> blocks(5 * codec->block_bytes);
        codecs::fill(*codec, blocks.data(), 5, random);
        BOOST_TEST(codec->find_invalid(blocks.data(), 5) == 5);

        codecs::put_half(blocks.data() + 3 * codec->block_bytes + offset, bad);

        BOOST_TEST(codec->find_invalid(blocks.data(), 5) == 3);
      }
  }
}
