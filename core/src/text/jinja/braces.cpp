// Python's "{:>5}".format(x).
#include <algorithm>
#include <charconv>

#include "quipu/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/specification.h"
#include "text/jinja/text_tools.h"

namespace quipu::jinja {
namespace {

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

Value format_braces(Renderer& r, const Value& text, const Arguments& arguments) {
  return made(r, Braces(r, arguments, text.is_safe()).all(text.string()), text.is_safe());
}

}  // namespace quipu::jinja
