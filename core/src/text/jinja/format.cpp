// Python's formatting of values: "%5.2f" % x and "{:>5}".format(x).
#include <algorithm>
#include <charconv>
#include <cmath>

#include "quipu/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/text_tools.h"
#include "text/jinja/unicode.h"

namespace quipu::jinja {
namespace {

constexpr std::int64_t widest = 100'000, most_precise = 300;

/// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct Specification {
  std::string fill = " ";
  char align = 0, sign = '-', grouping = 0, type = 0;
  bool alternate = false;
  std::int64_t width = 0, precision = -1;
};

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

struct Digits {
  bool negative = false;
  std::string prefix, digits;
};

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

// One conversion of text % arguments: %[(key)][flags][width][.precision]type.
class Percent {
 public:
  Percent(Renderer& r, const Value& text, const Value& arguments)
      : r_(r), rest_(text.string()), safe_(text.is_safe()), arguments_(arguments) {}

  std::string all() {
    std::string out;
    while (!rest_.empty()) {
      const std::size_t at = std::min(rest_.find('%'), rest_.size());
      out += rest_.substr(0, at);
      rest_.remove_prefix(at);
      if (!rest_.empty()) out += conversion();
      r_.meter.step();
    }
    if (arguments_.is_tuple() && next_ < arguments_.list().size())
      fail("'%': expected as many values as conversions, found more");
    if (!arguments_.is_tuple() && !arguments_.is_dict() && !arguments_.is_list() && next_ == 0)
      fail("'%': expected conversions for the values, found none");
    return out;
  }

 private:
  const Value& next() {
    if (!arguments_.is_tuple()) {
      if (next_++ > 0) fail("'%': expected as many values as conversions, found fewer");
      return arguments_;
    }
    if (next_ >= arguments_.list().size())
      fail("'%': expected as many values as conversions, found fewer");
    return arguments_.list()[next_++];
  }

  std::int64_t number_or_star(std::int64_t largest) {
    char star = 0;
    if (!take(rest_, "*", star)) return take_number(rest_, largest);
    const Value& value = next();
    if (!value.is_whole() || std::abs(value.integer()) > largest)
      fail("'%': expected an integer for '*'");
    return value.integer();
  }

  std::string conversion() {
    rest_.remove_prefix(1);
    const Value* value = nullptr;
    char mark = 0;
    if (take(rest_, "(", mark)) {
      const std::size_t end = rest_.find(')');
      if (end == std::string_view::npos || !arguments_.is_dict())
        fail("'%': expected a mapping for '%(name)'");
      value = arguments_.dict().find(rest_.substr(0, end));
      if (!value)
        fail("'%': expected a value for '" + printable(rest_.substr(0, end)) + "', found none");
      rest_.remove_prefix(end + 1);
    }
    Specification s;
    bool left = false, zeros = false;
    while (take(rest_, "-+ 0#", mark)) {
      left |= mark == '-';
      zeros |= mark == '0';
      if (mark == '+' || (mark == ' ' && s.sign != '+')) s.sign = mark;
      s.alternate |= mark == '#';
    }
    s.width = number_or_star(widest);
    if (s.width < 0) {
      left = true;
      s.width = -s.width;
    }
    if (take(rest_, ".", mark))
      s.precision = std::max<std::int64_t>(0, number_or_star(most_precise));
    if (!take(rest_, "sradiuoxXeEfFgGc%", s.type)) fail("'%': expected a conversion like %s");
    if (s.type == '%') return "%";
    if (!value) value = &next();
    s.align = left ? '<' : '>';
    const bool text = s.type == 's' || s.type == 'r' || s.type == 'a' || s.type == 'c';
    if (zeros && !left && !text) {
      s.align = '=';
      s.fill.assign(1, '0');
    }
    return text ? text_of_value(*value, s) : number(*value, s);
  }

  std::string text_of_value(const Value& value, const Specification& s) {
    std::string text;
    if (s.type == 'c' && value.is_whole())
      append_point(
          text, static_cast<std::uint32_t>(std::clamp<std::int64_t>(value.integer(), 0, 0x10FFFF)));
    else if (s.type == 'c' && (!value.is_string() || length_of(value.string()) != 1))
      fail("'%c': expected a character");
    else if (s.type == 'a' && value.is_string())
      text = quoted(value.string(), true);
    else
      text = s.type == 'r' || s.type == 'a' ? repr_of(value, r_.meter) : r_.text(value);
    if (safe_ && !value.is_safe()) text = escaped(text);
    return aligned(s.precision < 0 ? std::string_view(text)
                                   : part_of(text, 0, static_cast<std::size_t>(s.precision)),
                   s, '>', r_.meter);
  }

