// Globals, methods, filters and tests of templates (Jinja 3.1, "List of Builtin …"), and what chat
// templates expect beside them: raise_exception, strftime_now, tojson with options.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>

#include "quipu/error.h"
#include "text/jinja/render.h"

namespace quipu::jinja {
namespace {

using Call = Value (*)(Renderer&, const Value&, Arguments&);

constexpr std::string_view blanks = " \t\n\v\f\r";

std::string_view strip(std::string_view text, const Value& which, bool left, bool right) {
  // Characters are taken as bytes of ASCII, or as whole code points.
  std::vector<std::string_view> set;
  if (which.is_string()) set = code_points(which.string());
  const auto is_stripped = [&](std::string_view point) {
    if (which.is_string()) return std::ranges::find(set, point) != set.end();
    return blanks.find(point[0]) != std::string_view::npos;
  };
  const auto points = code_points(text);
  std::size_t first = 0, last = points.size();
  while (left && first < last && is_stripped(points[first])) ++first;
  while (right && last > first && is_stripped(points[last - 1])) --last;
  if (first == last) return {};
  return text.substr(static_cast<std::size_t>(points[first].data() - text.data()),
                     static_cast<std::size_t>(points[last - 1].data() + points[last - 1].size() -
                                              points[first].data()));
}

std::string mapped(std::string_view text, int (*change)(int)) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x80) c = static_cast<char>(change(c));
  return out;
}

std::string capitalized(std::string_view text) {
  std::string out = mapped(text, std::tolower);
  if (!out.empty() && static_cast<unsigned char>(out[0]) < 0x80)
    out[0] = static_cast<char>(std::toupper(out[0]));
  return out;
}

std::string title(std::string_view text) {
  std::string out = mapped(text, std::tolower);
  bool start = true;
  for (char& c : out) {
    if (start && static_cast<unsigned char>(c) < 0x80) c = static_cast<char>(std::toupper(c));
    start = static_cast<unsigned char>(c) < 0x80 && !std::isalnum(static_cast<unsigned char>(c));
  }
  return out;
}

const std::string& text_argument(Renderer& r, const Arguments& a, std::size_t i, const char* name,
                                 const char* of) {
  const Value* value = a.find(i, name);
  if (!value || !value->is_string())
    r.fail(std::string(of) + ": expected a string for " + name + ", found " +
           (value ? value->type() : "nothing"));
  return value->string();
}

std::int64_t integer_argument(Renderer& r, const Arguments& a, std::size_t i, const char* name,
                              std::int64_t otherwise, const char* of) {
  const Value* value = a.find(i, name);
  if (!value || value->is_none()) return otherwise;
  if (!value->is_whole())
    r.fail(std::string(of) + ": expected an integer for " + name + ", found " + value->type());
  return value->integer();
}

Value split(Renderer& r, const std::string& text, const Arguments& a, bool from_right) {
  const Value separator = a.get(0, "sep", {});
  std::int64_t most = integer_argument(r, a, 1, "maxsplit", -1, "split");
  List parts;
  std::string_view rest = text;
  const auto more = [&] {
    return most < 0 || static_cast<std::int64_t>(parts.items.size()) < most;
  };
  if (!separator.is_string()) {
    for (;;) {
      rest = from_right ? strip(rest, {}, false, true) : strip(rest, {}, true, false);
      if (rest.empty()) break;
      const std::size_t at = from_right ? rest.find_last_of(blanks) : rest.find_first_of(blanks);
      if (at == std::string_view::npos || !more()) {
        parts.items.emplace_back(from_right ? strip(rest, {}, true, false)
                                            : strip(rest, {}, false, most < 0));
        break;
      }
      parts.items.emplace_back(from_right ? rest.substr(at + 1) : rest.substr(0, at));
      rest = from_right ? rest.substr(0, at) : rest.substr(at + 1);
    }
  } else {
    const std::string& mark = separator.string();
    if (mark.empty()) r.fail("split: expected a separator, found an empty string");
    for (;;) {
      const std::size_t at = from_right ? rest.rfind(mark) : rest.find(mark);
      if (at == std::string_view::npos || !more()) break;
      parts.items.emplace_back(from_right ? rest.substr(at + mark.size()) : rest.substr(0, at));
      rest = from_right ? rest.substr(0, at) : rest.substr(at + mark.size());
    }
    parts.items.emplace_back(rest);
  }
  if (from_right) std::ranges::reverse(parts.items);
  r.spend(text.size() + parts.items.size() * sizeof(Value));
  return parts;
}

std::string replaced(Renderer& r, const std::string& text, const std::string& from,
                     const std::string& to, std::int64_t most) {
  std::string out;
  std::size_t at = 0;
  for (std::int64_t count = 0; most < 0 || count < most; ++count) {
    const std::size_t found = from.empty() ? at : text.find(from, at);
    if (found == std::string::npos || (from.empty() && at > text.size())) break;
    const std::size_t made = out.size();
    out.append(text, at, found - at);
    out += to;
    if (from.empty()) {
      if (at < text.size()) out += text[at];
      ++at;
    } else {
      at = found + from.size();
    }
    r.spend(out.size() - made);
  }
  if (at < text.size()) out.append(text, at);
  r.spend(text.size());
  return out;
}

