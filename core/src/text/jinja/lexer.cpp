#include "text/jinja/lexer.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "quipu/error.h"
#include "text/jinja/unicode.h"

namespace quipu::jinja {
namespace {

bool begins_with_space(std::string_view text) {
  return !text.empty() && is_space(number_of_point(take_point(text)));
}

std::string_view without_trailing_space(std::string_view text) {
  for (std::string_view rest = text; !rest.empty(); text = rest)
    if (!is_space(number_of_point(take_last_point(rest)))) break;
  return text;
}

bool is_blank(std::string_view text) {
  while (!text.empty())
    if (!is_space(number_of_point(take_point(text)))) return false;
  return true;
}

bool in_name(unsigned char c) {
  return std::isalnum(c) || c == '_' || c >= 0x80;
}

}  // namespace

Lexer::Lexer(std::string_view source) {
  // Line ends become \n, and a last one is dropped.
  source_.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r')
      source_ += source[i];
    else if (i + 1 == source.size() || source[i + 1] != '\n')
      source_ += '\n';
  }
  if (source_.ends_with('\n')) source_.pop_back();
}

void Lexer::fail(const std::string& what) const {
  throw Error(ErrorCode::invalid, "template, line " + std::to_string(line_) + ": " + what);
}

void Lexer::advance_to(std::size_t position) {
  line_ += static_cast<int>(std::ranges::count(rest().substr(0, position - at_), '\n'));
  at_ = position;
}

void Lexer::skip_space() {
  std::string_view left = rest();
  while (begins_with_space(left)) take_point(left);
  advance_to(source_.size() - left.size());
}

std::size_t Lexer::next_tag() const {
  for (std::size_t open = source_.find('{', at_); open != npos && open + 1 < source_.size();
       open = source_.find('{', open + 1)) {
    const char next = source_[open + 1];
    if (next == '{' || next == '%' || next == '#') return open;
  }
  return npos;
}

// A '-' takes the space before the tag; before a block the blanks between it and the start of its
// line go by themselves.
void Lexer::append_before_tag(std::string& out, std::string_view text, char mark,
                              bool block) const {
  if (mark == '-') {
    text = without_trailing_space(text);
  } else if (mark != '+' && block) {
    const std::size_t line = text.rfind('\n') + 1;
    if ((line > 0 || line_starts_) && is_blank(text.substr(line))) text = text.substr(0, line);
  }
  out += text;
}

// Behind a tag that ends here: '-' takes the space, and one newline goes after a block.
void Lexer::close(std::string_view end, char mark, bool block) {
  at_ += end.size() + (mark == '-' || mark == '+');
  const std::size_t before = at_;
  if (mark == '-')
    skip_space();
  else if (mark != '+' && block && rest().starts_with('\n'))
    advance_to(at_ + 1);
  line_starts_ = at_ > before && source_[at_ - 1] == '\n';
}

bool Lexer::at_word(std::size_t& at, std::string_view word) const {
  std::string_view left = std::string_view(source_).substr(at);
  while (begins_with_space(left)) take_point(left);
  if (!left.starts_with(word)) return false;
  left.remove_prefix(word.size());
  while (begins_with_space(left)) take_point(left);
  at = source_.size() - left.size();
  return true;
}

// {% raw %} … {% endraw %}, behind its opening mark: takes it and says so.
bool Lexer::raw(std::string& out) {
  std::size_t at = at_;
  if (!at_word(at, "raw")) return false;
  const bool stripped = source_.compare(at, 3, "-%}") == 0;
  if (!stripped && source_.compare(at, 2, "%}") != 0) return false;
  advance_to(at + 2 + stripped);
  if (stripped) skip_space();
  line_starts_ = source_[at_ - 1] == '\n';
  for (std::size_t open = source_.find("{%", at_); open != npos;
       open = source_.find("{%", open + 2)) {
    const char before = open + 2 < source_.size() ? source_[open + 2] : ' ';
    std::size_t end = open + 2 + (before == '-' || before == '+');
    if (!at_word(end, "endraw")) continue;
    const char after = end < source_.size() ? source_[end] : ' ';
    if (source_.compare(end + (after == '-' || after == '+'), 2, "%}") != 0) continue;
    append_before_tag(out, rest().substr(0, open - at_), before, true);
    advance_to(end);
    close("%}", after, true);
    return true;
  }
  fail("raw: expected endraw, found the end");
}

