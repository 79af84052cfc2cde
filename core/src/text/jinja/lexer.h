// The source of a template cut into text and tags, and tags into tokens (Jinja 3.1, lexer.py, with
// trim_blocks and lstrip_blocks).
#pragma once

#include <string>
#include <string_view>

namespace quipu::jinja {

struct Token {
  enum class Kind { end, name, integer, real, string, sign };
  Kind kind = Kind::end;
  std::string text;
};

class Lexer {
 public:
  explicit Lexer(std::string_view source);

  enum class Tag { none, print, block };

  /// Of what was read last.
  int line() const { return line_; }
  /// Throws Error{invalid} that has the line.
  [[noreturn]] void fail(const std::string& what) const;

  /// The text up to the next tag, which is then open; comments and raw blocks are dealt with.
  std::string text(Tag& tag);
  /// The next token of the open tag; `end` closes it.
  Token token();

 private:
  static constexpr std::size_t npos = std::string::npos;

  std::string_view rest() const { return std::string_view(source_).substr(at_); }
  void advance_to(std::size_t position);
  void skip_space();
  std::size_t next_tag() const;
  void append_before_tag(std::string& out, std::string_view text, char mark, bool block) const;
  void close(std::string_view end, char mark, bool block);
  bool at_word(std::size_t& at, std::string_view word) const;
  bool raw(std::string& out);
  void comment();
  bool closed();
  void number(Token& token);
  void string(Token& token);
  void escape(std::string& out);
  unsigned digits_of_escape(std::size_t count);
  void sign(Token& token);

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1, braces_ = 0;
  bool line_starts_ = true;  ///< what was read last ended a line
  bool after_dot_ = false;
  Tag open_ = Tag::none;
};

}  // namespace quipu::jinja