// Python's "{}".format: fields by position or name, without format specifications but for numbers
// of decimals.
Value format_braces(Renderer& r, const std::string& text, Arguments& a) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
      out += c;
      ++i;
    } else if (c == '{') {
      const std::size_t end = text.find('}', i);
      if (end == std::string::npos) r.fail("format: expected '}', found the end");
      const std::string field = text.substr(i + 1, end - i - 1);
      const Value* value = nullptr;
      if (field.empty())
        value = a.find(next++, "");
      else if (std::isdigit(static_cast<unsigned char>(field[0])))
        value = a.find(static_cast<std::size_t>(std::atoi(field.c_str())), "");
      else
        value = a.find(SIZE_MAX, field);
      if (!value) r.fail("format: expected a value for '{" + printable(field) + "}'");
      out += value->text();
      i = end;
    } else {
      out += c;
    }
  }
  r.spend(out.size());
  return out;
}

// Python's % on strings: %s, %r, %d, %i, %f, %x with widths and precisions.
std::string format_percent(Renderer& r, const std::string& text, const Arguments& a) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    std::string flags = "%";
    for (++i; i < text.size() && std::strchr("-+ 0#.123456789", text[i]); ++i) flags += text[i];
    if (i >= text.size() || flags.size() > 8) r.fail("format: expected a conversion after '%'");
    if (text[i] == '%') {
      out += '%';
      continue;
    }
    const Value* value = a.find(next++, "");
    if (!value) r.fail("format: expected more values");
    char buffer[512];
    switch (text[i]) {
    case 's':
    case 'r': {
      const std::string shown = text[i] == 's' ? value->text() : value->repr();
      if (flags == "%") {
        out += shown;
      } else {
        std::snprintf(buffer, sizeof buffer, (flags + "s").c_str(), shown.c_str());
        out += buffer;
      }
      break;
    }
    case 'd':
    case 'i':
    case 'x':
    case 'X':
      if (!value->is_number())
        r.fail(std::string("format: expected a number, found ") + value->type());
      std::snprintf(buffer, sizeof buffer, (flags + "ll" + text[i]).c_str(),
                    static_cast<long long>(value->is_real()
                                               ? static_cast<std::int64_t>(value->real())
                                               : value->integer()));
      out += buffer;
      break;
    case 'f':
    case 'e':
    case 'g':
      if (!value->is_number())
        r.fail(std::string("format: expected a number, found ") + value->type());
      std::snprintf(buffer, sizeof buffer, (flags + text[i]).c_str(), value->real());
      out += buffer;
      break;
    default:
      r.fail(std::string("format: expected a conversion that exists, found '%") + text[i] + "'");
    }
    r.spend(16);
  }
  r.spend(out.size());
  return out;
}

// ---- methods

using Method = Value (*)(Renderer&, const Value&, Arguments&);

template <bool Left, bool Right>
Value strip_method(Renderer&, const Value& v, Arguments& a) {
  return Value(strip(v.string(), a.get(0, "chars", {}), Left, Right));
}
template <bool End>
Value affix_method(Renderer& r, const Value& v, Arguments& a) {
  const Value* given = a.find(0, "prefix");
  if (!given) r.fail("startswith: expected a string");
  const auto fits = [&](const Value& affix) {
    if (!affix.is_string())
      r.fail(std::string("startswith: expected a string, found ") + affix.type());
    return End ? v.string().ends_with(affix.string()) : v.string().starts_with(affix.string());
  };
  if (given->is_list()) return std::ranges::any_of(given->list(), fits);
  return fits(*given);
}
template <bool Last>
Value find_method(Renderer& r, const Value& v, Arguments& a) {
  const std::string& part = text_argument(r, a, 0, "sub", "find");
  const std::size_t at = Last ? v.string().rfind(part) : v.string().find(part);
  if (at == std::string::npos) return -1;
  return static_cast<std::int64_t>(length_of(std::string_view(v.string()).substr(0, at)));
}
template <int (*Is)(int)>
Value is_method(Renderer&, const Value& v, Arguments&) {
  return !v.string().empty() &&
         std::ranges::all_of(v.string(), [](unsigned char c) { return c >= 0x80 || Is(c); });
}

