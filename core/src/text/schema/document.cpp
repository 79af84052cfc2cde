// A parser's events become values.
#include "text/schema/document.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <unordered_set>

#include "quipu/error.h"

namespace quipu::schema {

namespace json = boost::json;

Decimal Decimal::of(std::string_view number) {
  Decimal out;
  if (number.starts_with('-')) {
    out.negative = true;
    number.remove_prefix(1);
  }
  const std::size_t e = number.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view power = number.substr(e + 1);
    const bool negative = power.starts_with('-');
    if (negative || power.starts_with('+')) power.remove_prefix(1);
    // Far beyond what any bound is taken for; more digits change nothing.
    for (const char c : power)
      out.exponent = std::min<std::int64_t>(out.exponent * 10 + (c - '0'), 1'000'000'000);
    if (negative) out.exponent = -out.exponent;
    number = number.substr(0, e);
  }
  const std::size_t point = number.find('.');
  out.digits = number.substr(0, point);
  if (point != std::string_view::npos) {
    out.digits += number.substr(point + 1);
    out.exponent -= static_cast<std::int64_t>(number.size() - point - 1);
  }
  out.digits.erase(0, std::min(out.digits.find_first_not_of('0'), out.digits.size()));
  while (out.digits.ends_with('0')) {
    out.digits.pop_back();
    ++out.exponent;
  }
  if (out.digits.empty()) out = {};
  return out;
}

std::string Decimal::plain() const {
  if (digits.empty()) return "0";
  std::string out = digits;
  if (exponent >= 0) {
    out.append(static_cast<std::size_t>(exponent), '0');
  } else {
    const auto fraction = static_cast<std::size_t>(-exponent);
    if (out.size() <= fraction) out.insert(0, fraction + 1 - out.size(), '0');
    out.insert(out.size() - fraction, ".");
  }
  return negative ? "-" + out : out;
}

class DocumentBuilder {
 public:
  // What basic_parser asks of a handler.
  static constexpr std::size_t max_object_size = ~std::size_t{0};
  static constexpr std::size_t max_array_size = ~std::size_t{0};
  static constexpr std::size_t max_key_size = ~std::size_t{0};
  static constexpr std::size_t max_string_size = ~std::size_t{0};
  using Code = json::error_code;

  Document document;
  std::string repeated;  // a key that its object has twice

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return open(Json::object); }
  bool on_array_begin(Code&) { return open(Json::array); }
  bool on_object_end(std::size_t, Code& code) {
    const ValueId id = open_.back();
    const Value& object = document.values_[id];
    std::unordered_map<std::string_view, ValueId> members;
    for (std::size_t i = 0; i < object.keys.size(); ++i)
      if (!members.emplace(object.keys[i], object.children[i]).second) {
        repeated = object.keys[i];
        code = json::error::extra_data;
        return false;
      }
    // The views stay good: the keys of an object that is closed do not move.
    if (object.keys.size() > 8) document.members_.emplace(id, std::move(members));
    open_.pop_back();
    return true;
  }
  bool on_array_end(std::size_t, Code&) {
    open_.pop_back();
    return true;
  }
  bool on_key_part(std::string_view part, std::size_t, Code&) {
    text_ += part;
    return true;
  }
  bool on_key(std::string_view part, std::size_t, Code&) {
    document.values_[open_.back()].keys.push_back(std::exchange(text_, {}) += part);
    return true;
  }
  bool on_string_part(std::string_view part, std::size_t, Code&) {
    text_ += part;
    return true;
  }
  bool on_string(std::string_view part, std::size_t, Code&) {
    add(Json::string, std::exchange(text_, {}) += part);
    return true;
  }
  bool on_number_part(std::string_view part, Code&) {
    text_ += part;
    return true;
  }
  bool on_int64(std::int64_t, std::string_view part, Code&) { return number(part); }
  bool on_uint64(std::uint64_t, std::string_view part, Code&) { return number(part); }
  bool on_double(double, std::string_view part, Code&) { return number(part); }
  bool on_bool(bool truth, Code&) {
    document.values_[add(Json::boolean, {})].truth = truth;
    return true;
  }
  bool on_null(Code&) {
    add(Json::null, {});
    return true;
  }
  bool on_comment_part(std::string_view, Code&) { return true; }
  bool on_comment(std::string_view, Code&) { return true; }

 private:
  bool number(std::string_view part) {
    add(Json::number, std::exchange(text_, {}) += part);
    return true;
  }
  bool open(Json kind) {
    open_.push_back(add(kind, {}));
    return true;
  }
  ValueId add(Json kind, std::string text) {
    const auto id = static_cast<ValueId>(document.values_.size());
    Value value{.kind = kind, .text = std::move(text)};
    if (!open_.empty()) {
      value.parent = open_.back();
      value.place = static_cast<std::uint32_t>(document.values_[open_.back()].children.size());
      document.values_[open_.back()].children.push_back(id);
    }
    document.values_.push_back(std::move(value));
    return id;
  }

  std::vector<ValueId> open_;
  std::string text_;
};

Document Document::parse(std::string_view text) {
  if (text.size() > most_bytes)
    throw Error(ErrorCode::invalid, "JSON schema: expected at most " + std::to_string(most_bytes) +
                                        " bytes, found " + std::to_string(text.size()));
  json::parse_options options;
  options.max_depth = most_depth;
  json::basic_parser<DocumentBuilder> parser(options);
  json::error_code code;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), code);
  const auto rest = text.substr(read).find_first_not_of(" \t\r\n");
  if (!code && rest != std::string_view::npos) code = json::error::extra_data;
  if (!parser.handler().repeated.empty())
    throw Error(ErrorCode::invalid, "JSON schema: byte " + std::to_string(read) +
                                        ": expected each key once, found " +
                                        printable(parser.handler().repeated) + " again");
  if (code == json::error::too_deep)
    throw Error(ErrorCode::invalid, "JSON schema: byte " + std::to_string(read) +
                                        ": expected values nested at most " +
                                        std::to_string(most_depth) + " deep");
  if (code)
    throw Error(ErrorCode::invalid,
                "JSON schema: byte " + std::to_string(read) + ": expected JSON: " + code.message());
  return std::move(parser.handler().document);
}

ValueId Document::find(ValueId object, std::string_view key) const {
  const Value& value = values_[object];
  if (value.kind != Json::object) return no_value;
  if (const auto large = members_.find(object); large != members_.end()) {
    const auto found = large->second.find(key);
    return found == large->second.end() ? no_value : found->second;
  }
  const auto found = std::ranges::find(value.keys, key);
  return found == value.keys.end()
             ? no_value
             : value.children[static_cast<std::size_t>(found - value.keys.begin())];
}

std::string Document::pointer(ValueId id) const {
  std::vector<std::string> parts;
  for (; values_[id].parent != no_value; id = values_[id].parent) {
    const Value& parent = values_[values_[id].parent];
    if (parent.kind == Json::array) {
      parts.push_back(std::to_string(values_[id].place));
      continue;
    }
    std::string part;
    for (const char c : parent.keys[values_[id].place])
      part += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    parts.push_back(std::move(part));
  }
  std::string out = "#";
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) out += "/" + printable(*part);
  return out;
}

}  // namespace quipu::schema
