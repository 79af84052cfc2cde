#include "text/vocabulary.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quipu/error.h"

namespace quipu {
namespace {

// Spellings that end an answer: most files name one end token, and models use several. The set is
// llama.cpp's, whose users expect these models to stop there.
constexpr std::string_view end_spellings[] = {
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|calls|>",
    "<|flush|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<end_of_utterance>",
    "[e~[",
    "<｜end▁of▁sentence｜>",
    // A file of a repository ends where the next begins.
    "<|file_sep|>",
    "<|repo_name|>",
    "<fim-repo>",
    "<REPO>",
    "<reponame>",
    "<|fim_pad|>",
    "<fim-pad>",
    "<PAD>",
    "[PAD]",
};

constexpr const char* end_keys[] = {
    "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id", "tokenizer.ggml.fim_pad_token_id",
    "tokenizer.ggml.fim_rep_token_id", "tokenizer.ggml.fim_sep_token_id"};

std::vector<std::string_view> read_texts(const Metadata& metadata) {
  auto texts = metadata.texts("tokenizer.ggml.tokens");
  if (!texts || texts->empty())
    throw Error(ErrorCode::invalid,
                "tokenizer.ggml.tokens: expected the list of tokens, found none");
  if (texts->size() > (1u << 30))
    throw Error(ErrorCode::invalid,
                "tokenizer.ggml.tokens: expected fewer than 2^30 tokens, found " +
                    std::to_string(texts->size()));
  return std::move(*texts);
}

void check_length(const char* key, std::size_t found, std::size_t expected) {
  if (found != expected)
    throw Error(ErrorCode::invalid, std::string(key) + ": expected " + std::to_string(expected) +
                                        " entries, one for each token, found " +
                                        std::to_string(found));
}

}  // namespace

Vocabulary::Vocabulary(const Metadata& metadata, Defaults defaults,
                       std::vector<std::string>* warnings)
    : texts_(read_texts(metadata)), by_text_(texts_.size()) {
  index();
  read_types(metadata);
  read_scores(metadata);
  bos = read_id(metadata, "tokenizer.ggml.bos_token_id", defaults.bos, warnings);
  eos = read_id(metadata, "tokenizer.ggml.eos_token_id", defaults.eos, warnings);
  unknown = read_id(metadata, "tokenizer.ggml.unknown_token_id", defaults.unknown, warnings);
  add_bos = metadata.flag("tokenizer.ggml.add_bos_token").value_or(defaults.add_bos) && bos >= 0;
  add_eos = metadata.flag("tokenizer.ggml.add_eos_token").value_or(defaults.add_eos) && eos >= 0;
  add_space_prefix =
      metadata.flag("tokenizer.ggml.add_space_prefix").value_or(defaults.add_space_prefix);
  find_ends(metadata, warnings);
  find_recognised(StripRules(metadata));
}

void Vocabulary::index() {
  by_text_.fill(
      size(),
      [&](std::size_t i) {
        longest_ = std::max(longest_, texts_[i].size());
        return text_hash(texts_[i]);
      },
      [&](std::int32_t other, std::size_t i) { return text(other) == texts_[i]; });
}

void Vocabulary::read_types(const Metadata& metadata) {
  types_.assign(size(), TokenType::normal);
  const auto types = metadata.find("tokenizer.ggml.token_type");
  if (!types) return;
  if (types->type != QUIPU_VALUE_ARRAY || types->element_type != QUIPU_VALUE_SIGNED)
    throw Error(ErrorCode::invalid,
                "tokenizer.ggml.token_type: expected an array of int32, found another type");
  check_length("tokenizer.ggml.token_type", types->count, size());
  const auto numbers = *metadata.integers("tokenizer.ggml.token_type");
  for (std::size_t i = 0; i < size(); ++i)
    if (numbers[i] >= 1 && numbers[i] <= 6) types_[i] = static_cast<TokenType>(numbers[i]);
}

void Vocabulary::read_scores(const Metadata& metadata) {
  const auto found = metadata.find("tokenizer.ggml.scores");
  if (!found) return;
  if (found->type == QUIPU_VALUE_ARRAY && found->element_type == QUIPU_VALUE_SIGNED) {
    const auto numbers = *metadata.integers("tokenizer.ggml.scores");
    scores_.assign(numbers.begin(), numbers.end());
  } else {
    scores_ = *metadata.numbers("tokenizer.ggml.scores");
  }
  check_length("tokenizer.ggml.scores", scores_.size(), size());
  for (float& score : scores_)
    if (std::isnan(score)) score = -std::numeric_limits<float>::infinity();
}

Token Vocabulary::read_id(const Metadata& metadata, const char* key, Token otherwise,
                          std::vector<std::string>* warnings) const {
  const auto id = metadata.integer(key);
  if (!id) return contains(otherwise) ? otherwise : -1;
  // Converters write "none" as all ones.
  if (*id == -1 || *id == 0xFFFFFFFF) return -1;
  if (*id < 0 || static_cast<std::uint64_t>(*id) >= size()) {
    if (warnings)
      warnings->push_back(std::string(key) + ": expected an id below " + std::to_string(size()) +
                          ", found " + std::to_string(*id) + "; the model is run without it");
    return -1;
  }
  return static_cast<Token>(*id);
}

void Vocabulary::find_ends(const Metadata& metadata, std::vector<std::string>* warnings) {
  const auto add = [&](Token token) {
    if (token >= 0 && std::ranges::find(ends_, token) == ends_.end()) ends_.push_back(token);
  };
  add(eos);
  for (const char* key : end_keys) add(read_id(metadata, key, -1, warnings));
  for (const auto spelling : end_spellings) {
    const Token token = find(spelling);
    if (token < 0) continue;
    add(token);
    // Files that call such a token normal mean it all the same.
    types_[static_cast<std::size_t>(token)] = TokenType::control;
  }
  // Where answers have parts, "<|end|>" ends a part (the harmony format), and where there is
  // "<|tool_response>", "</s>" is text.
  const auto demote = [&](std::string_view spelling, TokenType type) {
    const Token token = find(spelling);
    if (token < 0 || token == eos) return;
    std::erase(ends_, token);
    types_[static_cast<std::size_t>(token)] = type;
  };
  const bool has_call = find("<|call|>") >= 0 || find("<|calls|>") >= 0;
  if (has_call && (find("<|return|>") >= 0 || find("<|flush|>") >= 0))
    demote("<|end|>", TokenType::user_defined);
  if (find("<|tool_response>") >= 0) demote("</s>", TokenType::normal);
}

void Vocabulary::find_recognised(const StripRules& rules) {
  std::vector<SpecialTokens::Entry> special, user_defined, both;
  for (std::size_t i = 0; i < size(); ++i) {
    const auto token = static_cast<Token>(i);
    const bool defined = types_[i] == TokenType::user_defined;
    if (!defined && !is_special(token)) continue;
    both.push_back({texts_[i], token, rules.of(texts_[i])});
    (defined ? user_defined : special).push_back(both.back());
  }
  both_ = SpecialTokens(std::move(both));
  special_ = SpecialTokens(std::move(special));
  user_defined_ = SpecialTokens(std::move(user_defined));
}

std::optional<std::string> Vocabulary::fixed_piece(Token token, bool special) const {
  switch (type(token)) {
  case TokenType::control:
  case TokenType::unknown:
    return special ? std::string(text(token)) : std::string();
  case TokenType::user_defined:
    return std::string(text(token));
  case TokenType::unused:
    return std::string();
  default:
    return std::nullopt;
  }
}

bool Vocabulary::ends_generation(Token token) const noexcept {
  return std::ranges::find(ends_, token) != ends_.end();
}

}  // namespace quipu