const std::map<std::string, Method, std::less<>> string_methods = {
    {"strip", strip_method<true, true>},
    {"lstrip", strip_method<true, false>},
    {"rstrip", strip_method<false, true>},
    {"startswith", affix_method<false>},
    {"endswith", affix_method<true>},
    {"find", find_method<false>},
    {"rfind", find_method<true>},
    {"isdigit", is_method<std::isdigit>},
    {"isnumeric", is_method<std::isdigit>},
    {"isalpha", is_method<std::isalpha>},
    {"isalnum", is_method<std::isalnum>},
    {"isspace", is_method<std::isspace>},
    {"isupper",
     [](Renderer&, const Value& v, Arguments&) -> Value {
       return std::ranges::any_of(v.string(), [](unsigned char c) { return std::isupper(c); }) &&
              std::ranges::none_of(v.string(), [](unsigned char c) { return std::islower(c); });
     }},
    {"islower",
     [](Renderer&, const Value& v, Arguments&) -> Value {
       return std::ranges::any_of(v.string(), [](unsigned char c) { return std::islower(c); }) &&
              std::ranges::none_of(v.string(), [](unsigned char c) { return std::isupper(c); });
     }},
    {"upper",
     [](Renderer&, const Value& v, Arguments&) -> Value {
       return mapped(v.string(), std::toupper);
     }},
    {"lower",
     [](Renderer&, const Value& v, Arguments&) -> Value {
       return mapped(v.string(), std::tolower);
     }},
    {"title", [](Renderer&, const Value& v, Arguments&) -> Value { return title(v.string()); }},
    {"capitalize",
     [](Renderer&, const Value& v, Arguments&) -> Value { return capitalized(v.string()); }},
    {"split",
     [](Renderer& r, const Value& v, Arguments& a) { return split(r, v.string(), a, false); }},
    {"rsplit",
     [](Renderer& r, const Value& v, Arguments& a) { return split(r, v.string(), a, true); }},
    {"splitlines",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       List lines;
       for (std::size_t at = 0; at < v.string().size();) {
         const std::size_t end = std::min(v.string().find('\n', at), v.string().size());
         lines.items.emplace_back(v.string().substr(at, end - at));
         at = end + 1;
       }
       r.spend(v.string().size());
       return lines;
     }},
    {"replace",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       return replaced(r, v.string(), text_argument(r, a, 0, "old", "replace"),
                       text_argument(r, a, 1, "new", "replace"),
                       integer_argument(r, a, 2, "count", -1, "replace"));
     }},
    {"count",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       const std::string& part = text_argument(r, a, 0, "sub", "count");
       if (part.empty()) return static_cast<std::int64_t>(length_of(v.string())) + 1;
       std::int64_t count = 0;
       for (std::size_t at = 0; (at = v.string().find(part, at)) != std::string::npos;
            at += part.size())
         ++count;
       return count;
     }},
    {"join",
     [](Renderer& r, const Value& v, Arguments& a) {
       Arguments separator;
       separator.positional.push_back(v);
       if (a.positional.empty()) r.fail("join: expected a list");
       return r.filter("join", a.positional[0], separator);
     }},
    {"format",
     [](Renderer& r, const Value& v, Arguments& a) { return format_braces(r, v.string(), a); }},
    {"removeprefix",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       const std::string& affix = text_argument(r, a, 0, "prefix", "removeprefix");
       return v.string().starts_with(affix) ? v.string().substr(affix.size()) : v.string();
     }},
    {"removesuffix",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       const std::string& affix = text_argument(r, a, 0, "suffix", "removesuffix");
       return v.string().ends_with(affix) ? v.string().substr(0, v.string().size() - affix.size())
                                          : v.string();
     }},
};

List pairs_of(Renderer& r, const Value& v) {
  List pairs;
  for (const auto& [key, value] : v.dict().items)
    pairs.items.emplace_back(List{{key, value}, true});
  r.spend(pairs.items.size() * 3 * sizeof(Value));
  return pairs;
}

const std::map<std::string, Method, std::less<>> dict_methods = {
    {"items", [](Renderer& r, const Value& v, Arguments&) -> Value { return pairs_of(r, v); }},
    {"keys", [](Renderer& r, const Value& v, Arguments&) -> Value { return List{r.elements(v)}; }},
    {"values",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       List values;
       for (const auto& [key, value] : v.dict().items) values.items.push_back(value);
       r.spend(values.items.size() * sizeof(Value));
       return values;
     }},
    {"get",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       const Value* key = a.find(0, "key");
       if (!key) r.fail("get: expected a key");
       const Value* found = v.dict().find(*key);
       return found ? *found : a.get(1, "default", {});
     }},
    {"copy",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       r.spend(v.dict().items.size() * 100);
       return Dict(v.dict());
     }},
};

const std::map<std::string, Method, std::less<>> list_methods = {
    {"count",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       if (a.positional.empty()) r.fail("count: expected a value");
       return static_cast<std::int64_t>(std::ranges::count_if(
           v.list(), [&](const Value& each) { return equal(each, a.positional[0]); }));
     }},
    {"index",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       if (a.positional.empty()) r.fail("index: expected a value");
       for (std::size_t i = 0; i < v.list().size(); ++i)
         if (equal(v.list()[i], a.positional[0])) return static_cast<std::int64_t>(i);
       r.fail("index: expected a value that the list has");
     }},
};

// ---- filters

