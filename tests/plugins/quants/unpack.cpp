// Panels: every kernel against the scalar one bit for bit, and the panel's formula against
// dequantisation.
#include <boost/test/unit_test.hpp>
#include <set>
#include <string_view>

#include "codecs.h"

namespace {

/// Every kernel in every form of its panels: check(codec, kernels, whole_blocks).
template <class Check>
void for_each_unpack(Check check) {
  for (const auto* codec : codecs::all())
    for (std::uint32_t k = 0; k < codec->kernel_count; ++k)
      if (codec->kernels[k].unpack && codecs::runs_here(codec->kernels[k]))
        for (const bool whole_blocks : {false, true})
          if (!whole_blocks || codec->whole_blocks) {
            BOOST_TEST_CONTEXT(codec->name << " isa " << codec->kernels[k].isa << " whole blocks "
                                           << whole_blocks)
            check(*codec, codec->kernels[k], whole_blocks);
          }
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_formula_of_a_panel_gives_the_dequantised_values) {
  for_each_unpack([](const quipu_codec& codec, const quipu_kernels& kernels, bool whole_blocks) {
    std::mt19937 random(1);
    const std::size_t columns = 768, bytes = codecs::row_bytes(codec, columns);
    std::vector<unsigned char> rows(16 * bytes);
    codecs::fill(codec, rows.data(), rows.size() / codec.block_bytes, random);
    codecs::Panel panel(codec, whole_blocks, columns);

    kernels.unpack(rows.data(), bytes, 0, columns, &panel.table);

    for (std::size_t r = 0; r < 16; ++r) {
      const auto expected = codecs::dequantized(codec, rows.data() + r * bytes, columns);
      for (std::size_t j = 0; j < columns; ++j) BOOST_REQUIRE_EQUAL(panel.value(r, j), expected[j]);
    }
  });
}

BOOST_AUTO_TEST_CASE(
    blocks_with_one_scale_or_small_products_have_panels_with_a_scale_per_256_columns) {
  const std::set<std::string_view> those = {"q2_k", "q3_k", "q8_k", "tq1_0", "tq2_0"};
  for (const auto* codec : codecs::all())
    BOOST_TEST((codec->whole_blocks != 0) == those.contains(codec->name), codec->name);
}

BOOST_AUTO_TEST_CASE(any_columns_of_rows_apart_go_to_a_wider_panel_and_nowhere_else) {
  for_each_unpack([](const quipu_codec& codec, const quipu_kernels& kernels, bool whole_blocks) {
    std::mt19937 random(2);
    const std::uint32_t columns = 1024, first = 256, count = codec.block_columns == 32 ? 416 : 512;
    const std::size_t stride = codecs::row_bytes(codec, columns) + 6;
    std::vector<unsigned char> rows(16 * stride);
    for (std::size_t r = 0; r < 16; ++r)
      codecs::fill(codec, rows.data() + r * stride, columns / codec.block_columns, random);
    codecs::Panel panel(codec, whole_blocks, count, 128, 32),
        expected(codec, whole_blocks, count, 128, 32);

    kernels.unpack(rows.data(), stride, first, count, &panel.table);
    codec.kernels[0].unpack(rows.data(), stride, first, count, &expected.table);

    BOOST_TEST((panel.q == expected.q));
    BOOST_TEST(panel.scale == expected.scale);
    BOOST_TEST(panel.minimum == expected.minimum);
  });
}

BOOST_AUTO_TEST_CASE(nothing_is_read_outside_the_rows) {
  for_each_unpack([](const quipu_codec& codec, const quipu_kernels& kernels, bool whole_blocks) {
    std::mt19937 random(3);
    for (const bool at_end : {false, true})
      for (std::uint32_t blocks = 1; blocks <= 3; ++blocks) {
        const std::uint32_t columns = blocks * codec.block_columns;
        const std::size_t bytes = codecs::row_bytes(codec, columns);
        const codecs::Guarded rows(16 * bytes, at_end);
        codecs::fill(codec, rows.data(), 16 * blocks, random);
        codecs::Panel panel(codec, whole_blocks, columns);

        kernels.unpack(rows.data(), bytes, 0, columns, &panel.table);

        BOOST_TEST(panel.byte(15, columns - 1) <= 255);
      }
  });
}

BOOST_AUTO_TEST_CASE(odd_scales_reach_the_panel_as_they_are) {
  for_each_unpack([](const quipu_codec& codec, const quipu_kernels& kernels, bool whole_blocks) {
    std::mt19937 random(4);
    const std::size_t columns = 256, bytes = codecs::row_bytes(codec, columns);
    for (const std::uint16_t half :
         {0x0000, 0x8000, 0x0001, 0x83ff, 0x7bff, 0xfbff, 0x7c00, 0xfc00}) {
      std::vector<unsigned char> rows(16 * bytes);
      codecs::fill(codec, rows.data(), rows.size() / codec.block_bytes, random);
      for (const auto offset : codecs::scale_offsets(codec))
        for (std::size_t b = 0; b < rows.size(); b += codec.block_bytes)
          codecs::put_half(rows.data() + b + offset, half);
      codecs::Panel panel(codec, whole_blocks, columns), expected(codec, whole_blocks, columns);

      kernels.unpack(rows.data(), bytes, 0, columns, &panel.table);
      codec.kernels[0].unpack(rows.data(), bytes, 0, columns, &expected.table);

      // By value, except that 0 times infinity may differ in the sign of its NaN.
      for (std::size_t i = 0; i < panel.scale.size(); ++i)
        BOOST_TEST((panel.scale[i] == expected.scale[i] ||
                    (std::isnan(panel.scale[i]) && std::isnan(expected.scale[i]))));
      for (std::size_t i = 0; i < panel.minimum.size(); ++i)
        BOOST_TEST((panel.minimum[i] == expected.minimum[i] ||
                    (std::isnan(panel.minimum[i]) && std::isnan(expected.minimum[i]))));
    }
  });
}