void Lexer::comment() {
  const std::size_t end = source_.find("#}", at_);
  if (end == npos) fail("expected #}, found the end");
  char mark = end > at_ ? source_[end - 1] : ' ';
  if (mark != '-' && mark != '+') mark = ' ';
  advance_to(end - (mark != ' '));
  close("#}", mark, true);
}

std::string Lexer::text(Tag& tag) {
  std::string out;
  for (;;) {
    const std::size_t open = next_tag();
    if (open == npos) {
      out += rest();
      advance_to(source_.size());
      tag = Tag::none;
      return out;
    }
    const char kind = source_[open + 1];
    const char mark = open + 2 < source_.size() ? source_[open + 2] : ' ';
    append_before_tag(out, rest().substr(0, open - at_), mark, kind != '{');
    advance_to(open + 2 + (mark == '-' || mark == '+'));
    line_starts_ = false;
    if (kind == '#') {
      comment();
      continue;
    }
    if (kind == '%' && raw(out)) continue;
    open_ = tag = kind == '{' ? Tag::print : Tag::block;
    braces_ = 0;
    return out;
  }
}

bool Lexer::closed() {
  const bool block = open_ == Tag::block;
  const std::string_view end = block ? "%}" : "}}";
  const char mark = source_[at_];
  const bool marked = (mark == '-' || (mark == '+' && block)) && rest().substr(1).starts_with(end);
  if (braces_ > 0 || (!marked && !rest().starts_with(end))) return false;
  close(end, marked ? mark : ' ', block);
  return true;
}

Token Lexer::token() {
  skip_space();
  if (at_ >= source_.size())
    fail(std::string("expected ") + (open_ == Tag::block ? "%}" : "}}") + ", found the end");
  Token token;
  if (closed()) return token;
  const auto c = static_cast<unsigned char>(source_[at_]);
  if (std::isdigit(c)) {
    number(token);
  } else if (in_name(c)) {
    token.kind = Token::Kind::name;
    while (at_ < source_.size() && in_name(static_cast<unsigned char>(source_[at_])))
      token.text += source_[at_++];
  } else if (c == '\'' || c == '"') {
    string(token);
  } else {
    sign(token);
  }
  after_dot_ = token.kind == Token::Kind::sign && token.text == ".";
  return token;
}

void Lexer::number(Token& token) {
  const auto at = [&](std::size_t ahead) {
    return at_ + ahead < source_.size() ? static_cast<unsigned char>(source_[at_ + ahead]) : 0;
  };
  const auto digits = [&](auto is_digit) {
    while (is_digit(at(0)) || (at(0) == '_' && is_digit(at(1)))) {
      if (at(0) != '_') token.text += source_[at_];
      ++at_;
    }
  };
  const auto decimal = [](int c) { return std::isdigit(c) != 0; };
  token.kind = Token::Kind::integer;
  const int letter = std::tolower(at(1));
  const int base = at(0) != '0'    ? 10
                   : letter == 'x' ? 16
                   : letter == 'o' ? 8
                   : letter == 'b' ? 2
                                   : 10;
  if (base != 10) {
    at_ += 2;
    digits([&](int c) {
      return std::isxdigit(c) && (std::isdigit(c) ? c - '0' : std::tolower(c) - 'a' + 10) < base;
    });
    std::int64_t value = 0;
    const char* const last = token.text.data() + token.text.size();
    if (std::from_chars(token.text.data(), last, value, base).ec != std::errc())
      fail("expected a number that 64 bits hold, found '" + printable(token.text) + "'");
    token.text = std::to_string(value);
    return;
  }
  digits(decimal);
  // "a.1.2" is an element of an element.
  if (!after_dot_ && at(0) == '.' && decimal(at(1))) {
    token.kind = Token::Kind::real;
    token.text += source_[at_++];
    digits(decimal);
  }
  const std::size_t signs = at(1) == '-' || at(1) == '+';
  if (!after_dot_ && std::tolower(at(0)) == 'e' && decimal(at(1 + signs))) {
    token.kind = Token::Kind::real;
    token.text.append(source_, at_, 1 + signs);
    at_ += 1 + signs;
    digits(decimal);
  }
}

