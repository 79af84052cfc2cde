// Quantiser of IQ2_XXS. Definition: quantize_row_iq2_xxs_impl of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/codebook_search.h"
#include "../shared/importance.h"
#include "../shared/positive_search.h"
#include "codebook.h"

namespace {

using Table = NearestEntries<2, 256>;

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) {
  static const Table table(codebook, 2);
  float weight[256];
  weigh(weights.x, weights.importance, sum_of_squares(weights.x) / 256, 256, weight);
  Signed x(weights.x);
  x.make_even(weight);
  Lanes<8> columns[32], w[32], integers[32];
  load_groups(x.magnitude, columns);
  load_groups(weight, w);
  // Magnitudes with a turned sign are negative: ggml counts such an integer as it is and keeps it
  // in a byte.
  const auto plain = search_positive(columns, w, {-0x1p22f, 4}, integers, AsByte{});
  CodebookSearch<32, Table> found(table, x, weight);
  found.run(plain * 3, plain, {6, 0.1f, smallest_float, Again::all}, x.signs);

  std::uint8_t code[8];
  const float scale = code_scales(found.scale, 8, 15, code);
  if (scale == 0) {
    std::memset(block, 0, 66);
    return;
  }
  quipu::sdk::put_half(scale, block);
  for (int g = 0; g < 8; ++g) {
    auto* const out = block + 2 + 8 * g;
    for (int k = 0; k < 4; ++k) out[k] = static_cast<std::uint8_t>(found.entry[4 * g + k]);
    const auto word = seven_of_eight_signs(x.signs + 4 * g) | std::uint32_t{code[g]} << 28;
    std::memcpy(out + 4, &word, 4);
  }
}

}  // namespace

QUIPU_QUANTIZER(IQ2_XXS, quantize);