// Attribute "a.b.0" of a value.
Value path(Renderer& r, Value value, const Value& name) {
  if (name.is_whole()) return r.item(value, name);
  std::string_view rest = name.string();
  for (;;) {
    const std::size_t dot = rest.find('.');
    const std::string part(rest.substr(0, dot));
    const bool number =
        !part.empty() && std::ranges::all_of(part, [](unsigned char c) { return std::isdigit(c); });
    value = number ? r.item(value, static_cast<std::int64_t>(std::atoll(part.c_str())))
                   : r.item(value, part);
    if (dot == std::string_view::npos) return value;
    rest.remove_prefix(dot + 1);
  }
}

// select and the like: the elements for which a test holds, of themselves or of an attribute.
Value selected(Renderer& r, const Value& v, Arguments& a, bool attribute, bool wanted) {
  List kept;
  kept.generator = true;
  if (!v.truth()) return kept;
  Arguments rest;
  const std::size_t first = attribute ? 1 : 0;
  if (attribute && a.positional.empty()) r.fail("selectattr: expected an attribute");
  std::string test;
  if (a.positional.size() > first) {
    if (!a.positional[first].is_string()) r.fail("select: expected the name of a test");
    test = a.positional[first].string();
    rest.positional.assign(a.positional.begin() + static_cast<std::ptrdiff_t>(first) + 1,
                           a.positional.end());
  }
  for (const Value& each : r.elements(v)) {
    const Value subject = attribute ? path(r, each, a.positional[0]) : each;
    const bool holds = test.empty() ? subject.truth() : r.test(test, subject, rest);
    if (holds == wanted) kept.items.push_back(each);
  }
  return kept;
}

// A key for sorting: strings without regard to case unless asked otherwise.
Value sort_key(Renderer& r, const Value& v, const Arguments& a, std::size_t attribute_at,
               bool sensitive) {
  Value key = v;
  if (const Value* attribute = a.find(attribute_at, "attribute");
      attribute && !attribute->is_none())
    key = path(r, v, *attribute);
  if (!sensitive && key.is_string()) return mapped(key.string(), std::tolower);
  return key;
}

Value sorted(Renderer& r, const Value& v, Arguments& a) {
  auto all = r.elements(v);
  const bool reverse = a.get(0, "reverse", false).truth(),
             sensitive = a.get(1, "case_sensitive", false).truth();
  std::vector<std::pair<Value, Value>> keyed;
  for (Value& each : all) keyed.emplace_back(sort_key(r, each, a, 2, sensitive), each);
  std::ranges::stable_sort(keyed, [&](const auto& x, const auto& y) {
    return reverse ? less(y.first, x.first) : less(x.first, y.first);
  });
  List out;
  for (auto& [key, each] : keyed) out.items.push_back(each);
  return out;
}

Value escaped_filter(Renderer& r, const Value& v, Arguments&) {
  if (v.is_safe()) return v;
  std::string out = escaped(v.text());
  r.spend(out.size());
  return {std::move(out), true};
}

Value number_of(Renderer& r, const Value& v, const Value& otherwise, bool whole) {
  (void)r;
  if (v.is_number()) {
    if (!whole) return v.real();
    if (v.is_whole()) return v.integer();
    return std::abs(v.real()) < 9e18 ? Value(static_cast<std::int64_t>(v.real())) : otherwise;
  }
  if (!v.is_string()) return otherwise;
  const std::string_view text = strip(v.string(), {}, true, true);
  double real = 0;
  std::int64_t integer = 0;
  const char* const end = text.data() + text.size();
  if (whole)
    if (const auto parsed = std::from_chars(text.data(), end, integer);
        parsed.ec == std::errc() && parsed.ptr == end)
      return integer;
  const auto parsed = std::from_chars(text.data(), end, real);
  if (parsed.ec != std::errc() || parsed.ptr != end) return otherwise;
  if (!whole) return real;
  return std::abs(real) < 9e18 ? Value(static_cast<std::int64_t>(real)) : otherwise;
}

Value to_json_filter(Renderer& r, const Value& v, Arguments& a) {
  JsonStyle style;
  style.indent = static_cast<int>(
      std::clamp<std::int64_t>(integer_argument(r, a, 0, "indent", -1, "tojson"), -1, 64));
  style.sort_keys = a.get(SIZE_MAX, "sort_keys", false).truth();
  style.ascii = a.get(SIZE_MAX, "ensure_ascii", false).truth();
  if (const Value* separators = a.find(SIZE_MAX, "separators");
      separators && separators->is_list() && separators->list().size() == 2) {
    style.item_separator = separators->list()[0].text();
    style.key_separator = separators->list()[1].text();
  }
  std::string text = to_json(v, style);
  r.spend(text.size());
  return text;
}

