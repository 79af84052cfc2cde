// Python's "%5.2f" % x.
#include <algorithm>
#include <cmath>

#include "quipu/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/specification.h"
#include "text/jinja/text_tools.h"
#include "text/jinja/unicode.h"

namespace quipu::jinja {
namespace {

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

}  // namespace

Value format_percent(Renderer& r, const Value& text, const Value& arguments) {
  return made(r, Percent(r, text, arguments).all(), text.is_safe());
}

}  // namespace quipu::jinja
