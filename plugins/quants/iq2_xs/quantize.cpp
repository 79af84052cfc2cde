// Quantiser of IQ2_XS. Definition: quantize_row_iq2_xs_impl of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/codebook_search.h"
#include "../shared/importance.h"
#include "../shared/pack.h"
#include "codebook.h"

namespace {

using Table = NearestEntries<2, 512>;

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) {
  static const Table table(codebook, 2);
  float weight[256];
  weigh(weights.x, weights.importance, sum_of_squares(weights.x) / 256, 256, weight);
  Signed x(weights.x);
  x.make_even(weight);
  CodebookSearch<16, Table> found(table, x, weight);
  const auto reach = found.largest();
  found.run(reach, reach / 5, {9, 0.1f, 1e-15f, Again::unfit}, x.signs);

  std::uint8_t code[16];
  const float scale = code_scales(found.scale, 16, 15, code);
  for (int e = 0; e < 32; ++e) {
    const unsigned both = scale == 0 ? 0 : found.entry[e] | (x.signs[e] & 127u) << 9;
    std::memcpy(block + 2 + 2 * e, &both, 2);
  }
  pack_nibble_pairs(code, 8, block + 66);
  quipu::sdk::put_half(scale, block);
}

}  // namespace

QUIPU_QUANTIZER(IQ2_XS, quantize);
