// Quantiser of IQ3_XXS. Definition: quantize_row_iq3_xxs_impl of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/codebook_search.h"
#include "../shared/importance.h"
#include "codebook.h"

namespace {

using Table = NearestEntries<3, 256>;

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) {
  static const Table table(codebook, 2);
  float weight[256];
  weigh_or_square(weights, 2 * sum_of_squares(weights.x) / 256, weight);
  Signed x(weights.x);
  x.make_even(weight);
  CodebookSearch<32, Table> found(table, x, weight);
  const auto reach = found.largest();
  found.run(reach, reach / 15, {15, 0.2f, 1e-8f, Again::unfit}, x.signs);

  std::uint8_t code[8];
  const float scale = code_scales(found.scale, 8, 15, code);
  if (scale == 0) {
    std::memset(block, 0, 98);
    return;
  }
  quipu::sdk::put_half(scale * 1.0125f, block);
  for (int e = 0; e < 64; ++e) block[2 + e] = static_cast<std::uint8_t>(found.entry[e]);
  for (int g = 0; g < 8; ++g) {
    const auto word = seven_of_eight_signs(x.signs + 4 * g) | std::uint32_t{code[g]} << 28;
    std::memcpy(block + 66 + 4 * g, &word, 4);
  }
}

}  // namespace

QUIPU_QUANTIZER(IQ3_XXS, quantize);
