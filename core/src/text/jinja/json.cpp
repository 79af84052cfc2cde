// JSON as Python reads and writes it.
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>

#include "quipu/error.h"
#include "text/jinja/unicode.h"
#include "text/jinja/value.h"

namespace quipu::jinja {
namespace {

namespace json = boost::json;

Value from_json(const json::value& v) {
  switch (v.kind()) {
  case json::kind::null:
    return {};
  case json::kind::bool_:
    return v.get_bool();
  case json::kind::int64:
    return std::int64_t{v.get_int64()};
  case json::kind::uint64:
    return Value::large(v.get_uint64());
  case json::kind::double_:
    return v.get_double();
  case json::kind::string:
    return Value(std::string_view(v.get_string()));
  case json::kind::array: {
    List list;
    for (const auto& each : v.get_array()) list.items.push_back(from_json(each));
    return list;
  }
  case json::kind::object:
    break;
  }
  Dict dict;
  for (const auto& [key, each] : v.get_object()) dict.set(std::string_view(key), from_json(each));
  return dict;
}

void append_unit(std::string& out, unsigned unit) {
  char escape[16];
  std::snprintf(escape, sizeof escape, "\\u%04x", unit);
  out += escape;
}

void write_string(std::string& out, std::string_view text, bool ascii) {
  out += '"';
  while (!text.empty()) {
    const std::string_view point = take_point(text);
    const auto c = static_cast<unsigned char>(point[0]);
    if (c == '"' || c == '\\') {
      (out += '\\') += point;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\b') {
      out += "\\b";
    } else if (c == '\f') {
      out += "\\f";
    } else if (c < 0x20 || (ascii && c == 0x7F)) {
      append_unit(out, c);
    } else if (ascii && c >= 0x80) {
      const auto code = static_cast<unsigned>(number_of_point(point));
      if (code > 0xFFFF) {
        append_unit(out, 0xD800 + ((code - 0x10000) >> 10));
        append_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
      } else {
        append_unit(out, code);
      }
    } else {
      out += point;
    }
  }
  out += '"';
}

class Writer {
 public:
  Writer(const JsonStyle& style, Meter& meter) : style_(style), meter_(meter) {}
  std::string out;

  void write(const Value& value, std::size_t depth) {
    meter_.step();
    const std::size_t before = out.size();
    if (value.is_indexed() && value.list_kind() != List::Kind::range) {
      const auto& list = value.list();
      write_all("[]", list.size(), depth, [&](std::size_t i) { write(list[i], depth + 1); });
    } else if (value.is_dict()) {
      write_dict(value.dict(), depth);
    } else {
      write_single(value);
      meter_.make(out.size() - before);
    }
  }

 private:
  void write_single(const Value& value) {
    if (value.is_string())
      write_string(out, value.string(), style_.ascii);
    else if (value.is_none())
      out += "null";
    else if (value.is_bool())
      out += value.truth() ? "true" : "false";
    else if (value.is_number() || value.is_large())
      out += number(value);
    else
      fail(std::string("tojson: expected a value that JSON has, found ") + value.type());
  }

  void write_dict(const Dict& dict, std::size_t depth) {
    auto items = dict.items;
    meter_.make_entries(items.size());
    if (style_.sort_keys)
      std::ranges::stable_sort(
          items, [&](const auto& a, const auto& b) { return less(a.first, b.first, meter_); });
    write_all("{}", items.size(), depth, [&](std::size_t i) {
      const std::string key = key_text(items[i].first);
      write_string(out, key, style_.ascii);
      out += style_.key_separator;
      meter_.make(key.size() + style_.key_separator.size());
      write(items[i].second, depth + 1);
    });
  }

  std::string number(const Value& value) {
    if (!value.is_real()) return text_of(value, meter_);
    // Python's words for what JSON lacks.
    if (std::isnan(value.real())) return "NaN";
    if (std::isinf(value.real())) return value.real() < 0 ? "-Infinity" : "Infinity";
    return number_text(value.real());
  }

  std::string key_text(const Value& key) {
    if (key.is_string()) return key.string();
    if (key.is_bool()) return key.truth() ? "true" : "false";
    if (key.is_none()) return "null";
    if (key.is_number() || key.is_large()) return number(key);
    fail(std::string("tojson: expected keys that JSON has, found ") + key.type());
  }

  template <class Item>
  void write_all(std::string_view brackets, std::size_t count, std::size_t depth, Item item) {
    out += brackets[0];
    for (std::size_t i = 0; i < count; ++i) {
      if (i) out += style_.item_separator;
      new_line(depth + 1);
      item(i);
      meter_.make(style_.item_separator.size());
    }
    if (count) new_line(depth);
    out += brackets[1];
  }
  void new_line(std::size_t depth) {
    if (!style_.pretty) return;
    meter_.make(1 + style_.indent.size() * depth);
    out += '\n';
    for (std::size_t i = 0; i < depth; ++i) out += style_.indent;
  }

  const JsonStyle& style_;
  Meter& meter_;
};

}  // namespace

Value parse_json(std::string_view text) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 90;
  options.allow_invalid_utf8 = true;  // what people type goes through as it is
  const json::value value = json::parse(text, error, {}, options);
  if (error) throw Error(ErrorCode::usage, "expected JSON: " + error.message());
  return from_json(value);
}

std::string to_json(const Value& value, const JsonStyle& style, Meter& meter) {
  Writer writer(style, meter);
  writer.write(value, 0);
  return std::move(writer.out);
}

}  // namespace quipu::jinja
