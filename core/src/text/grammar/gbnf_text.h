// The characters of a GBNF text, and where one stands in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quipu::grammar {

class GbnfText {
 public:
  explicit GbnfText(std::string_view text) : text_(text) {}

  bool at_end() const noexcept { return at_ == text_.size(); }
  /// 0 past the end; a text may hold that byte, too, but nothing of GBNF is it.
  char peek(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool starts_with(std::string_view word) const noexcept {
    return text_.substr(at_).starts_with(word);
  }
  bool take(std::string_view word) noexcept {
    if (!starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  /// White space and comments; over line ends only where these mean nothing.
  void skip_space(bool lines) noexcept;
  /// A rule's name, "" where none is.
  std::string_view name() noexcept;
  /// Throws where there is none or it is beyond 32 bits.
  std::uint32_t number();
  /// A character of a literal or a class, escaped or not.
  std::uint32_t character();

  std::size_t position() const noexcept { return at_; }
  std::uint32_t line_of(std::size_t position) const;
  /// Throws invalid: "grammar:LINE:COLUMN: expected …, found …" with what stands there.
  [[noreturn]] void refuse(std::string_view expected) const;
  [[noreturn]] void refuse(std::string_view expected, std::string_view found,
                           std::size_t position) const;
  std::string place(std::size_t position) const;

 private:
  std::uint32_t hex(std::size_t digits);

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace quipu::grammar
