// A backend with one plan and its cache: the C table of quipu/abi/backend.h in C++.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/engine.h"

namespace quipu {

/// Tokens to run together. One entry of each list per token.
struct Batch {
  std::vector<std::int32_t> tokens, positions;
  std::vector<std::uint32_t> sequences;
  std::vector<std::uint8_t> wanted;

  std::size_t size() const noexcept { return tokens.size(); }
  void add(Token token, std::size_t position, std::uint32_t sequence, bool want);
  void clear();
};

class Runner {
 public:
  /// `sequences` ids, 0 to sequences - 1. Options are complete but for `batch`. The observer
  /// outlives the runner; null is none. `role`: "logits" or "embeddings"; throws unsupported when
  /// the model has no such output.
  Runner(const Model& model, Registry& registry, const EngineOptions& options,
         std::uint32_t sequences, const quipu_observer* observer = nullptr,
         std::string_view role = "logits");
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Columns of a row of the output.
  std::uint32_t width() const noexcept { return width_; }
  /// Most tokens of one run.
  std::uint32_t batch() const noexcept { return batch_; }

  /// The output for the wanted tokens, a row each, valid until the next call. QUIPU_E_MEMORY when
  /// the cache has no room; throws for every other failure. The cache is as before unless the
  /// result is QUIPU_OK.
  quipu_status run(const Batch& batch, std::span<const float>& rows);

  void remove(std::uint32_t sequence, std::size_t first);
  void copy(std::uint32_t from, std::uint32_t to, std::size_t count);

  quipu_plan_facts facts() const;
  std::vector<std::string> explain() const;
  /// What Engine says of them.
  bool profile(bool on);
  Profile profile() const;

 private:
  const quipu_backend& backend_;
  quipu_backend_context* context_ = nullptr;
  quipu_plan* plan_ = nullptr;
  std::string role_;
  std::uint32_t width_ = 0, batch_ = 0;
  std::vector<float> rows_;
};

}  // namespace quipu
