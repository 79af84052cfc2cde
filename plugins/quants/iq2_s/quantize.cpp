// Quantiser of IQ2_S. Definition: quantize_row_iq2_s_impl of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/codebook_search.h"
#include "../shared/importance.h"
#include "../shared/pack.h"
#include "codebook.h"

namespace {

using Table = NearestEntries<2, 1024>;

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) {
  static const Table table(codebook, 1);
  const float square = 2 * sum_of_squares(weights.x) / 256;
  float weight[256];
  if (weights.importance)
    weigh(weights.x, weights.importance, square, 256, weight);
  else
    for (int i = 0; i < 256; ++i) weight[i] = 0.25f * square + weights.x[i] * weights.x[i];
  Signed x(weights.x);
  CodebookSearch<16, Table> found(table, x, weight);
  const auto reach = found.largest();
  found.run(reach, reach / 5, {9, 0.1f, 1e-8f, Again::unfit}, x.signs);

  std::uint8_t code[16];
  const float scale = code_scales(found.scale, 16, 15, code);
  quipu::sdk::put_half(scale * 0.9875f, block);
  std::memcpy(block + 34, x.signs, 32);
  std::memset(block + 66, 0, 8);
  for (int e = 0; e < 32; ++e) {
    block[2 + e] = static_cast<std::uint8_t>(found.entry[e]);
    block[66 + e / 4] |= static_cast<std::uint8_t>(found.entry[e] >> 8 << 2 * (e % 4));
  }
  pack_nibble_pairs(code, 8, block + 74);
}

}  // namespace

QUIPU_QUANTIZER(IQ2_S, quantize);
