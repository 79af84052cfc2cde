// Values as text: Python's str() and repr().
#include <charconv>
#include <cmath>
#include <cstdio>

#include "text/jinja/unicode.h"
#include "text/jinja/value.h"

namespace quipu::jinja {
namespace {

void append_escape(std::string& out, std::int32_t c) {
  char escape[16];
  std::snprintf(escape, sizeof escape,
                c < 0x100     ? "\\x%02x"
                : c < 0x10000 ? "\\u%04x"
                              : "\\U%08x",
                static_cast<unsigned>(c));
  out += escape;
}

class Printer {
 public:
  explicit Printer(Meter& meter) : meter_(meter) {}
  std::string out;

  void write(const Value& value) {
    const std::size_t before = out.size();
    meter_.step();
    if (value.is_list())
      write_list(value);
    else if (value.is_dict())
      write_dict(value.dict());
    else
      write_single(value);
    // What is inside has been counted, but for brackets and commas.
    if (!value.is_list() && !value.is_dict()) meter_.make(out.size() - before);
  }

 private:
  void write_single(const Value& value) {
    if (value.is_undefined())
      out += "Undefined";
    else if (value.is_none())
      out += "None";
    else if (value.is_bool())
      out += value.integer() ? "True" : "False";
    else if (value.is_integer())
      out += std::to_string(value.integer());
    else if (value.is_large())
      out += std::to_string(value.large());
    else if (value.is_real())
      out += number_text(value.real());
    else if (value.is_safe())
      out += "Markup(" + quoted(value.string()) + ")";
    else if (value.is_string())
      out += quoted(value.string());
    else
      out += value.object()->repr();
  }

  void write_list(const Value& value) {
    const char *open = "[", *close = "]";
    switch (value.list_kind()) {
    case List::Kind::list:
      break;
    case List::Kind::tuple:
    case List::Kind::group:
      open = "(";
      close = value.list().size() == 1 ? ",)" : ")";
      break;
    case List::Kind::range:
      out += value.shared_list()->shown;
      return;
    case List::Kind::generator:
      out += "<generator object>";
      return;
    case List::Kind::keys:
      open = "dict_keys([";
      close = "])";
      break;
    case List::Kind::values:
      open = "dict_values([";
      close = "])";
      break;
    case List::Kind::items:
      open = "dict_items([";
      close = "])";
      break;
    }
    out += open;
    const char* separator = "";
    for (const Value& each : value.list()) {
      out += separator;
      separator = ", ";
      write(each);
    }
    meter_.make(2 * value.list().size() + 16);
    out += close;
  }

  void write_dict(const Dict& dict) {
    out += '{';
    const char* separator = "";
    for (const auto& [key, value] : dict.items) {
      out += separator;
      separator = ", ";
      write(key);
      out += ": ";
      write(value);
    }
    meter_.make(4 * dict.items.size() + 16);
    out += '}';
  }

  Meter& meter_;
};

}  // namespace

std::string number_text(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  char digits[64];
  const double size = std::abs(x);
  // Python changes to exponents at these bounds.
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto end = std::to_chars(digits, digits + sizeof digits, x,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(digits, end.ptr);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string quoted(std::string_view text, bool ascii) {
  const bool single = text.find('\'') == std::string::npos || text.find('"') != std::string::npos;
  const char quote = single ? '\'' : '"';
  std::string out(1, quote);
  while (!text.empty()) {
    const std::string_view point = take_point(text);
    const std::int32_t c =
        point.size() == 1 ? static_cast<unsigned char>(point[0]) : number_of_point(point);
    if (c == quote || c == '\\')
      (out += '\\') += static_cast<char>(c);
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (is_printable(c) && !(ascii && c >= 0x80) && !(point.size() == 1 && c >= 0x80))
      out += point;
    else
      append_escape(out, c);
  }
  return out += quote;
}

std::string repr_of(const Value& value, Meter& meter) {
  Printer printer(meter);
  printer.write(value);
  return std::move(printer.out);
}

std::string text_of(const Value& value, Meter& meter) {
  if (value.is_undefined()) return "";
  if (value.is_string()) {
    meter.make(value.string().size());
    return value.string();
  }
  return repr_of(value, meter);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&#34;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out += c;
    }
  return out;
}

}  // namespace quipu::jinja
