// Rows of a table: by token, by position, or row 0.
#include <algorithm>
#include <string>

#include "evaluate.h"
#include "quipu/sdk/plugin.h"

namespace quipu_reference {
namespace {

std::int64_t index_of(const quipu_embed& a, const Operands& in, std::size_t row) {
  if (a.index == QUIPU_EMBED_TOKENS) return in.batch().tokens[in.token(row)];
  if (a.index == QUIPU_EMBED_POSITIONS) return std::int64_t{in.position(row)} + a.offset;
  return 0;
}

}  // namespace

Matrix embed(const Operands& in) {
  const auto& a = in.attributes<quipu_embed>();
  const quipu_tensor& table = in.weight(0);
  Matrix y(in.rows(), in.width());
  for (std::size_t i = 0; i < y.rows; ++i) {
    if (a.index == QUIPU_EMBED_TOKENS && in.batch().embeddings) {
      std::copy_n(in.batch().embeddings + in.token(i) * y.width, y.width, y.row(i));
      continue;
    }
    const std::int64_t index = index_of(a, in, i);
    if (index < 0 || static_cast<std::uint64_t>(index) >= table.shape[1])
      throw quipu::sdk::Error(QUIPU_E_ARGUMENT, std::string(quipu::sdk::view(table.name)) +
                                                    ": expected a token or position of 0 to " +
                                                    std::to_string(table.shape[1] - 1) +
                                                    ", found " + std::to_string(index));
    const auto values = read_row(table, static_cast<std::uint64_t>(index));
    std::copy(values.begin(), values.end(), y.row(i));
  }
  return y;
}

}  // namespace quipu_reference
