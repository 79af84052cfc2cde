// Chooses the tokenizer that a model names, and turns tokens back into text.
#include "quipu/tokenizer.h"

#include <algorithm>

#include "quipu/error.h"
#include "quipu/model_file.h"
#include "text/bpe.h"
#include "text/character_bpe.h"
#include "text/no_tokenizer.h"
#include "text/plamo2.h"
#include "text/rwkv.h"
#include "text/spm.h"
#include "text/token_pieces.h"
#include "text/unigram.h"
#include "text/utf8.h"
#include "text/wpm.h"

namespace quipu {
Tokenizer::~Tokenizer() = default;

std::unique_ptr<Tokenizer> Tokenizer::make(const Metadata& metadata,
                                           std::vector<std::string>* warnings) {
  const auto kind = metadata.text("tokenizer.ggml.model");
  if (!kind)
    throw Error(ErrorCode::invalid,
                "tokenizer.ggml.model: expected the kind of tokenizer, found no such key");
  const std::string_view pre = metadata.text("tokenizer.ggml.pre").value_or("");
  if (*kind == "gemma4") return make_character_bpe(metadata, "gemma4", warnings);
  if (*kind == "gpt2" && merges_characters(pre)) return make_character_bpe(metadata, pre, warnings);
  if (*kind == "gpt2") return make_bpe(metadata, warnings);
  if (*kind == "llama") return make_spm(metadata, warnings);
  if (*kind == "t5") return make_unigram(metadata, warnings);
  if (*kind == "bert") return make_wpm(metadata, warnings);
  if (*kind == "rwkv") return make_rwkv(metadata, warnings);
  if (*kind == "plamo2") return make_plamo2(metadata, warnings);
  if (*kind == "none" || *kind == "no_vocab") return make_no_tokenizer(metadata);
  throw Error(ErrorCode::unsupported, "tokenizer.ggml.model: expected gpt2, llama, t5, bert, "
                                      "gemma4, rwkv, plamo2 or none, found '" +
                                          printable(*kind) + "'");
}

std::shared_ptr<const TokenPieces> Tokenizer::pieces() const {
  std::call_once(pieces_made_, [&] { pieces_ = std::make_shared<const TokenPieces>(*this); });
  return pieces_;
}

std::string Tokenizer::decode(std::span<const Token> tokens, bool special) const {
  std::string text;
  bool first = true;
  for (const Token token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= size())
      throw Error(ErrorCode::usage, "token: expected an id below " + std::to_string(size()) +
                                        ", found " + std::to_string(token));
    std::string part = piece(token, special);
    if (first && drops_leading_space() && part.starts_with(' ')) part.erase(0, 1);
    first = first && is_special(token);
    text += part;
  }
  return text;
}

std::string TextStream::push(Token token) {
  const bool special = std::ranges::find(spelled_, token) != spelled_.end();
  pending_ += tokenizer_.piece(token, special);
  const std::size_t keep = unfinished_size(pending_);
  std::string text = valid_utf8(std::string_view(pending_).substr(0, pending_.size() - keep));
  pending_.erase(0, pending_.size() - keep);
  return text;
}

std::string TextStream::finish() {
  const bool broken = !pending_.empty();
  pending_.clear();
  return broken ? std::string(replacement_character) : std::string();
}

}  // namespace quipu
