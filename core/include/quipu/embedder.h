// Turns texts into vectors: the rows that a model computes for its tokens, pooled to one.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "quipu/engine.h"

namespace quipu {

/// none: a row per token; mean: of all rows; first: that of the first token, "cls" in encoders;
/// last: that of the last token.
enum class Pooling { none, mean, first, last };

/// "none", "mean", "cls" or "last".
std::optional<Pooling> parse_pooling(std::string_view name);

/// One plan and its cache. Used by one thread at a time.
class Embedder {
 public:
  /// Throws unsupported when the model gives no embeddings. An encoder reads a text as a whole, so
  /// that the batch becomes as long as the context.
  Embedder(std::shared_ptr<const Model> model, Registry& registry, EngineOptions options = {});
  ~Embedder();

  std::uint32_t context() const noexcept;
  /// Columns of a row.
  std::uint32_t width() const noexcept;
  /// What the model's metadata says; else mean for an encoder, last for a decoder. Throws
  /// unsupported for a kind that is none of the above.
  Pooling pooling() const;

  /// [width], or [tokens, width] without pooling. Throws usage when there are no tokens, more than
  /// the context, or ids outside the vocabulary.
  std::vector<float> embed(std::span<const Token> tokens, Pooling pooling);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Divides a vector by its Euclidean length, unless that is 0.
void normalise(std::span<float> vector);

}  // namespace quipu
