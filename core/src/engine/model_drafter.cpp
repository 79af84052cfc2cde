#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/drafter.h"
#include "quipu/error.h"

namespace quipu {
namespace {

// A guess that the small model itself thinks this unlikely costs more than it brings.
constexpr double least_likely = 0.4;

// Padding of the output may differ from model to model.
void require_same_vocabulary(const Tokenizer& draft, const Tokenizer& model) {
  const auto size = static_cast<Token>(std::min(draft.size(), model.size()));
  for (Token token = 0; token < size; ++token)
    if (draft.spelling(token) != model.spelling(token))
      throw Error(ErrorCode::usage, "draft model: expected the model's vocabulary, found token " +
                                        std::to_string(token) + " '" +
                                        printable(draft.spelling(token)) + "' in place of '" +
                                        printable(model.spelling(token)) + "'");
}

double likelihood(std::span<const float> logits, float highest) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - highest);
  return 1 / sum;
}

class ModelDrafter final : public Drafter {
 public:
  ModelDrafter(const Model& draft, Registry& registry, const EngineOptions& options)
      : runner_(draft, registry, options, options.sequences), held_(options.sequences) {}

  void guess(std::uint32_t sequence, std::span<const Token> text, Token next, std::size_t most,
             Guesses& out) override {
    out.tokens.clear();
    out.kind = 0;
    std::span<const float> logits;
    if (!follow(sequence, text, next, logits)) return;
    const auto start = std::chrono::steady_clock::now();
    std::size_t runs = 0;
    while (true) {
      const auto highest = std::ranges::max_element(logits);
      if (!(likelihood(logits, *highest) >= least_likely)) break;
      out.tokens.push_back(static_cast<Token>(highest - logits.begin()));
      if (out.tokens.size() == most) break;
      batch_.clear();
      batch_.add(out.tokens.back(), held_[sequence].size(), sequence, true);
      if (!run(sequence, logits)) break;
      ++runs;
    }
    if (runs == 0) return;
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    const double each = spent.count() / static_cast<double>(runs);
    seconds_ += seconds_ == 0 ? each : 0.1 * (each - seconds_);
  }

  double seconds_per_guess() const noexcept override { return seconds_; }

 private:
  // Guesses are a help, not a duty: what goes wrong here, no room among it, ends the guessing.
  bool run(std::uint32_t sequence, std::span<const float>& logits) {
    try {
      if (runner_.run(batch_, logits) != QUIPU_OK) return false;
    } catch (const Error&) {
      return false;
    }
    auto& held = held_[sequence];
    held.insert(held.end(), batch_.tokens.begin(), batch_.tokens.end());
    return true;
  }

  // Brings this model's cache to `text` and `next`; logits of what follows.
  bool follow(std::uint32_t sequence, std::span<const Token> text, Token next,
              std::span<const float>& logits) {
    auto& held = held_[sequence];
    const auto same =
        static_cast<std::size_t>(std::ranges::mismatch(held, text).in1 - held.begin());
    if (same < held.size()) {
      runner_.remove(sequence, same);
      held.resize(same);
    }
    while (held.size() <= text.size()) {
      batch_.clear();
      for (std::size_t at = held.size(); at <= text.size() && batch_.size() < runner_.batch(); ++at)
        batch_.add(at < text.size() ? text[at] : next, at, sequence, at == text.size());
      if (!run(sequence, logits)) return false;
    }
    return true;
  }

  Runner runner_;
  std::vector<std::vector<Token>> held_;  // per sequence: what the draft's cache has
  Batch batch_;
  double seconds_ = 0;
};

}  // namespace

std::unique_ptr<Drafter> make_model_drafter(const Model& draft, const Model& model,
                                            Registry& registry, const EngineOptions& options) {
  require_same_vocabulary(draft.tokenizer(), model.tokenizer());
  draft.file().populate(options.threads);
  return std::make_unique<ModelDrafter>(draft, registry, options);
}

}  // namespace quipu
