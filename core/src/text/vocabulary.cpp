#include "text/vocabulary.h"

#include <algorithm>

#include "quipu/error.h"

namespace quipu {
namespace {

// Spellings that end an answer in models whose files name only one end token.
constexpr std::string_view end_spellings[] = {"<|im_end|>",
                                              "<|eot_id|>",
                                              "<|eom_id|>",
                                              "<|end|>",
                                              "<end_of_turn>",
                                              "<|endoftext|>",
                                              "<|end_of_text|>",
                                              "</s>",
                                              "<|eos|>",
                                              "<EOT>",
                                              "<|END_OF_TURN_TOKEN|>",
                                              "<｜end▁of▁sentence｜>",
                                              "[EOS]",
                                              "<eos>"};

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
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    by_text_.insert(texts_[i], static_cast<Token>(i));
    longest_ = std::max(longest_, texts_[i].size());
  }
  read_types(metadata);
  read_scores(metadata);
  bos = read_id(metadata, "tokenizer.ggml.bos_token_id", warnings);
  eos = read_id(metadata, "tokenizer.ggml.eos_token_id", warnings);
  unknown = read_id(metadata, "tokenizer.ggml.unknown_token_id", warnings);
  add_bos = metadata.flag("tokenizer.ggml.add_bos_token").value_or(defaults.add_bos) && bos >= 0;
  add_eos = metadata.flag("tokenizer.ggml.add_eos_token").value_or(defaults.add_eos) && eos >= 0;
  add_space_prefix =
      metadata.flag("tokenizer.ggml.add_space_prefix").value_or(defaults.add_space_prefix);
  find_ends(metadata, warnings);
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const bool special = types_[i] == TokenType::control || types_[i] == TokenType::user_defined ||
                         types_[i] == TokenType::unknown;
    if (special && !texts_[i].empty())
      special_by_first_byte_[static_cast<unsigned char>(texts_[i][0])].push_back(
          static_cast<Token>(i));
  }
  for (auto& tokens : special_by_first_byte_)
    std::ranges::stable_sort(tokens, std::greater(),
                             [&](Token token) { return text(token).size(); });
}

void Vocabulary::read_types(const Metadata& metadata) {
  types_.assign(size(), TokenType::normal);
  const auto types = metadata.find("tokenizer.ggml.token_type");
  if (!types) return;
  if (types->type != QUIPU_VALUE_ARRAY || types->element_type != QUIPU_VALUE_SIGNED)
    throw Error(ErrorCode::invalid,
                "tokenizer.ggml.token_type: expected an array of int32, found another type");
  const auto numbers = *metadata.integers("tokenizer.ggml.token_type");
  check_length("tokenizer.ggml.token_type", numbers.size(), size());
  for (std::size_t i = 0; i < size(); ++i)
    if (numbers[i] >= 1 && numbers[i] <= 6) types_[i] = static_cast<TokenType>(numbers[i]);
}

void Vocabulary::read_scores(const Metadata& metadata) {
  auto scores = metadata.numbers("tokenizer.ggml.scores");
  if (!scores) return;
  check_length("tokenizer.ggml.scores", scores->size(), size());
  scores_ = std::move(*scores);
}

Token Vocabulary::read_id(const Metadata& metadata, const char* key,
                          std::vector<std::string>* warnings) const {
  const auto id = metadata.integer(key);
  if (!id) return -1;
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
  for (const char* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    add(read_id(metadata, key, warnings));
  for (const auto spelling : end_spellings)
    if (const Token token = find(spelling); token >= 0 && type(token) != TokenType::normal)
      add(token);
}

bool Vocabulary::ends_generation(Token token) const noexcept {
  return std::ranges::find(ends_, token) != ends_.end();
}

Token Vocabulary::special_at(std::string_view text, bool all) const {
  for (const Token token : special_by_first_byte_[static_cast<unsigned char>(text[0])])
    if ((all || type(token) == TokenType::user_defined) && text.starts_with(this->text(token)))
      return token;
  return -1;
}

}  // namespace quipu
