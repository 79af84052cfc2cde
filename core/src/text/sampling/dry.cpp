// DRY ("don't repeat yourself", text-generation-webui pull request 5677): a token that would go on
// with a repetition of what was written before is the less likely the longer the repetition is.
#include <algorithm>
#include <cmath>

#include "text/sampling/dry_breakers.h"
#include "text/sampling/stage.h"

namespace quipu {
namespace {

class Dry final : public Stage {
 public:
  Dry(const SamplerOptions& options, const Tokenizer* tokenizer)
      : multiplier_(options.dry_multiplier), base_(options.dry_base),
        allowed_(static_cast<std::size_t>(options.dry_allowed_length)), last_(options.dry_last) {
    if (tokenizer) breakers_ = DryBreakers(*tokenizer, options.dry_breakers);
    // The greatest power of the base that is a float: ln of the greatest float is 88.72.
    if (base_ > 1.000001f) most_ = 88.7228391f / std::log(base_);
  }

  void apply(Candidates& candidates, RandomNumbers&) override {
    find_repetitions();
    candidates.change(lengths_, [&](float logit, std::size_t length) {
      const auto power = std::min(static_cast<float>(length - allowed_), most_);
      return logit - multiplier_ * std::pow(base_, std::floor(power));
    });
  }

  void accept(Token token) override { history_.push_back(token); }

 private:
  std::span<const Token> recent() const {
    const std::span<const Token> all = history_;
    return last_ < 0 ? all : all.last(std::min(all.size(), static_cast<std::size_t>(last_)));
  }

  // Tokens at the end that may be part of a repetition: those after the last breaker.
  std::size_t unbroken(std::span<const Token> tokens) const {
    for (std::size_t after = 0; after < tokens.size(); ++after)
      if (const auto length = breakers_.length_at(tokens, tokens.size() - 1 - after))
        return after + 1 - *length;
    return tokens.size();
  }

  void find_repetitions() {
    lengths_.clear();
    const auto tokens = recent();
    const std::size_t limit = unbroken(tokens);
    if (tokens.size() <= allowed_ || limit < allowed_) return;
    match_ends(tokens);
    for (std::size_t back = 1; back < tokens.size(); ++back) {
      const std::size_t length = std::min(matches_[back], limit);
      const Token next = tokens[tokens.size() - back];
      if (length < allowed_ || breakers_.breaks(next)) continue;
      auto& longest = lengths_[next];
      longest = std::max(longest, length);
    }
  }

  // matches_[back]: how many tokens before the place `back` from the end are those at the end. The
  // Z algorithm (Gusfield 1997, section 1.4) from the end; linear.
  void match_ends(std::span<const Token> tokens) {
    const std::size_t size = tokens.size();
    const auto at = [&](std::size_t back) { return tokens[size - 1 - back]; };
    matches_.assign(size, 0);
    std::size_t left = 0, right = 0;  // the match that reaches furthest
    for (std::size_t back = 1; back < size; ++back) {
      std::size_t length = back < right ? std::min(right - back, matches_[back - left]) : 0;
      while (back + length < size && at(length) == at(back + length)) ++length;
      matches_[back] = length;
      if (back + length > right) {
        left = back;
        right = back + length;
      }
    }
  }

  float multiplier_, base_, most_ = 0;
  std::size_t allowed_;
  std::int32_t last_;
  DryBreakers breakers_;
  std::vector<Token> history_;
  std::vector<std::size_t> matches_;
  std::unordered_map<Token, std::size_t> lengths_;  // repetitions that a token would go on with
};

}  // namespace

std::unique_ptr<Stage> make_dry(const SamplerOptions& options, const Tokenizer* tokenizer) {
  const bool on = options.dry_multiplier != 0 && options.dry_base >= 1 && options.dry_last != 0;
  return on ? std::make_unique<Dry>(options, tokenizer) : nullptr;
}

}  // namespace quipu
