// Characters, escapes, numbers, names.
#include "text/grammar/gbnf_text.h"

#include <algorithm>

#include "quipu/error.h"
#include "text/utf8.h"

namespace quipu::grammar {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

}  // namespace

void GbnfText::skip_space(bool lines) noexcept {
  for (; !at_end(); ++at_) {
    const char c = peek();
    if (c == '#')
      while (at_ + 1 < text_.size() && peek(1) != '\n' && peek(1) != '\r') ++at_;
    else if (c != ' ' && c != '\t' && !(lines && (c == '\n' || c == '\r')))
      return;
  }
}

std::string_view GbnfText::name() noexcept {
  const std::size_t start = at_;
  while (is_name(peek())) ++at_;
  return text_.substr(start, at_ - start);
}

std::uint32_t GbnfText::number() {
  const std::size_t start = at_;
  std::uint64_t value = 0;
  for (; is_digit(peek()); ++at_) {
    value = value * 10 + static_cast<std::uint64_t>(peek() - '0');
    if (value >= 0xFFFFFFFFu) refuse("a number below 4294967295", "a larger one", start);
  }
  if (at_ == start) refuse("a number");
  return static_cast<std::uint32_t>(value);
}

std::uint32_t GbnfText::hex(std::size_t digits) {
  const std::size_t start = at_;
  std::uint64_t value = 0;
  for (; at_ < start + digits; ++at_) {
    const char c = peek();
    if (is_digit(c))
      value = value * 16 + static_cast<std::uint64_t>(c - '0');
    else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
      value = value * 16 + static_cast<std::uint64_t>((c | 0x20) - 'a' + 10);
    else
      refuse(std::to_string(digits) + " hex digits");
  }
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    refuse("a code point of Unicode", "one that is none", start);
  return static_cast<std::uint32_t>(value);
}

std::uint32_t GbnfText::character() {
  if (take("\\")) {
    const char c = peek();
    if (at_end()) refuse("an escape");
    ++at_;
    switch (c) {
    case 'x':
      return hex(2);
    case 'u':
      return hex(4);
    case 'U':
      return hex(8);
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    case '\\':
    case '"':
    case '[':
    case ']':
    case '-':
    case '^':
      return static_cast<std::uint8_t>(c);
    default:
      --at_;
      refuse(R"(an escape: \n \t \r \\ \" \[ \] \- \^ \xNN \uNNNN or \UNNNNNNNN)");
    }
  }
  const std::size_t size = code_point_size(text_.substr(at_));
  if (size == 0 && !at_end()) refuse("UTF-8");
  if (at_end()) refuse("a character");
  const auto lead = static_cast<std::uint8_t>(peek());
  std::uint32_t value = size == 1 ? lead : lead & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i)
    value = value << 6 | (static_cast<std::uint8_t>(peek(i)) & 0x3Fu);
  at_ += size;
  return value;
}

std::uint32_t GbnfText::line_of(std::size_t position) const {
  return 1 + static_cast<std::uint32_t>(std::ranges::count(text_.substr(0, position), '\n'));
}

std::string GbnfText::place(std::size_t position) const {
  const std::string_view before = text_.substr(0, position);
  const std::size_t newline = before.rfind('\n');
  const std::string_view line =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  // Columns count characters: bytes that do not continue one.
  const auto column = std::ranges::count_if(
      line, [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80; });
  return "grammar:" + std::to_string(line_of(position)) + ":" + std::to_string(column + 1) + ": ";
}

void GbnfText::refuse(std::string_view expected) const {
  std::string found = "the end";
  if (!at_end()) {
    const std::string_view rest = text_.substr(at_);
    const std::size_t size = std::max<std::size_t>(code_point_size(rest), 1);
    found = peek() == '\n' ? "the end of the line"
                           : std::string("'").append(printable(rest.substr(0, size))).append("'");
  }
  refuse(expected, found, at_);
}

void GbnfText::refuse(std::string_view expected, std::string_view found,
                      std::size_t position) const {
  throw Error(ErrorCode::invalid, place(position) + "expected " + std::string(expected) +
                                      ", found " + std::string(found));
}

}  // namespace quipu::grammar
