// Text to tokens and back, as the model's own metadata (tokenizer.ggml.*) says.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quipu {

class Metadata;
class TokenPieces;

using Token = std::int32_t;

struct TokenizeOptions {
  bool add_special = true;  ///< BOS and the like, as the model wants them
  bool parse_special =
      true;  ///< "<|im_end|>" in the text becomes that token, rather than its characters
};

/// Immutable once made; all methods are thread-safe.
class Tokenizer {
 public:
  /// Reads the vocabulary where it lies: the metadata must outlive the tokenizer.
  /// Throws invalid when the metadata contradicts itself (naming the key), unsupported for a
  /// tokenizer that core does not know. What is merely odd (an unknown pre-tokenizer name) is added
  /// to `warnings`.
  static std::unique_ptr<Tokenizer> make(const Metadata& metadata,
                                         std::vector<std::string>* warnings = nullptr);
  static std::unique_ptr<Tokenizer> make(const Metadata&&,
                                         std::vector<std::string>* = nullptr) = delete;
  virtual ~Tokenizer();

  virtual std::string_view kind() const noexcept = 0;           ///< "bpe", "spm", …, or "none"
  virtual std::string_view pre_tokenizer() const noexcept = 0;  ///< "llama-bpe", or ""
  virtual std::size_t size() const noexcept = 0;

  /// Any bytes; invalid UTF-8 is kept where the vocabulary can express it. Linear in the text's
  /// length. A model of kind "none" has token ids and no text: this throws unsupported.
  virtual std::vector<Token> encode(std::string_view text, TokenizeOptions options = {}) const = 0;
  /// Bytes of one token as they appear in text; special tokens give "" unless `special`.
  virtual std::string piece(Token token, bool special = false) const = 0;
  /// The token as the vocabulary spells it.
  virtual std::string_view spelling(Token token) const = 0;
  /// Text of a sequence. Ids outside the vocabulary throw usage.
  std::string decode(std::span<const Token> tokens, bool special = false) const;

  virtual bool ends_generation(Token token) const noexcept = 0;
  virtual bool is_special(Token token) const noexcept = 0;
  virtual Token bos() const noexcept = 0;  ///< -1 = none; likewise the next two
  virtual Token eos() const noexcept = 0;
  virtual bool adds_bos() const noexcept = 0;

  /// The bytes of all tokens, in order: core's own way to ask which tokens begin with what. Made at
  /// first use.
  std::shared_ptr<const TokenPieces> pieces() const;

 protected:
  /// What decode() drops from the start of a text: the space that SentencePiece puts before the
  /// first word.
  virtual bool drops_leading_space() const noexcept { return false; }

 private:
  mutable std::once_flag pieces_made_;
  mutable std::shared_ptr<const TokenPieces> pieces_;
};

/// Turns a stream of tokens into text that never splits a code point: bytes of an unfinished one
/// wait for the next token.
class TextStream {
 public:
  /// `spelled`: special tokens that appear as the vocabulary spells them, others give "".
  explicit TextStream(const Tokenizer& tokenizer, std::vector<Token> spelled = {})
      : tokenizer_(tokenizer), spelled_(std::move(spelled)) {}
  /// Text that became complete with this token.
  std::string push(Token token);
  /// What is left, with U+FFFD for an unfinished code point.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  std::vector<Token> spelled_;
  std::string pending_;
};

}  // namespace quipu
