// The tokens of a model and their roles: tokenizer.ggml.* of GGUF, checked.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/model_file.h"
#include "quipu/tokenizer.h"
#include "text/string_map.h"

namespace quipu {

enum class TokenType : std::uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

/// Views point into the model file.
class Vocabulary {
 public:
  /// Defaults of a tokenizer kind for keys that a file leaves out.
  struct Defaults {
    bool add_bos = false, add_eos = false, add_space_prefix = false;
  };

  Vocabulary(const Metadata& metadata, Defaults defaults, std::vector<std::string>* warnings);

  std::size_t size() const noexcept { return texts_.size(); }
  std::string_view text(Token token) const { return texts_[static_cast<std::size_t>(token)]; }
  TokenType type(Token token) const { return types_[static_cast<std::size_t>(token)]; }
  float score(Token token) const {
    return scores_.empty() ? 0 : scores_[static_cast<std::size_t>(token)];
  }
  bool has_scores() const noexcept { return !scores_.empty(); }
  Token find(std::string_view text) const { return by_text_.find(text); }
  std::size_t longest() const noexcept { return longest_; }
  bool contains(Token token) const noexcept {
    return token >= 0 && static_cast<std::size_t>(token) < size();
  }

  Token bos = -1, eos = -1, unknown = -1;
  bool add_bos, add_eos, add_space_prefix;

  bool is_special(Token token) const {
    return type(token) == TokenType::control || type(token) == TokenType::unknown;
  }
  bool ends_generation(Token token) const noexcept;

  /// The longest special token that the text begins with, or -1. User-defined tokens count always,
  /// the others when `all`.
  Token special_at(std::string_view text, bool all) const;

 private:
  void read_types(const Metadata& metadata);
  void read_scores(const Metadata& metadata);
  Token read_id(const Metadata& metadata, const char* key,
                std::vector<std::string>* warnings) const;
  void find_ends(const Metadata& metadata, std::vector<std::string>* warnings);

  std::vector<std::string_view> texts_;
  StringMap by_text_;
  std::vector<TokenType> types_;
  std::vector<float> scores_;
  std::vector<Token> ends_;
  std::array<std::vector<Token>, 256> special_by_first_byte_;  // longest first
  std::size_t longest_ = 0;
};

}  // namespace quipu
