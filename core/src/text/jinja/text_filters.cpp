// Filters that make text.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "text/jinja/builtins.h"
#include "text/jinja/text_tools.h"
#include "text/jinja/unicode.h"

namespace quipu::jinja {
namespace {

template <std::string (*change)(std::string_view)>
Value changed(Renderer& r, const Value& v, const Arguments& a) {
  Given("this filter", a, {});
  return made(r, change(r.text(v)), v.is_safe());
}

// The filter of this name begins words at blanks and brackets, unlike the method.
std::string title_of_words(std::string_view text) {
  std::string out;
  for (bool start = true; !text.empty();) {
    const std::string_view point = take_point(text);
    out += start ? upper(point) : lower(point);
    const std::int32_t c = number_of_point(point);
    start = is_space(c) || std::string_view("-({[<").find(point) != std::string_view::npos;
  }
  return out;
}

Value trim(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("trim", a, {"chars"});
  const std::string text = r.text(v);
  const std::string* which = given.lacks(0) ? nullptr : &given.string(0);
  if (which) r.meter.step(text.size() * which->size() / 64);
  return made(r, std::string(stripped(text, which, Side::both)), v.is_safe());
}

Value replace(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("replace", a, {"old", "new", "count"}, 2);
  const auto part = [&](const Value& each) {
    return v.is_safe() && !each.is_safe() ? escaped(r.text(each)) : r.text(each);
  };
  return {replaced(r.text(v), r.text(*given[0]), part(*given[1]),
                   given.lacks(2) ? -1 : given.integer(2, -1), r.meter),
          v.is_safe()};
}

Value escape(Renderer& r, const Value& v, const Arguments&) {
  if (v.is_safe()) return v;
  return made(r, escaped(r.text(v)), true);
}

Value force_escape(Renderer& r, const Value& v, const Arguments&) {
  return made(r, escaped(r.text(v)), true);
}

Value safe(Renderer& r, const Value& v, const Arguments&) {
  return {r.text(v), true};
}

Value string(Renderer& r, const Value& v, const Arguments&) {
  return v.is_string() ? v : Value(r.text(v));
}

Value format(Renderer& r, const Value& v, const Arguments& a) {
  const Value text = v.is_string() ? v : Value(r.text(v));
  if (!a.named.empty()) {
    if (!a.positional.empty()) fail("format: expected values by position or by name, found both");
    Dict named;
    for (const auto& [key, value] : a.named) named.set(key, value);
    return format_percent(r, text, std::move(named));
  }
  return format_percent(r, text, List{a.positional, List::Kind::tuple});
}

Value indent(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("indent", a, {"width", "first", "blank"});
  if (!v.is_string()) fail(std::string("indent: expected a string, found ") + v.type());
  std::string blanks;
  if (given[0] && given[0]->is_string()) {
    blanks = given.string(0);
  } else {
    const std::int64_t width = given.integer(0, 4);
    if (width > 100'000) fail("indent: expected a width of at most 100000");
    blanks.assign(static_cast<std::size_t>(std::max<std::int64_t>(0, width)), ' ');
  }
  // With a newline behind, so that a last one keeps its line.
  const List lines = lines_of(v.string() + "\n", false, r.meter);
  std::string out;
  for (std::size_t i = 0; i < lines.items.size(); ++i) {
    const std::string& line = lines.items[i].string();
    const bool indented = i == 0 ? given.flag(1) : given.flag(2) || !line.empty();
    r.meter.make(1 + line.size() + (indented ? blanks.size() : 0));
    if (i) out += '\n';
    if (indented) out += blanks;
    out += line;
  }
  return {std::move(out), v.is_safe()};
}

Value center(Renderer& r, const Value& v, const Arguments& a) {
  const std::int64_t width = Given("center", a, {"width"}).integer(0, 80);
  if (width > 1'000'000) fail("center: expected a width of at most 1000000");
  return padded(r.text(v), width, " ", 1, 1, r.meter);
}

Value truncate(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("truncate", a, {"length", "killwords", "end", "leeway"});
  const std::string text = r.text(v), end = given[2] ? given.string(2) : "...";
  const std::int64_t length = given.integer(0, 255),
                     leeway = given.lacks(3) ? 5 : given.integer(3, 5),
                     end_length = static_cast<std::int64_t>(length_of(end));
  if (length < end_length || leeway < 0)
    fail("truncate: expected a length that holds the end, and a leeway of at least 0");
  if (static_cast<std::int64_t>(length_of(text)) - leeway <= length) return v;
  std::string_view kept = part_of(text, 0, static_cast<std::size_t>(length - end_length));
  if (!given.flag(1)) kept = kept.substr(0, kept.rfind(' '));
  return made(r, std::string(kept) + end);
}

bool in_word(std::int32_t c) {
  return c == '_' || is_letter(c) || is_numeric(c);
}

Value word_count(Renderer& r, const Value& v, const Arguments&) {
  std::int64_t count = 0;
  const std::string text = r.text(v);
  bool inside = false;
  for (std::string_view rest = text; !rest.empty();) {
    const bool word = in_word(number_of_point(take_point(rest)));
    count += word && !inside;
    inside = word;
  }
  return count;
}

// The characters that a URL has as they are (RFC 3986, 2.3), and / unless in a query.
std::string percent_encoded(std::string_view text, bool query) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string_view("_.-~").find(c) != std::string_view::npos ||
        (c == '/' && !query))
      out += c;
    else if (c == ' ' && query)
      out += '+';
    else
      ((out += '%') += digits[byte >> 4]) += digits[byte & 15];
  }
  return out;
}