Value indented(Renderer& r, const Value& v, Arguments& a) {
  const Value width = a.get(0, "width", 4);
  const std::string indent =
      width.is_string() ? width.string()
                        : std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(
                                          width.is_whole() ? width.integer() : 4, 0, 1000)),
                                      ' ');
  const bool first = a.get(1, "first", false).truth(), blank = a.get(2, "blank", false).truth();
  const std::string text = v.text();
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find('\n', at);
    const std::string_view line(text.data() + at,
                                (end == std::string::npos ? text.size() : end) - at);
    if ((at > 0 || first) && (blank || !line.empty())) out += indent;
    out += line;
    r.spend(line.size() + indent.size());
    if (end == std::string::npos) break;
    out += '\n';
    at = end + 1;
  }
  return out;
}

Value rounded(Renderer& r, const Value& v, Arguments& a) {
  if (!v.is_number()) r.fail(std::string("round: expected a number, found ") + v.type());
  const double power =
      std::pow(10.0, static_cast<double>(std::clamp<std::int64_t>(
                         integer_argument(r, a, 0, "precision", 0, "round"), -20, 20)));
  const std::string method = a.get(1, "method", "common").text();
  const double x = v.real() * power;
  return (method == "ceil"    ? std::ceil(x)
          : method == "floor" ? std::floor(x)
                              : std::nearbyint(x)) /
         power;
}

Value extreme(Renderer& r, const Value& v, Arguments& a, bool largest) {
  const auto all = r.elements(v);
  if (all.empty()) return Undefined{"the largest of nothing"};
  const Value* best = &all[0];
  for (const Value& each : all) {
    const Value x = sort_key(r, each, a, 1, a.get(0, "case_sensitive", false).truth());
    const Value y = sort_key(r, *best, a, 1, a.get(0, "case_sensitive", false).truth());
    if (largest ? less(y, x) : less(x, y)) best = &each;
  }
  return *best;
}

Value mapped_filter(Renderer& r, const Value& v, Arguments& a) {
  List out;
  out.generator = true;
  if (!v.truth()) return out;
  if (const Value* attribute = a.find(SIZE_MAX, "attribute")) {
    const Value* otherwise = a.find(SIZE_MAX, "default");
    for (const Value& each : r.elements(v)) {
      Value found = path(r, each, *attribute);
      out.items.push_back(found.is_undefined() && otherwise ? *otherwise : found);
    }
    return out;
  }
  if (a.positional.empty() || !a.positional[0].is_string())
    r.fail("map: expected the name of a filter");
  Arguments rest;
  rest.positional.assign(a.positional.begin() + 1, a.positional.end());
  rest.named = a.named;
  for (const Value& each : r.elements(v))
    out.items.push_back(r.filter(a.positional[0].string(), each, rest));
  return out;
}

Value joined(Renderer& r, const Value& v, Arguments& a) {
  const std::string separator = a.get(0, "d", "").text();
  std::string out;
  bool first = true;
  for (const Value& each : r.elements(v)) {
    const Value* attribute = a.find(1, "attribute");
    const std::string part = (attribute ? path(r, each, *attribute) : each).text();
    if (!first) out += separator;
    first = false;
    out += part;
    r.spend(part.size() + separator.size());
  }
  return out;
}

Value dict_sorted(Renderer& r, const Value& v, Arguments& a) {
  if (!v.is_dict()) r.fail(std::string("dictsort: expected a mapping, found ") + v.type());
  const bool sensitive = a.get(0, "case_sensitive", false).truth(),
             reverse = a.get(2, "reverse", false).truth();
  const std::size_t by = a.get(1, "by", "key").text() == "value";
  List pairs = pairs_of(r, v);
  const auto key = [&](const Value& pair) {
    const Value& part = pair.list()[by];
    return !sensitive && part.is_string() ? Value(mapped(part.string(), std::tolower)) : part;
  };
  std::ranges::stable_sort(pairs.items, [&](const Value& x, const Value& y) {
    return reverse ? less(key(y), key(x)) : less(key(x), key(y));
  });
  return pairs;
}

Value length_filter(Renderer& r, const Value& v, Arguments&) {
  if (v.is_string()) return static_cast<std::int64_t>(length_of(v.string()));
  if (v.is_list() && !v.is_generator()) return static_cast<std::int64_t>(v.list().size());
  if (v.is_dict()) return static_cast<std::int64_t>(v.dict().items.size());
  if (v.is_undefined()) return 0;
  r.fail(std::string("length: expected something with a length, found ") + v.type());
}

Value unique(Renderer& r, const Value& v, Arguments& a) {
  List out;
  out.generator = true;
  Dict seen;
  for (const Value& each : r.elements(v)) {
    const Value key = sort_key(r, each, a, 1, a.get(0, "case_sensitive", false).truth());
    if (seen.find(key)) continue;
    seen.set(key, true);
    out.items.push_back(each);
  }
  return out;
}

Value batched(Renderer& r, const Value& v, Arguments& a) {
  const std::int64_t size = integer_argument(r, a, 0, "linecount", 0, "batch");
  if (size < 1) r.fail("batch: expected a size of at least 1");
  List out, row;
  for (const Value& each : r.elements(v)) {
    row.items.push_back(each);
    if (static_cast<std::int64_t>(row.items.size()) == size)
      out.items.emplace_back(std::exchange(row, {}));
  }
  if (!row.items.empty()) out.items.emplace_back(row);
  return out;
}