void Lexer::string(Token& token) {
  token.kind = Token::Kind::string;
  const char quote = source_[at_++];
  for (; at_ < source_.size() && source_[at_] != quote; ++at_) {
    line_ += source_[at_] == '\n';
    if (source_[at_] != '\\' || at_ + 1 == source_.size())
      token.text += source_[at_];
    else
      escape(token.text);
  }
  if (at_ >= source_.size()) fail("expected the end of a string, found the end");
  ++at_;
}

// Python's escapes; a backslash before anything else stays.
void Lexer::escape(std::string& out) {
  const char c = source_[++at_];
  constexpr std::string_view names = "abfnrtv\\'\"", values = "\a\b\f\n\r\t\v\\'\"";
  if (const std::size_t index = names.find(c); index != npos) {
    out += values[index];
  } else if (c == '\n') {
    ++line_;
  } else if (c >= '0' && c <= '7') {
    unsigned code = 0;
    std::size_t count = 0;
    for (; count < 3 && at_ + count < source_.size() && source_[at_ + count] >= '0' &&
           source_[at_ + count] <= '7';
         ++count)
      code = 8 * code + static_cast<unsigned>(source_[at_ + count] - '0');
    at_ += count - 1;
    append_point(out, code);
  } else if (c == 'x' || c == 'u' || c == 'U') {
    unsigned code = digits_of_escape(c == 'x' ? 2 : c == 'u' ? 4 : 8);
    if (code >= 0xD800 && code < 0xDC00 && source_.compare(at_ + 1, 2, "\\u") == 0) {
      at_ += 2;
      code = 0x10000 + ((code - 0xD800) << 10) + (digits_of_escape(4) - 0xDC00);
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      fail("expected an escape that is a code point");
    append_point(out, code);
  } else if (c == 'N') {
    fail("expected an escape by number, found one by name");
  } else {
    (out += '\\') += c;
  }
}

unsigned Lexer::digits_of_escape(std::size_t count) {
  unsigned code = 0;
  const char* const first = source_.data() + std::min(at_ + 1, source_.size());
  const char* const last = source_.data() + std::min(at_ + 1 + count, source_.size());
  const auto [end, error] = std::from_chars(first, last, code, 16);
  if (error != std::errc() || end != first + count)
    fail("expected hexadecimal digits of an escape");
  at_ += count;
  return code;
}

void Lexer::sign(Token& token) {
  token.kind = Token::Kind::sign;
  for (const char* const two : {"==", "!=", "<=", ">=", "//", "**"})
    if (rest().starts_with(two)) token.text = two;
  if (token.text.empty()) token.text = source_[at_];
  if (std::string_view("+-*/%~<>=()[]{}.,:|").find(token.text[0]) == npos && token.text != "!=")
    fail("expected an expression, found '" + printable(token.text) + "'");
  at_ += token.text.size();
  if (token.text == "{" || token.text == "(" || token.text == "[") ++braces_;
  if ((token.text == "}" || token.text == ")" || token.text == "]") && braces_ > 0) --braces_;
}

}  // namespace quipu::jinja
