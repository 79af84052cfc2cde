// JSON as Python reads and writes it.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "quipu/error.h"
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
    return static_cast<double>(v.get_uint64());
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

void write_string(std::string& out, const std::string& text, bool ascii) {
  out += '"';
  for (const std::string_view point : code_points(text)) {
    const auto c = static_cast<unsigned char>(point[0]);
    char escaped[16];
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
    } else if (c < 0x20) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else if (ascii && point.size() > 1) {
      unsigned code = point.size() == 2 ? c & 0x1F : point.size() == 3 ? c & 0x0F : c & 0x07;
      for (std::size_t i = 1; i < point.size(); ++i)
        code = code << 6 | (static_cast<unsigned char>(point[i]) & 0x3F);
      if (code > 0xFFFF)
        std::snprintf(escaped, sizeof escaped, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10),
                      0xDC00 + ((code - 0x10000) & 0x3FF));
      else
        std::snprintf(escaped, sizeof escaped, "\\u%04x", code);
      out += escaped;
    } else {
      out += point;
    }
  }
  out += '"';
}

class Writer {
 public:
  explicit Writer(const JsonStyle& style) : style_(style) {}
  std::string out;

  void write(const Value& value, int depth) {
    if (depth > 100)
      throw Error(ErrorCode::invalid, "tojson: expected values nested at most 100 deep");
    if (value.is_none()) {
      out += "null";
    } else if (value.is_bool()) {
      out += value.truth() ? "true" : "false";
    } else if (value.is_number()) {
      out += value.text();
    } else if (value.is_string()) {
      write_string(out, value.string(), style_.ascii);
    } else if (value.is_list() && !value.is_generator()) {
      const auto& list = value.list();
      write_all('[', ']', list.size(), depth, [&](std::size_t i) { write(list[i], depth + 1); });
    } else if (value.is_dict()) {
      auto items = value.dict().items;
      if (style_.sort_keys)
        std::ranges::sort(items,
                          [](const auto& a, const auto& b) { return less(a.first, b.first); });
      write_all('{', '}', items.size(), depth, [&](std::size_t i) {
        write_string(out, key_text(items[i].first), style_.ascii);
        out += style_.key_separator;
        write(items[i].second, depth + 1);
      });
    } else {
      throw Error(ErrorCode::invalid,
                  std::string("tojson: expected a value that JSON has, found ") + value.type());
    }
  }

 private:
  static std::string key_text(const Value& key) {
    if (key.is_bool()) return key.truth() ? "true" : "false";
    return key.is_none() ? "null" : key.text();
  }

  template <class Item>
  void write_all(char open, char close, std::size_t count, int depth, Item item) {
    out += open;
    for (std::size_t i = 0; i < count; ++i) {
      if (i) out += style_.indent < 0 ? style_.item_separator : trimmed_separator();
      new_line(depth + 1);
      item(i);
    }
    if (count) new_line(depth);
    out += close;
  }
  // With an indent, no space ends a line.
  std::string trimmed_separator() const {
    return style_.item_separator == ", " ? "," : style_.item_separator;
  }
  void new_line(int depth) {
    if (style_.indent < 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(style_.indent) * static_cast<std::size_t>(depth), ' ');
  }

  const JsonStyle& style_;
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

std::string to_json(const Value& value, const JsonStyle& style) {
  Writer writer(style);
  writer.write(value, 0);
  return std::move(writer.out);
}

}  // namespace quipu::jinja
