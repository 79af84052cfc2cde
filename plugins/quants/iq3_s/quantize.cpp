// Quantiser of IQ3_S. Definition: quantize_row_iq3_s_impl of ggml. One thing is not as there: after
// a group of zeros ggml does not move on, and writes the entries and signs of later groups into
// those before them.
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
  std::memset(block + 66, 0, 8);
  for (int e = 0; e < 64; ++e) {
    block[2 + e] = static_cast<std::uint8_t>(found.entry[e]);
    block[66 + e / 8] |= static_cast<std::uint8_t>(found.entry[e] >> 8 << e % 8);
  }
  std::memcpy(block + 74, x.signs, 32);
  pack_nibble_pairs(code, 4, block + 106);
}

}  // namespace

QUIPU_QUANTIZER(IQ3_S, quantize);
