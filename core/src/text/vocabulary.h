// The tokens of a model and their roles: tokenizer.ggml.* of GGUF, checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/model_file.h"
#include "quipu/tokenizer.h"
#include "text/special_tokens.h"
#include "text/string_map.h"

namespace quipu {

enum class TokenType : std::uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

/// Views point into the model file.
class Vocabulary {
 public:
  /// What a tokenizer kind takes for keys that a file leaves out. Ids outside the vocabulary count
  /// as none.
  struct Defaults {
    bool add_bos = false, add_eos = false, add_space_prefix = false;
    Token bos = -1, eos = -1, unknown = -1;
  };

  Vocabulary(const Metadata& metadata, Defaults defaults, std::vector<std::string>* warnings);

  std::size_t size() const noexcept { return texts_.size(); }
  std::string_view text(Token token) const { return texts_[static_cast<std::size_t>(token)]; }
  TokenType type(Token token) const { return types_[static_cast<std::size_t>(token)]; }
  /// 0 for all when the file has no scores.
  float score(Token token) const {
    return scores_.empty() ? 0 : scores_[static_cast<std::size_t>(token)];
  }
  bool has_scores() const noexcept { return !scores_.empty(); }
  /// -1 = none; the first of tokens with the same text.
  Token find(std::string_view text) const {
    return by_text_.find(text_hash(text), [&](Token token) { return this->text(token) == text; });
  }
  /// Bytes of the longest text.
  std::size_t longest() const noexcept { return longest_; }
  bool contains(Token token) const noexcept {
    return token >= 0 && static_cast<std::size_t>(token) < size();
  }

  Token bos, eos, unknown;
  bool add_bos, add_eos, add_space_prefix;

  /// Whether the token has no text of its own in an answer.
  bool is_special(Token token) const {
    return type(token) == TokenType::control || type(token) == TokenType::unknown;
  }
  bool ends_generation(Token token) const noexcept;
  /// The text of a token that stands for itself, whatever the kind of tokenizer: special ones give
  /// "" unless `special`, unused ones give "". nullopt for normal and byte tokens.
  std::optional<std::string> fixed_piece(Token token, bool special) const;

  /// Tokens that are recognised in text: all special and user-defined ones, or only the latter.
  const SpecialTokens& recognised(bool special) const noexcept {
    return special ? both_ : user_defined_;
  }
  /// Special ones alone, for kinds to which user-defined tokens are pieces.
  const SpecialTokens& special() const noexcept { return special_; }

 private:
  void index();
  void read_types(const Metadata& metadata);
  void read_scores(const Metadata& metadata);
  Token read_id(const Metadata& metadata, const char* key, Token otherwise,
                std::vector<std::string>* warnings) const;
  void find_ends(const Metadata& metadata, std::vector<std::string>* warnings);
  void find_recognised(const StripRules& rules);

  std::vector<std::string_view> texts_;
  HashIndex by_text_;
  std::vector<TokenType> types_;
  std::vector<float> scores_;
  std::vector<Token> ends_;
  SpecialTokens special_, user_defined_, both_;
  std::size_t longest_ = 0;
};

}  // namespace quipu