Value grouped(Renderer& r, const Value& v, Arguments& a) {
  const Value* attribute = a.find(0, "attribute");
  if (!attribute) r.fail("groupby: expected an attribute");
  Arguments by;
  by.named.emplace_back("attribute", *attribute);
  const Value in_order = sorted(r, v, by);
  List out;
  Value key;
  for (const Value& each : in_order.list()) {
    const Value own = path(r, each, *attribute);
    if (out.items.empty() || !equal(own, key)) {
      key = own;
      out.items.emplace_back(List{{own, List{}}, true});
    }
    List members{out.items.back().list()[1].list()};
    members.items.push_back(each);
    out.items.back() = List{{key, members}, true};
    r.spend(members.items.size() * sizeof(Value));
  }
  return out;
}

const std::map<std::string, Call, std::less<>> filters = {
    {"tojson", to_json_filter},
    {"length", length_filter},
    {"count", length_filter},
    {"trim",
     [](Renderer&, const Value& v, Arguments& a) -> Value {
       return Value(strip(v.text(), a.get(0, "chars", {}), true, true));
     }},
    {"default", nullptr},  // see Renderer::filter
    {"d", nullptr},
    {"string",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       std::string text = v.text();
       r.spend(text.size());
       return text;
     }},
    {"safe",
     [](Renderer&, const Value& v, Arguments&) -> Value {
       return {v.text(), true};
     }},
    {"join", joined},
    {"items",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       if (v.is_undefined()) return List{};
       if (!v.is_dict()) r.fail(std::string("items: expected a mapping, found ") + v.type());
       return pairs_of(r, v);
     }},
    {"list", [](Renderer& r, const Value& v, Arguments&) -> Value { return List{r.elements(v)}; }},
    {"upper",
     [](Renderer&, const Value& v, Arguments&) -> Value { return mapped(v.text(), std::toupper); }},
    {"lower",
     [](Renderer&, const Value& v, Arguments&) -> Value { return mapped(v.text(), std::tolower); }},
    {"title", [](Renderer&, const Value& v, Arguments&) -> Value { return title(v.text()); }},
    {"capitalize",
     [](Renderer&, const Value& v, Arguments&) -> Value { return capitalized(v.text()); }},
    {"replace",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       return replaced(r, v.text(), a.get(0, "old", {}).text(), a.get(1, "new", {}).text(),
                       integer_argument(r, a, 2, "count", -1, "replace"));
     }},
    {"select",
     [](Renderer& r, const Value& v, Arguments& a) { return selected(r, v, a, false, true); }},
    {"reject",
     [](Renderer& r, const Value& v, Arguments& a) { return selected(r, v, a, false, false); }},
    {"selectattr",
     [](Renderer& r, const Value& v, Arguments& a) { return selected(r, v, a, true, true); }},
    {"rejectattr",
     [](Renderer& r, const Value& v, Arguments& a) { return selected(r, v, a, true, false); }},
    {"map", mapped_filter},
    {"dictsort", dict_sorted},
    {"sort", sorted},
    {"unique", unique},
    {"first",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       const auto all = r.elements(v);
       return all.empty() ? Value(Undefined{"the first of nothing"}) : all.front();
     }},
    {"last",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       const auto all = r.elements(v);
       return all.empty() ? Value(Undefined{"the last of nothing"}) : all.back();
     }},
    {"reverse",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       auto all = r.elements(v);
       std::ranges::reverse(all);
       if (!v.is_string()) return List{all};
       std::string text;
       for (const Value& each : all) text += each.string();
       return text;
     }},
    {"max", [](Renderer& r, const Value& v, Arguments& a) { return extreme(r, v, a, true); }},
    {"min", [](Renderer& r, const Value& v, Arguments& a) { return extreme(r, v, a, false); }},
    {"sum",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       double sum = 0;
       std::int64_t whole = 0;
       bool integers = true;
       for (const Value& each : r.elements(v)) {
         const Value* attribute = a.find(0, "attribute");
         const Value x = attribute && !attribute->is_none() ? path(r, each, *attribute) : each;
         if (!x.is_number()) r.fail(std::string("sum: expected numbers, found ") + x.type());
         integers = integers && x.is_whole() && !__builtin_add_overflow(whole, x.integer(), &whole);
         sum += x.real();
       }
       return integers ? Value(whole) : Value(sum);
     }},
    {"abs",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       if (v.is_real()) return std::abs(v.real());
       if (!v.is_whole() || v.integer() == INT64_MIN)
         r.fail(std::string("abs: expected a number, found ") + v.type());
       return std::abs(v.integer());
     }},
    {"int", [](Renderer& r, const Value& v,
               Arguments& a) { return number_of(r, v, a.get(0, "default", 0), true); }},
    {"float", [](Renderer& r, const Value& v,
                 Arguments& a) { return number_of(r, v, a.get(0, "default", 0.0), false); }},
    {"round", rounded},
    {"indent", indented},
    {"escape", escaped_filter},
    {"e", escaped_filter},
    {"forceescape", escaped_filter},
    {"format",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       return format_percent(r, v.text(), a);
     }},
    {"batch", batched},
    {"groupby", grouped},
    {"attr",
     [](Renderer& r, const Value& v, Arguments& a) -> Value {
       return r.attribute(v, text_argument(r, a, 0, "name", "attr"));
     }},
    {"wordcount",
     [](Renderer& r, const Value& v, Arguments&) -> Value {
       return static_cast<std::int64_t>(split(r, v.text(), {}, false).list().size());
     }},
    {"pprint", [](Renderer&, const Value& v, Arguments&) -> Value { return v.repr(); }},
};