  std::string number(const Value& value, Specification& s) {
    if (!value.is_number())
      fail(std::string("'%") + s.type + "': expected a number, found " + value.type());
    Value operand = value;
    if (std::string_view("eEfFgG").find(s.type) == std::string_view::npos) {
      if (value.is_real()) {
        if (s.type == 'x' || s.type == 'X' || s.type == 'o' || !(std::abs(value.real()) < 9e18))
          fail(std::string("'%") + s.type + "': expected an integer, found float");
        operand = static_cast<std::int64_t>(value.real());
      }
      if (s.type == 'i' || s.type == 'u') s.type = 'd';
      const std::int64_t places = std::exchange(s.precision, -1);
      Digits d = number_digits(operand, s);
      while (std::ssize(d.digits) < places) d.digits.insert(d.digits.begin(), '0');
      return shown_number(d, s, r_.meter);
    }
    return shown_number(number_digits(operand, s), s, r_.meter);
  }

  Renderer& r_;
  std::string_view rest_;
  bool safe_;
  const Value& arguments_;
  std::size_t next_ = 0;
};

// text.format(…), whose fields are {[name or number][.attribute or
// [element]…][!r][:specification]}.
class Braces {
 public:
  Braces(Renderer& r, const Arguments& a, bool safe) : r_(r), arguments_(a), safe_(safe) {}

  std::string all(std::string_view text, bool fields_in_fields = true) {
    std::string out;
    while (!text.empty()) {
      r_.meter.step();
      const std::size_t at = std::min(text.find_first_of("{}"), text.size());
      out += text.substr(0, at);
      text.remove_prefix(at);
      if (text.empty()) break;
      if (text.size() > 1 && text[1] == text[0] && fields_in_fields) {
        out += text[0];
        text.remove_prefix(2);
      } else if (text[0] == '}') {
        fail("format: expected '{' before '}'");
      } else {
        out += field(take_field(text), fields_in_fields);
      }
    }
    return out;
  }

 private:
  // What is between braces, fields in its specification with it.
  static std::string_view take_field(std::string_view& text) {
    int open = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      open += text[i] == '{';
      open -= text[i] == '}';
      if (open > 0) continue;
      const std::string_view inside = text.substr(1, i - 1);
      text.remove_prefix(i + 1);
      return inside;
    }
    fail("format: expected '}', found the end");
  }

  std::string field(std::string_view text, bool fields_in_fields) {
    const std::size_t end = std::min(text.find_first_of("!:"), text.size());
    Value value = named(text.substr(0, end));
    text.remove_prefix(end);
    if (text.starts_with('!')) {
      const char conversion = text.size() > 1 ? text[1] : ' ';
      if (conversion != 'r' && conversion != 's' && conversion != 'a')
        fail("format: expected !r, !s or !a");
      value = conversion == 's' ? r_.text(value) : repr_of(value, r_.meter);
      text.remove_prefix(2);
    }
    std::string specification;
    if (text.starts_with(':')) {
      if (!fields_in_fields && text.find('{') != std::string_view::npos)
        fail("format: expected fields in fields nested once");
      specification = all(text.substr(1), false);
    } else if (!text.empty()) {
      fail("format: expected ':' or '}', found '" + printable(text) + "'");
    }
    std::string made = shown(r_, value, specification);
    return safe_ && !value.is_safe() ? escaped(made) : made;
  }

  Value named(std::string_view path) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = first(path.substr(0, end));
    path.remove_prefix(end);
    while (!path.empty()) {
      const bool attribute = path[0] == '.';
      path.remove_prefix(1);
      const std::size_t stop =
          attribute ? std::min(path.find_first_of(".["), path.size()) : path.find(']');
      if (stop == std::string_view::npos) fail("format: expected ']'");
      const std::string part(path.substr(0, stop));
      path.remove_prefix(std::min(path.size(), stop + !attribute));
      value = attribute ? r_.attribute(value, part) : element(value, part);
    }
    return value;
  }

  Value element(const Value& value, const std::string& part) {
    std::int64_t number = 0;
    const char* const last = part.data() + part.size();
    const auto parsed = std::from_chars(part.data(), last, number);
    return parsed.ec == std::errc() && parsed.ptr == last ? r_.item(value, number)
                                                          : r_.item(value, part);
  }

  Value first(std::string_view name) {
    std::size_t position = 0;
    if (name.empty()) {
      if (manual_) fail("format: expected fields all with numbers, or all without");
      automatic_ = true;
      position = next_++;
    } else if (name[0] >= '0' && name[0] <= '9') {
      if (automatic_) fail("format: expected fields all with numbers, or all without");
      manual_ = true;
      position = static_cast<std::size_t>(take_number(name, widest));
    } else {
      for (const auto& [key, value] : arguments_.named)
        if (key == name) return value;
      position = arguments_.positional.size();
    }
    if (position >= arguments_.positional.size())
      fail("format: expected a value for '{" + printable(name) + "}', found none");
    return arguments_.positional[position];
  }

  Renderer& r_;
  const Arguments& arguments_;
  bool safe_, manual_ = false, automatic_ = false;
  std::size_t next_ = 0;
};

}  // namespace

Value format_percent(Renderer& r, const Value& text, const Value& arguments) {
  return made(r, Percent(r, text, arguments).all(), text.is_safe());
}

Value format_braces(Renderer& r, const Value& text, const Arguments& arguments) {
  return made(r, Braces(r, arguments, text.is_safe()).all(text.string()), text.is_safe());
}

}  // namespace quipu::jinja
