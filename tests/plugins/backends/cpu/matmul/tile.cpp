// The tile of every instruction set at the ends of what bytes can be.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

#include "matmul/kernels.h"
#include "plugins/backends/cpu/matmul/instruction_sets.h"

using namespace quipu_cpu;

namespace {

constexpr std::uint32_t columns = 64, most_tokens = 16;

std::vector<const MatmulKernels*> variants() {
  std::vector<const MatmulKernels*> found;
  for (const std::uint32_t isa : instruction_sets()) found.push_back(&matmul_kernels(isa));
#if defined(__x86_64__)
  const WiderThanAvx2 wider = wider_than_avx2();
  if (wider.avxvnni) found.push_back(&avxvnni_matmul);
  if (wider.avx512bw) found.push_back(&avx512bw_matmul);
  if (wider.avx512vnni) found.push_back(&avx512vnni_matmul);
#endif
  return found;
}

/// A panel of one scale for all, and tokens of one scale for all.
struct Product {
  std::vector<std::uint8_t> w = std::vector<std::uint8_t>(columns * panel_rows);
  std::vector<std::int8_t> x = std::vector<std::int8_t>(columns * most_tokens);

  std::int32_t expected(std::uint32_t token, std::uint32_t row, std::int32_t zero) const {
    std::int32_t sum = 0;
    for (std::uint32_t j = 0; j < columns; ++j)
      sum += (w[j / 4 * panel_rows * 4 + row * 4 + j % 4] - zero) * x[token * columns + j];
    return sum;
  }

  std::vector<float> computed(const MatmulKernels& kernels, std::uint32_t tokens,
                              std::uint32_t group, std::int32_t zero) const {
    const std::uint32_t groups = columns / group;
    const std::vector<float> ones(groups * panel_rows, 1.0f);
    std::vector<std::int32_t> totals(groups * most_tokens);
    for (std::uint32_t i = 0; i < columns * most_tokens; ++i) totals[i / group] += x[i];
    const std::vector<float> sums(totals.begin(), totals.end());
    std::vector<std::uint8_t> bytes = w;
    PanelView panel{bytes.data(), ones.data(), nullptr, zero, group, false, columns, 255};
    if (kernels.largest) panel.largest = kernels.largest(panel);
    if (kernels.begin_panel) kernels.begin_panel(tokens, panel);
    std::vector<float> y(tokens * panel_rows);
    kernels.tile(tokens,
                 {x.data(), columns, ones.data(), 0, sums.data(), groups, totals.data(), groups},
                 panel, {y.data(), panel_rows, false, nullptr, 0, nullptr, nullptr, 0});
    if (kernels.end_panels) kernels.end_panels();
    return y;
  }
};

}  // namespace

// Integers below 2^24 are floats, so there is nothing to round.
BOOST_AUTO_TEST_CASE(sums_of_the_largest_bytes_are_exact) {
  std::mt19937 random(9);
  for (const MatmulKernels* const kernels : variants()) {
    BOOST_REQUIRE(kernels->tile_tokens <= most_tokens);
    for (const int largest : {1, 15, 16, 31, 32, 63, 64, 127, 128, 255})
      for (const std::uint32_t group : {16u, 32u}) {
        if (&panel_kernels(*kernels, group, 1024) != kernels) continue;
        Product product;
        // Half of the rows and tokens at the ends, the others anywhere.
        for (std::uint32_t i = 0; i < product.w.size(); ++i)
          product.w[i] = static_cast<std::uint8_t>(
              i / 4 % 2 ? largest : static_cast<int>(random() % (unsigned(largest) + 1)));
        for (std::uint32_t i = 0; i < product.x.size(); ++i) {
          const std::uint32_t token = i / columns;
          product.x[i] = static_cast<std::int8_t>(token % 3 == 0   ? 127
                                                  : token % 3 == 1 ? -127
                                                                   : int(random() % 255) - 127);
        }
        for (const std::int32_t zero : {(largest + 1) / 2, 1})
          for (std::uint32_t tokens = 1; tokens <= kernels->tile_tokens; ++tokens) {
            const auto y = product.computed(*kernels, tokens, group, zero);
            BOOST_TEST_CONTEXT("instruction set " << kernels->isa << ", bytes up to " << largest
                                                  << ", groups of " << group << ", " << tokens
                                                  << " tokens") {
              for (std::uint32_t t = 0; t < tokens; ++t)
                for (std::uint32_t r = 0; r < panel_rows; ++r)
                  BOOST_TEST(y[t * panel_rows + r] ==
                             static_cast<float>(product.expected(t, r, zero)));
            }
          }
      }
  }
}

BOOST_AUTO_TEST_CASE(sums_with_a_scale_for_256_columns_and_minima_for_groups_are_exact) {
  constexpr std::uint32_t wide = 512, blocks = wide / 256;
  std::mt19937 random(10);
  std::vector<std::uint8_t> w(wide * panel_rows);
  for (auto& byte : w) byte = static_cast<std::uint8_t>(random());
  std::vector<float> scale(blocks * panel_rows), minimum(wide / 16 * panel_rows);
  for (auto& s : scale) s = static_cast<float>(1 + random() % 2);
  for (auto& m : minimum) m = static_cast<float>(random() % 16) - 8;
  std::vector<std::int8_t> x(wide * most_tokens);
  for (auto& q : x) q = static_cast<std::int8_t>(int(random() % 15) - 7);
  std::vector<float> x_scale(wide / 32 * most_tokens);
  for (auto& s : x_scale) s = static_cast<float>(1 + random() % 2);

  for (const MatmulKernels* const kernels : variants())
    for (const std::uint32_t group : {16u, 32u})
      for (const bool has_minimum : {false, true})
        for (const std::int32_t zero : {0, 124}) {
          if (!kernels->whole_blocks) continue;
          std::vector<std::int32_t> totals(wide / 32 * most_tokens);
          std::vector<float> sums(wide / group * most_tokens);
          for (std::uint32_t i = 0; i < x.size(); ++i) {
            totals[i / 32] += x[i];
            sums[i / group] += x_scale[i / 32] * static_cast<float>(x[i]);
          }
          const PanelView panel{w.data(), scale.data(), has_minimum ? minimum.data() : nullptr,
                                zero,     group,        true,
                                wide,     255};
          for (std::uint32_t tokens = 1; tokens <= kernels->tile_tokens; ++tokens) {
            std::vector<float> y(tokens * panel_rows);
            kernels->tile(tokens,
                          {x.data(), wide, x_scale.data(), wide / 32, sums.data(), wide / group,
                           totals.data(), wide / 32},
                          panel, {y.data(), panel_rows, false, nullptr, 0, nullptr, nullptr, 0});
            for (std::uint32_t t = 0; t < tokens; ++t)
              for (std::uint32_t r = 0; r < panel_rows; ++r) {
                float expected = 0;
                for (std::uint32_t j = 0; j < wide; ++j) {
                  const int q = w[j / 4 * panel_rows * 4 + r * 4 + j % 4] - zero;
                  const float weight = scale[j / 256 * panel_rows + r] * static_cast<float>(q) +
                                       (has_minimum ? minimum[j / group * panel_rows + r] : 0);
                  expected +=
                      weight * x_scale[(t * wide + j) / 32] * static_cast<float>(x[t * wide + j]);
                }
                BOOST_TEST(y[t * panel_rows + r] == expected);
              }
          }
        }
}
