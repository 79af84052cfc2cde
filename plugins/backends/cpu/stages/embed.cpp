#include "stages/embed.h"

#include <algorithm>

#include "stages/row_job.h"

namespace quipu_cpu {

Dequantize dequantize_of(const quipu_codec& codec, std::uint32_t isa) noexcept {
  Dequantize best = codec.dequantize;
  for (std::uint32_t i = 0; i < codec.kernel_count; ++i) {
    const quipu_kernels& kernels = codec.kernels[i];
    if (kernels.isa <= isa && QUIPU_HAS(&kernels, dequantize)) best = kernels.dequantize;
  }
  return best;
}

std::unique_ptr<Job> embed_job(const quipu_embed& embed, const quipu_tensor& table,
                               std::uint32_t isa, const Matrix& y) {
  // Unpacking a row costs about as much as four copies.
  return row_job(
      "embed " + std::string(table.codec->name), y.rows, 4 * std::uint64_t{y.width},
      [embed, &table, dequantize = dequantize_of(*table.codec, isa), &y](const Step& step,
                                                                         Row row) {
        const quipu_batch& batch = *step.batch;
        const std::uint32_t token = token_of(y.rows, step, row.index);
        std::int64_t index = 0;
        if (embed.index == QUIPU_EMBED_TOKENS) {
          if (batch.embeddings) {
            std::copy_n(batch.embeddings + std::uint64_t{token} * y.width, y.width, y.row(row));
            return;
          }
          index = batch.tokens[token];
        } else if (embed.index == QUIPU_EMBED_POSITIONS) {
          index = std::int64_t{batch.positions[token]} + embed.offset;
        }
        const auto* data = static_cast<const std::byte*>(table.data);
        dequantize(data + static_cast<std::uint64_t>(index) * table.row_bytes, y.width, y.row(row));
      });
}

}  // namespace quipu_cpu