// ---- tests

using Test = bool (*)(Renderer&, const Value&, Arguments&);

const Value& operand(Renderer& r, Arguments& a) {
  if (a.positional.empty()) r.fail("test: expected a value to compare with");
  return a.positional[0];
}

const std::map<std::string, Test, std::less<>> tests = {
    {"defined", [](Renderer&, const Value& v, Arguments&) { return !v.is_undefined(); }},
    {"undefined", [](Renderer&, const Value& v, Arguments&) { return v.is_undefined(); }},
    {"none", [](Renderer&, const Value& v, Arguments&) { return v.is_none(); }},
    {"string", [](Renderer&, const Value& v, Arguments&) { return v.is_string(); }},
    {"mapping",
     [](Renderer&, const Value& v, Arguments&) { return v.is_dict() && !v.dict().is_namespace; }},
    {"sequence", [](Renderer&, const Value& v,
                    Arguments&) { return v.is_list() || v.is_string() || v.is_dict(); }},
    {"iterable",
     [](Renderer&, const Value& v, Arguments&) {
       return v.is_list() || v.is_string() || v.is_dict() || v.is_undefined();
     }},
    {"boolean", [](Renderer&, const Value& v, Arguments&) { return v.is_bool(); }},
    {"true", [](Renderer&, const Value& v, Arguments&) { return v.is_bool() && v.truth(); }},
    {"false", [](Renderer&, const Value& v, Arguments&) { return v.is_bool() && !v.truth(); }},
    {"integer", [](Renderer&, const Value& v, Arguments&) { return v.is_integer(); }},
    {"float", [](Renderer&, const Value& v, Arguments&) { return v.is_real(); }},
    {"number", [](Renderer&, const Value& v, Arguments&) { return v.is_number(); }},
    {"callable", [](Renderer&, const Value& v, Arguments&) { return v.is_function(); }},
    {"odd",
     [](Renderer&, const Value& v, Arguments&) { return v.is_whole() && v.integer() % 2 != 0; }},
    {"even",
     [](Renderer&, const Value& v, Arguments&) { return v.is_whole() && v.integer() % 2 == 0; }},
    {"divisibleby",
     [](Renderer& r, const Value& v, Arguments& a) {
       const Value& by = operand(r, a);
       if (!v.is_whole() || !by.is_whole() || by.integer() == 0)
         r.fail("divisibleby: expected integers");
       return by.integer() == -1 || v.integer() % by.integer() == 0;
     }},
    {"upper",
     [](Renderer&, const Value& v, Arguments&) {
       return v.is_string() && mapped(v.string(), std::toupper) == v.string();
     }},
    {"lower",
     [](Renderer&, const Value& v, Arguments&) {
       return v.is_string() && mapped(v.string(), std::tolower) == v.string();
     }},
    {"in",
     [](Renderer& r, const Value& v, Arguments& a) {
       const Value& all = operand(r, a);
       if (all.is_string())
         return v.is_string() && all.string().find(v.string()) != std::string::npos;
       if (all.is_dict()) return all.dict().find(v) != nullptr;
       return std::ranges::any_of(r.elements(all),
                                  [&](const Value& each) { return equal(v, each); });
     }},
    {"eq", [](Renderer& r, const Value& v, Arguments& a) { return equal(v, operand(r, a)); }},
    {"ne", [](Renderer& r, const Value& v, Arguments& a) { return !equal(v, operand(r, a)); }},
    {"lt", [](Renderer& r, const Value& v, Arguments& a) { return less(v, operand(r, a)); }},
    {"gt", [](Renderer& r, const Value& v, Arguments& a) { return less(operand(r, a), v); }},
    {"le", [](Renderer& r, const Value& v, Arguments& a) { return !less(operand(r, a), v); }},
    {"ge", [](Renderer& r, const Value& v, Arguments& a) { return !less(v, operand(r, a)); }},
    {"sameas",
     [](Renderer& r, const Value& v, Arguments& a) {
       const Value& other = operand(r, a);
       return std::string_view(v.type()) == other.type() && equal(v, other);
     }},
    {"escaped", [](Renderer&, const Value& v, Arguments&) { return v.is_safe(); }},
    {"filter", [](Renderer&, const Value& v,
                  Arguments&) { return v.is_string() && filters.contains(v.string()); }},
};