Value url_encode(Renderer& r, const Value& v, const Arguments&) {
  if (!v.is_dict() && (!v.is_list() || v.is_generator()))
    return made(r, percent_encoded(r.text(v), false));
  std::string out;
  const auto add = [&](const Value& key, const Value& value) {
    if (!out.empty()) out += '&';
    const std::size_t before = out.size();
    out += percent_encoded(r.text(key), true) + "=" + percent_encoded(r.text(value), true);
    r.meter.make(out.size() - before);
  };
  if (v.is_dict())
    for (const auto& [key, value] : v.dict().items) add(key, value);
  else
    for (const Value& each : v.list()) {
      const auto pair = r.elements(each);
      if (pair->items.size() != 2) fail("urlencode: expected pairs");
      add(pair->items[0], pair->items[1]);
    }
  return out;
}

Value to_json_filter(Renderer& r, const Value& v, const Arguments& a) {
  // As transformers has it: json.dumps, nothing of HTML escaped.
  const Given given("tojson", a, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii = given.flag(0);
  style.sort_keys = given.flag(3);
  if (!given.lacks(1)) {
    style.pretty = true;
    style.item_separator = ",";
    if (given[1]->is_string()) {
      style.indent = given.string(1);
    } else {
      const std::int64_t width = given.integer(1, 0);
      if (width > 1000) fail("tojson: expected an indent of at most 1000");
      style.indent.assign(static_cast<std::size_t>(std::max<std::int64_t>(0, width)), ' ');
    }
  }
  if (!given.lacks(2)) {
    const auto pair = r.elements(*given[2]);
    if (pair->items.size() != 2 || !pair->items[0].is_string() || !pair->items[1].is_string())
      fail("tojson: expected two strings as separators");
    style.item_separator = pair->items[0].string();
    style.key_separator = pair->items[1].string();
  }
  return to_json(v, style, r.meter);
}

Value file_size(Renderer& r, const Value& v, const Arguments& a) {
  Arguments none;
  const double bytes = r.filter("float", v, none).real();
  const bool binary = Given("filesizeformat", a, {"binary"}).flag(0);
  const double base = binary ? 1024 : 1000;
  if (bytes == 1) return "1 Byte";
  char text[64];
  if (bytes < base)
    return std::to_string(static_cast<std::int64_t>(std::max(bytes, -9e18))) + " Bytes";
  double unit = base;
  std::size_t i = 0;
  static constexpr const char* names = "kMGTPEZY";
  while (i < 7 && bytes >= unit * base) {
    unit *= base;
    ++i;
  }
  const auto end = std::to_chars(text, text + sizeof text, std::min(bytes / unit, 1e30),
                                 std::chars_format::fixed, 1);
  std::string out(text, end.ptr);
  out += ' ';
  out += binary ? static_cast<char>(std::toupper(names[i])) : names[i];
  return out + (binary ? "iB" : "B");
}

}  // namespace

const Calls& text_filters() {
  static const Calls all = {
      {"upper", changed<upper>},
      {"lower", changed<lower>},
      {"capitalize", changed<capitalized>},
      {"title", changed<title_of_words>},
      {"trim", trim},
      {"replace", replace},
      {"escape", escape},
      {"e", escape},
      {"forceescape", force_escape},
      {"safe", safe},
      {"string", string},
      {"format", format},
      {"indent", indent},
      {"center", center},
      {"truncate", truncate},
      {"wordcount", word_count},
      {"urlencode", url_encode},
      {"tojson", to_json_filter},
      {"filesizeformat", file_size},
  };
  return all;
}

}  // namespace quipu::jinja
