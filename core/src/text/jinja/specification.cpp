#include "text/jinja/specification.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "quipu/error.h"
#include "text/jinja/unicode.h"

namespace quipu::jinja {

std::int64_t take_number(std::string_view& text, std::int64_t largest) {
  std::int64_t number = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
    number = 10 * number + (text[0] - '0');
    if (number > largest)
      fail("format: expected widths up to 100000 and precisions up to 300, found more");
  }
  return number;
}

bool take(std::string_view& text, std::string_view one_of, char& out) {
  if (text.empty() || one_of.find(text[0]) == std::string_view::npos) return false;
  out = text[0];
  text.remove_prefix(1);
  return true;
}

namespace {

Specification parse_specification(std::string_view text) {
  Specification s;
  const std::string_view whole = text;
  if (std::string_view rest = text; !rest.empty()) {
    const std::string_view point = take_point(rest);
    if (!rest.empty() && std::string_view("<>^=").find(rest[0]) != std::string_view::npos) {
      s.fill = point;
      text = rest;
    }
  }
  take(text, "<>^=", s.align);
  take(text, "+- ", s.sign);
  char mark = 0;
  s.alternate = take(text, "#", mark);
  if (take(text, "0", mark) && !s.align) {
    s.fill.assign(1, '0');
    s.align = '=';
  }
  s.width = take_number(text, widest);
  take(text, ",_", s.grouping);
  if (take(text, ".", mark)) s.precision = take_number(text, most_precise);
  take(text, "bcdeEfFgGnosxX%", s.type);
  if (!text.empty())
    fail("format: expected a specification like >8.2f, found '" + printable(whole) + "'");
  return s;
}

// Digits with a mark between groups, in front of what does not belong to the whole part.
std::string grouped(const std::string& digits, const Specification& s) {
  if (!s.grouping) return digits;
  const std::size_t group =
      s.type == 'b' || s.type == 'o' || s.type == 'x' || s.type == 'X' ? 4 : 3;
  const std::size_t whole = std::min(digits.find_first_of(".e%"), digits.size());
  std::string out;
  for (std::size_t i = 0; i < whole; ++i) {
    if (i && (whole - i) % group == 0) out += s.grouping;
    out += digits[i];
  }
  return out + digits.substr(whole);
}

std::string digits_of(std::uint64_t magnitude, char type) {
  const int base = type == 'b' ? 2 : type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
  char digits[80];
  const auto end = std::to_chars(digits, digits + sizeof digits, magnitude, base);
  std::string text(digits, end.ptr);
  if (type == 'X') text = upper(text);
  return text;
}

// Of a number that is not negative; no locale changes it.
std::string digits_of_real(double x, char type, std::int64_t precision) {
  if (!type && precision < 0) return number_text(x);
  const char as = static_cast<char>(type | 0x20);
  const auto format = as == 'e'                  ? std::chars_format::scientific
                      : as == 'f' || type == '%' ? std::chars_format::fixed
                                                 : std::chars_format::general;
  char buffer[800];  // 309 digits, a point, 300 places
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, type == '%' ? 100 * x : x, format,
                                 precision < 0 ? 6 : static_cast<int>(precision));
  std::string text(buffer, end.ptr);
  if (type == 'E' || type == 'F' || type == 'G') text = upper(text);
  // Without a type a float stays one that can be seen.
  if (!type && text.find_first_of(".en") == std::string::npos) text += ".0";
  if (type == '%') text += '%';
  return text;
}

}  // namespace

Digits number_digits(const Value& value, const Specification& s) {
  Digits d;
  const bool real =
      value.is_real() || std::string_view("eEfFgG%").find(s.type) != std::string_view::npos;
  if (real && s.type) {
    if (std::string_view("eEfFgGn%").find(s.type) == std::string_view::npos)
      fail(std::string("format: expected an integer for '") + s.type + "', found " + value.type());
  }
  if (real) {
    const double x = value.real();
    d.negative = std::signbit(x);
    if (s.alternate) fail("format: expected no '#' for a float");
    d.digits = digits_of_real(std::abs(x), s.type, s.precision);
    return d;
  }
  if (s.precision >= 0) fail("format: expected no precision for an integer");
  const std::int64_t x = value.integer();
  d.negative = x < 0;
  d.digits = digits_of(
      d.negative ? 0 - static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x), s.type);
  if (s.alternate && s.type && s.type != 'd') d.prefix = std::string("0") + s.type;
  return d;
}

std::string aligned(std::string_view text, const Specification& s, char otherwise, Meter& meter) {
  const char align = s.align && s.align != '=' ? s.align : otherwise;
  const auto length = static_cast<std::int64_t>(length_of(text));
  const auto missing = static_cast<std::size_t>(std::max<std::int64_t>(0, s.width - length));
  const std::size_t left = align == '<' ? 0 : align == '>' ? missing : missing / 2;
  meter.make(text.size() + missing * s.fill.size());
  std::string out;
  for (std::size_t i = 0; i < left; ++i) out += s.fill;
  out += text;
  for (std::size_t i = left; i < missing; ++i) out += s.fill;
  return out;
}

std::string shown_number(const Digits& d, const Specification& s, Meter& meter) {
  std::string sign = d.negative ? "-" : s.sign == '-' ? "" : std::string(1, s.sign);
  sign += d.prefix;
  if (s.align != '=') return aligned(sign + d.digits, s, '>', meter);
  Specification inner = s;
  inner.align = '>';
  inner.width = s.width - static_cast<std::int64_t>(sign.size());
  return sign + aligned(d.digits, inner, '>', meter);
}

std::string shown(Renderer& r, const Value& value, std::string_view specification) {
  if (specification.empty()) return r.text(value);
  const Specification s = parse_specification(specification);
  if (value.is_string()) {
    if ((s.type && s.type != 's') || s.align == '=')
      fail(std::string("format: expected a specification for strings, found '") +
           printable(specification) + "'");
    const std::string& text = value.string();
    return aligned(s.precision < 0 ? std::string_view(text)
                                   : part_of(text, 0, static_cast<std::size_t>(s.precision)),
                   s, '<', r.meter);
  }
  if (!value.is_number())
    fail(std::string("format: expected a number or string for '") + printable(specification) +
         "', found " + value.type());
  if (s.type == 's') fail("format: expected a string for 's'");
  if (s.type == 'c') {
    std::string point;
    if (!value.is_whole() || value.integer() < 0 || value.integer() > 0x10FFFF)
      fail("format: expected the number of a character for 'c'");
    append_point(point, static_cast<std::uint32_t>(value.integer()));
    return aligned(point, s, '<', r.meter);
  }
  Digits d = number_digits(value, s);
  d.digits = grouped(d.digits, s);
  return shown_number(d, s, r.meter);
}

}  // namespace quipu::jinja
