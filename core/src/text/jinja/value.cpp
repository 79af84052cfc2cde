#include "text/jinja/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "quipu/error.h"
#include "text/utf8.h"

namespace quipu::jinja {
namespace {

constexpr int deepest = 100;

[[noreturn]] void too_deep() {
  throw Error(ErrorCode::invalid, "template: expected values nested at most 100 deep");
}

// Equal keys have equal texts.
std::string index_of(const Value& key) {
  if (key.is_string()) return "s" + key.string();
  if (key.is_whole()) return "n" + std::to_string(key.integer());
  if (key.is_real()) {
    const double x = key.real();
    if (x == std::floor(x) && std::abs(x) < 1e15)
      return "n" + std::to_string(static_cast<std::int64_t>(x));
  }
  return "r" + key.repr();
}

}  // namespace

const Value* Dict::find(const Value& key) const {
  const auto at = index_.find(index_of(key));
  return at == index_.end() ? nullptr : &items[at->second].second;
}
void Dict::set(const Value& key, Value value) {
  const auto [at, added] = index_.try_emplace(index_of(key), items.size());
  if (added)
    items.emplace_back(key, std::move(value));
  else
    items[at->second].second = std::move(value);
}

bool Value::truth() const {
  if (is_bool() || is_integer()) return integer() != 0;
  if (is_real()) return real() != 0;
  if (is_string()) return !string().empty();
  if (is_list()) return !list().empty();
  if (is_dict()) return !dict().items.empty() || dict().is_namespace;
  return is_function();
}

const char* Value::type() const {
  if (is_undefined()) return "undefined";
  if (is_none()) return "none";
  if (is_bool()) return "boolean";
  if (is_integer()) return "integer";
  if (is_real()) return "float";
  if (is_string()) return "string";
  if (is_list()) return is_generator() ? "generator" : is_tuple() ? "tuple" : "list";
  if (is_dict()) return dict().is_namespace ? "namespace" : "mapping";
  return "function";
}

std::string number_text(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  char digits[64];
  const double size = std::abs(x);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto end = std::to_chars(digits, digits + sizeof digits, x,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(digits, end.ptr);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string Value::text() const {
  if (is_undefined()) return "";
  if (is_string()) return string();
  return repr();
}

std::string Value::repr() const {
  std::string out;
  write_repr(out, 0);
  return out;
}

void Value::write_repr(std::string& out, int depth) const {
  if (depth > deepest) too_deep();
  if (is_undefined()) {
    out += "Undefined";
  } else if (is_none()) {
    out += "None";
  } else if (is_bool()) {
    out += integer() ? "True" : "False";
  } else if (is_integer()) {
    out += std::to_string(integer());
  } else if (is_real()) {
    out += number_text(real());
  } else if (is_string()) {
    const bool single = string().find('\'') == std::string::npos;
    const char quote = single || string().find('"') != std::string::npos ? '\'' : '"';
    out += quote;
    for (const char c : string()) {
      if (c == quote || c == '\\')
        (out += '\\') += c;
      else if (c == '\n')
        out += "\\n";
      else if (c == '\r')
        out += "\\r";
      else if (c == '\t')
        out += "\\t";
      else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
        out += escaped;
      } else
        out += c;
    }
    out += quote;
  } else if (is_list()) {
    out += is_tuple() ? '(' : '[';
    for (std::size_t i = 0; i < list().size(); ++i) {
      if (i) out += ", ";
      list()[i].write_repr(out, depth + 1);
    }
    if (is_tuple() && list().size() == 1) out += ',';
    out += is_tuple() ? ')' : ']';
  } else if (is_dict()) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : dict().items) {
      if (!first) out += ", ";
      first = false;
      key.write_repr(out, depth + 1);
      out += ": ";
      value.write_repr(out, depth + 1);
    }
    out += '}';
  } else {
    out += "<function " + function().name + ">";
  }
}

namespace {

bool equal_to(const Value& a, const Value& b, int depth) {
  if (depth > deepest) too_deep();
  if (a.is_number() && b.is_number())
    return a.is_whole() && b.is_whole() ? a.integer() == b.integer() : a.real() == b.real();
  if (a.is_string() && b.is_string()) return a.string() == b.string();
  if (a.is_none() && b.is_none()) return true;
  if (a.is_undefined() && b.is_undefined()) return true;
  if (a.is_list() && b.is_list())
    return std::equal(a.list().begin(), a.list().end(), b.list().begin(), b.list().end(),
                      [&](const Value& x, const Value& y) { return equal_to(x, y, depth + 1); });
  if (a.is_dict() && b.is_dict()) {
    if (a.dict().items.size() != b.dict().items.size()) return false;
    for (const auto& [key, value] : a.dict().items) {
      const Value* other = b.dict().find(key);
      if (!other || !equal_to(value, *other, depth + 1)) return false;
    }
    return true;
  }
  return a.is_function() && a.is_same_object(b);
}

}  // namespace

bool equal(const Value& a, const Value& b) {
  return equal_to(a, b, 0);
}

bool less(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number())
    return a.is_whole() && b.is_whole() ? a.integer() < b.integer() : a.real() < b.real();
  if (a.is_string() && b.is_string()) return a.string() < b.string();
  if (a.is_list() && b.is_list()) {
    const auto &x = a.list(), &y = b.list();
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (!equal(x[i], y[i])) return less(x[i], y[i]);
    return x.size() < y.size();
  }
  throw Error(ErrorCode::invalid,
              std::string("template: expected values that can be ordered, found ") + a.type() +
                  " and " + b.type());
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

std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::vector<std::string_view> code_points(std::string_view text) {
  std::vector<std::string_view> points;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = std::max<std::size_t>(1, code_point_size(text.substr(at)));
    points.push_back(text.substr(at, size));
    at += size;
  }
  return points;
}

}  // namespace quipu::jinja
