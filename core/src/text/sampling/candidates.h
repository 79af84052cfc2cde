// The tokens that may still be drawn. Starts as a whole row of logits, of which stages take away
// what is unlikely; looks at every token of it only when a stage must know them all.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "text/logit_blocks.h"

namespace quipu {

/// Candidates are the allowed tokens with a logit above -inf; there is always at least one. A
/// candidate's likelihood is proportional to exp(logit * scale). Keeps its memory from row to row.
class Candidates {
 public:
  /// Both must stay while the candidates are used. Allowed: null = all.
  void start(std::span<const float> logits, const TokenSet* allowed);

  /// Gives each of these tokens that is a candidate the logit `changed(logit, value)`.
  template <class Value, class Changed>
  void change(const std::unordered_map<Token, Value>& tokens, Changed changed) {
    if (scale_ != 1) flatten();
    if (!collected_)
      change_row(tokens, changed);
    else
      change_list(tokens, changed);
  }

  /// The highest logit. Throws invalid when it is not finite or there is a NaN; so do all functions
  /// below, which need it.
  float top();
  double scale() const noexcept { return scale_; }
  /// Likelihood relative to the likeliest.
  double weight(const Candidate& candidate) const;
  double total_weight();
  /// Standard deviation of all logits.
  double deviation();

  /// All of them. The first ordered() are the likeliest, likelier first; the others' order is that
  /// of their ids, or of whatever came before.
  const std::vector<Candidate>& all();
  std::size_t ordered() const noexcept { return ordered_; }
  /// Makes ordered() at least this, or all.
  void order(std::size_t count);

  /// Takes away all but the likeliest. Ordered.
  void keep_highest(std::size_t count);
  /// Takes away those whose logit * scale is below the highest's less `distance`, but leaves at
  /// least `min_keep`.
  void keep_near(double distance, std::size_t min_keep);
  /// Puts others in their place; not empty, in an order that is the same everywhere.
  void replace(std::vector<Candidate>& others, double scale);
  /// Multiplies the scale.
  void sharpen(double factor);

 private:
  template <class Value, class Changed>
  void change_row(const std::unordered_map<Token, Value>& tokens, Changed changed) {
    if (tokens.empty()) return;
    if (logits_.data() != changed_.data()) {
      changed_.assign(logits_.begin(), logits_.end());
      logits_ = changed_;
    }
    seen_ = false;
    for (const auto& [token, value] : tokens)
      if (token >= 0 && static_cast<std::size_t>(token) < changed_.size()) {
        float& logit = changed_[static_cast<std::size_t>(token)];
        logit = changed(logit, value);
      }
  }
  template <class Value, class Changed>
  void change_list(const std::unordered_map<Token, Value>& tokens, Changed changed) {
    for (auto& c : list_)
      if (const auto found = tokens.find(c.token); found != tokens.end())
        c.logit = changed(c.logit, found->second);
    check_list();
  }
  void see();
  void flatten();
  void check_list();

  std::span<const float> logits_;
  const TokenSet* allowed_ = nullptr;
  LogitBlocks row_;
  std::vector<float> changed_;
  std::vector<Candidate> list_;
  std::size_t ordered_ = 0;
  double scale_ = 1;
  float top_ = 0;
  bool seen_ = false;       // row_ knows the logits, top_ is the highest
  bool collected_ = false;  // list_ has the candidates
};

}  // namespace quipu
