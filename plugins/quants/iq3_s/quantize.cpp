// Quantiser of IQ3_S. Definition: quantize_row_iq3_s_impl of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/codebook_search.h"
#include "../shared/importance.h"
#include "../shared/pack.h"
#include "codebook.h"

namespace {

using Table = NearestEntries<3, 512>;

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) {
  static const Table table(codebook, 3);
  float weight[256];
  weigh_or_square(weights, 2 * sum_of_squares(weights.x) / 256, weight);
  Signed x(weights.x);
  CodebookSearch<32, Table> found(table, x, weight);
  const auto reach = found.largest();
  found.run(reach, reach / 15, {9, 0.2f, smallest_float, Again::all_unless_fit}, x.signs);

  std::uint8_t code[8];
  const float scale = code_scales(found.scale, 8, 15, code);
  quipu::sdk::put_half(scale * 1.033f, block);
  std::memset(block + 2, 0, 104);
  // As in ggml, groups close up over those that are zero, so that later ones read otherwise than
  // was meant; only the high bits of entries stay in their places.
  for (int group = 0, place = 0; group < 8; ++group) {
    if (!(reach[group] > 0)) continue;
    for (int e = 0; e < 8; ++e) {
      const unsigned entry = found.entry[8 * group + e];
      block[2 + 8 * place + e] = static_cast<std::uint8_t>(entry);
      block[66 + group] |= static_cast<std::uint8_t>(entry >> 8 << e);
    }
    std::memcpy(block + 74 + 4 * place++, x.signs + 4 * group, 4);
  }
  pack_nibble_pairs(code, 4, block + 106);
}

}  // namespace

QUIPU_QUANTIZER(IQ3_S, quantize);