const std::map<std::string_view, std::string_view> other_names = {
    {"equalto", "eq"},     {"==", "eq"}, {"!=", "ne"}, {"lessthan", "lt"}, {"<", "lt"},
    {"greaterthan", "gt"}, {">", "gt"},  {"<=", "le"}, {">=", "ge"}};

// ---- globals

Value range(Renderer& r, Arguments& a) {
  std::int64_t bounds[3] = {0, 0, 1};
  if (a.positional.empty() || a.positional.size() > 3) r.fail("range: expected 1 to 3 numbers");
  for (std::size_t i = 0; i < a.positional.size(); ++i) {
    if (!a.positional[i].is_whole())
      r.fail(std::string("range: expected integers, found ") + a.positional[i].type());
    bounds[a.positional.size() == 1 ? 1 : i] = a.positional[i].integer();
  }
  const auto [first, last, step] = bounds;
  if (step == 0) r.fail("range: expected a step that is not 0");
  constexpr std::int64_t most = 100'000;  // Jinja's own limit of its sandbox
  List list;
  for (std::int64_t i = first; step > 0 ? i < last : i > last;) {
    if (std::ssize(list.items) == most) r.fail("range: expected at most 100000 numbers");
    list.items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  r.spend(list.items.size() * sizeof(Value));
  return list;
}

Value strftime_now(Renderer& r, Arguments& a) {
  const std::string& format = text_argument(r, a, 0, "format", "strftime_now");
  const Now& now = r.now();
  std::tm time{};
  time.tm_year = now.year - 1900;
  time.tm_mon = now.month - 1;
  time.tm_mday = now.day;
  time.tm_hour = now.hour;
  time.tm_min = now.minute;
  time.tm_sec = now.second;
  time.tm_isdst = -1;
  timegm(&time);  // fills in the days of week and year
  if (format.size() > 1000) r.fail("strftime_now: expected a format of at most 1000 bytes");
  char text[8192];
  return std::string(text, std::strftime(text, sizeof text, format.c_str(), &time));
}

}  // namespace

const std::map<std::string, Value, std::less<>>& globals() {
  static const std::map<std::string, Value, std::less<>> all = {
      {"range", Function{"range", range}},
      {"dict", Function{"dict",
                        [](Renderer& r, Arguments& a) -> Value {
                          Dict dict;
                          for (const Value& each : a.positional)
                            if (each.is_dict())
                              for (const auto& [key, value] : each.dict().items)
                                dict.set(key, value);
                          for (const auto& [key, value] : a.named) dict.set(key, value);
                          r.spend(dict.items.size() * 100);
                          return dict;
                        }}},
      {"namespace", Function{"namespace",
                             [](Renderer& r, Arguments& a) -> Value {
                               Dict space;
                               for (const Value& each : a.positional)
                                 if (each.is_dict())
                                   for (const auto& [key, value] : each.dict().items)
                                     space.set(key, value);
                               for (const auto& [key, value] : a.named) space.set(key, value);
                               space.is_namespace = true;
                               r.spend(space.items.size() * 100);
                               return space;
                             }}},
      {"raise_exception", Function{"raise_exception",
                                   [](Renderer&, Arguments& a) -> Value {
                                     throw Raised(a.get(0, "message", "").text());
                                   }}},
      {"strftime_now", Function{"strftime_now", strftime_now}},
  };
  return all;
}

Value method(const Value& object, const std::string& name) {
  const auto* methods = object.is_string() ? &string_methods
                        : object.is_dict() ? &dict_methods
                        : object.is_list() ? &list_methods
                                           : nullptr;
  if (!methods) return Undefined{name};
  const auto found = methods->find(name);
  if (found == methods->end()) return Undefined{name};
  return Function{name, [object, call = found->second](Renderer& r, Arguments& a) {
                    r.spend(object.is_string() ? object.string().size() : 0);
                    return call(r, object, a);
                  }};
}

Value Renderer::filter(const std::string& name, const Value& value, Arguments& given) {
  if (name == "default" || name == "d") {
    const bool empty =
        value.is_undefined() || (given.get(1, "boolean", false).truth() && !value.truth());
    return empty ? given.get(0, "default_value", "") : value;
  }
  const auto found = filters.find(name);
  if (found == filters.end())
    fail("expected a filter that exists, found '" + printable(name) + "'");
  if (value.is_string()) spend(value.string().size());
  return found->second(*this, value, given);
}

bool Renderer::test(const std::string& name, const Value& value, Arguments& given) {
  const auto other = other_names.find(name);
  const auto found = tests.find(other == other_names.end() ? name : std::string(other->second));
  if (found == tests.end()) fail("expected a test that exists, found '" + printable(name) + "'");
  return found->second(*this, value, given);
}

}  // namespace quipu::jinja
