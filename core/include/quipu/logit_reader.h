// Logits of texts that are known: how likely a model holds each of their tokens.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "quipu/engine.h"

namespace quipu {

/// Reads texts side by side and gives the logits after their tokens row by row, so that those of a
/// long text are never all in memory. One plan and its cache. Used by one thread at a time.
class LogitReader {
 public:
  struct Row {
    std::size_t text;               ///< index of the text
    std::size_t position;           ///< of the token after which the logits are
    std::span<const float> logits;  ///< [width], valid until the next call
  };

  /// Texts are at most options.context tokens long, and options.sequences of them are read side by
  /// side. Throws as Engine.
  LogitReader(std::shared_ptr<const Model> model, Registry& registry, EngineOptions options = {});
  ~LogitReader();

  std::uint32_t context() const noexcept;
  /// Columns of a row.
  std::uint32_t width() const noexcept;

  /// Begins with these texts, each from an empty context; rows begin at position `first` of each.
  /// Throws usage for too many texts, an empty or too long one, and ids outside the vocabulary.
  void open(std::vector<std::vector<Token>> texts, std::size_t first = 0);
  /// The next row, in the order of texts and positions; nullopt after the last.
  std::optional<Row> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quipu
