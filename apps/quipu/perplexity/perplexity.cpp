#include "perplexity.h"

#include <algorithm>
#include <cmath>

#include "../likelihood.h"
#include "quipu/error.h"

namespace quipu::app {
namespace {

// Tokens of a run: prefill is no faster with more.
constexpr std::uint32_t batch = 512;

void require_same_vocabulary(const Model& base, const Model& model) {
  const Tokenizer &a = base.tokenizer(), &b = model.tokenizer();
  if (a.size() != b.size())
    throw Error(ErrorCode::usage, "--kl-base: expected the model's vocabulary of " +
                                      std::to_string(b.size()) + " tokens, found " +
                                      std::to_string(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto token = static_cast<Token>(i);
    if (a.spelling(token) != b.spelling(token))
      throw Error(ErrorCode::usage,
                  "--kl-base: expected the model's vocabulary, found token " + std::to_string(i) +
                      " '" + printable(a.spelling(token), 40) + "' where the model has '" +
                      printable(b.spelling(token), 40) + "'");
  }
}

double finite(double x, const char* whose) {
  if (!std::isfinite(x))
    throw Error(ErrorCode::invalid, std::string(whose) + ": expected finite logits, found " +
                                        std::to_string(x) + " as log p of a token");
  return x;
}

class Sums {
 public:
  void add(std::span<const float> logits, Token token) {
    own_ = finite(log_likelihood(logits, token), "model");
    surprise_.add(-own_);
  }
  void add_base(std::span<const float> base, std::span<const float> logits, Token token) {
    const double likelihood = finite(log_likelihood(base, token), "--kl-base");
    base_surprise_.add(-likelihood);
    difference_.add(own_ - likelihood);
    const double kl = divergence(base, logits);
    kl_.add(kl);
    if (!(kl <= kl_max_)) kl_max_ = kl;
    agreed_ += std::ranges::max_element(base) - base.begin() ==
               std::ranges::max_element(logits) - logits.begin();
  }

  Perplexity result(std::size_t chunks) const {
    Perplexity result{chunks, surprise_.count(), surprise_.mean(), {}};
    if (kl_.count())
      result.distance = {base_surprise_.mean(), kl_.mean(), kl_max_,
                         static_cast<double>(agreed_) / static_cast<double>(kl_.count()),
                         difference_.mean()};
    return result;
  }

 private:
  double own_ = 0;
  Tally surprise_, base_surprise_, kl_, difference_;
  double kl_max_ = 0;
  std::size_t agreed_ = 0;
};

}  // namespace

void Tally::add(double x) {
  ++count_;
  sum_ += x;
  squares_ += x * x;
}

Mean Tally::mean() const {
  const auto n = static_cast<double>(count_);
  const double mean = sum_ / n, variance = std::max(0.0, squares_ / n - mean * mean);
  return {mean, count_ > 1 ? std::sqrt(variance / (n - 1)) : 0};
}

Perplexity
measure_perplexity(std::shared_ptr<const Model> model, std::shared_ptr<const Model> base,
                   Registry& registry, std::span<const Token> tokens,
                   const PerplexityOptions& options,
                   const std::function<bool(const Perplexity&, std::size_t total)>& go_on) {
  const std::size_t context = options.context,
                    total = tokens.size() / std::max<std::size_t>(context, 1);
  if (context < 3)
    throw Error(ErrorCode::usage, "--ctx: expected at least 3, found " + std::to_string(context));
  if (total == 0)
    throw Error(ErrorCode::usage, "text: expected at least " + std::to_string(context) +
                                      " tokens, a chunk, found " + std::to_string(tokens.size()) +
                                      "; --ctx makes chunks shorter");
  if (base) require_same_vocabulary(*base, *model);
  EngineOptions engine = options.engine;
  engine.context = options.context;
  engine.batch = batch;
  engine.sequences = static_cast<std::uint32_t>(std::clamp<std::size_t>(batch / context, 1, total));
  const Tokenizer& tokenizer = model->tokenizer();
  LogitReader reader(model, registry, engine);
  std::optional<LogitReader> base_reader;
  if (base) base_reader.emplace(base, registry, engine);
  if (base && base_reader->width() != reader.width())
    throw Error(ErrorCode::usage, "--kl-base: expected logits for " +
                                      std::to_string(reader.width()) + " tokens, found " +
                                      std::to_string(base_reader->width()));

  Sums sums;
  for (std::size_t chunk = 0; chunk < total;) {
    std::vector<std::vector<Token>> texts;
    for (; chunk < total && texts.size() < engine.sequences; ++chunk) {
      const auto part = tokens.subspan(chunk * context, context);
      texts.emplace_back(part.begin(), part.end());
      if (tokenizer.adds_bos()) texts.back()[0] = tokenizer.bos();
    }
    if (base) base_reader->open(texts, context / 2);
    reader.open(texts, context / 2);
    while (const auto row = reader.next()) {
      const auto base_row = base ? base_reader->next() : std::nullopt;
      if (row->position + 1 == context) continue;
      const Token next = texts[row->text][row->position + 1];
      sums.add(row->logits, next);
      if (base_row) sums.add_base(base_row->logits, row->logits, next);
    }
    auto result = sums.result(chunk);
    result.complete = go_on(result, total);
    if (!result.complete || chunk == total) return result;
  }
  throw Error(ErrorCode::internal, "perplexity: no chunk was scored");
}

}  // namespace quipu::app
