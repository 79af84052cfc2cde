// Methods of str (Python 3.11, "String Methods").
#include <algorithm>
#include <optional>

#include "text/jinja/builtins.h"
#include "text/jinja/text_tools.h"
#include "text/jinja/unicode.h"

namespace quipu::jinja {
namespace {

constexpr std::int64_t widest = 1'000'000;

template <Side side>
Value strip(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("strip", a, {""});
  const std::string* which = given.lacks(0) ? nullptr : &given.string(0);
  if (which) r.meter.step(v.string().size() * which->size() / 64);
  return made(r, std::string(stripped(v.string(), which, side)), v.is_safe());
}

template <std::string (*change)(std::string_view)>
Value changed(Renderer& r, const Value& v, const Arguments& a) {
  Given("this method of a string", a, {});
  return made(r, change(v.string()), v.is_safe());
}

template <bool from_right>
Value split_method(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("split", a, {"sep", "maxsplit"});
  return split(v.string(), given.lacks(0) ? nullptr : &given.string(0), given.integer(1, -1),
               from_right, r.meter);
}

// The part of a text that start and end name, and how many bytes are before it.
struct Part {
  std::string_view text;
  std::size_t before = 0;
  bool exists = true;  ///< false when it would begin behind the end
};

Part part_named(Renderer& r, const Value& v, const Given& given, std::size_t first) {
  const std::string_view text = v.string();
  if (!given[first] && !given[first + 1]) return {text};
  r.meter.read(4 * text.size());
  const auto length = static_cast<std::int64_t>(length_of(text));
  const auto limited = [&](std::size_t i, std::int64_t otherwise) {
    std::int64_t at = given.lacks(i) ? otherwise : given.integer(i, otherwise);
    if (at < 0) at = std::max<std::int64_t>(0, at + std::min(length, INT64_MAX + at));
    return at;
  };
  const std::int64_t from = limited(first, 0), to = std::min(limited(first + 1, length), length);
  if (from > length) return {{}, 0, false};
  const std::string_view part =
      part_of(text, static_cast<std::size_t>(from), static_cast<std::size_t>(std::max(from, to)));
  return {part, static_cast<std::size_t>(part.data() - text.data()), from <= to};
}

template <bool at_end>
Value has_affix(Renderer& r, const Value& v, const Arguments& a) {
  const char* const function = at_end ? "endswith" : "startswith";
  const Given given(function, a, {"", "", ""}, 1);
  const Part part = part_named(r, v, given, 1);
  const auto fits = [&](const Value& affix) {
    if (!affix.is_string())
      fail(std::string(function) + ": expected a string, found " + affix.type());
    r.meter.read(affix.string().size());
    return part.exists &&
           (at_end ? part.text.ends_with(affix.string()) : part.text.starts_with(affix.string()));
  };
  return given[0]->is_tuple() ? std::ranges::any_of(given[0]->list(), fits) : fits(*given[0]);
}

template <bool last, bool must>
Value find(Renderer& r, const Value& v, const Arguments& a) {
  const Given given(must ? "index" : "find", a, {"", "", ""}, 1);
  const std::string& wanted = given.string(0);
  const Part part = part_named(r, v, given, 1);
  const std::size_t at = !part.exists ? std::string::npos
                         : last       ? find_last_text(part.text, wanted, part.text.size(), r.meter)
                                      : find_text(part.text, wanted, 0, r.meter);
  if (at != std::string::npos)
    return static_cast<std::int64_t>(
        length_of(std::string_view(v.string()).substr(0, part.before + at)));
  if (must) fail("index: expected a string that is there");
  return -1;
}

Value count(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("count", a, {"", "", ""}, 1);
  const std::string& wanted = given.string(0);
  const Part part = part_named(r, v, given, 1);
  if (!part.exists) return 0;
  if (wanted.empty()) return static_cast<std::int64_t>(length_of(part.text)) + 1;
  std::int64_t count = 0;
  for (std::size_t at = 0; (at = find_text(part.text, wanted, at, r.meter)) != std::string::npos;
       at += wanted.size())
    ++count;
  return count;
}

template <bool last>
Value partition(Renderer& r, const Value& v, const Arguments& a) {
  const std::string& mark = Given("partition", a, {""}, 1).string(0);
  if (mark.empty()) fail("partition: expected a separator, found an empty string");
  const std::string_view text = v.string();
  const std::size_t at =
      last ? find_last_text(text, mark, text.size(), r.meter) : find_text(text, mark, 0, r.meter);
  List parts;
  parts.kind = List::Kind::tuple;
  r.meter.make(text.size());
  if (at == std::string_view::npos)
    parts.items = last ? std::vector<Value>{"", "", text} : std::vector<Value>{text, "", ""};
  else
    parts.items = {text.substr(0, at), mark, text.substr(at + mark.size())};
  return parts;
}

template <bool (*is)(std::int32_t)>
Value all_are(Renderer&, const Value& v, const Arguments& a) {
  Given("this method of a string", a, {});
  std::string_view text = v.string();
  if (text.empty()) return false;
  while (!text.empty())
    if (!is(number_of_point(take_point(text)))) return false;
  return true;
}

bool is_letter_or_number(std::int32_t c) {
  return is_letter(c) || is_decimal(c) || is_digit(c) || is_numeric(c);
}

// Some letter is of one case, and none of another.
template <bool (*is)(std::int32_t), bool (*is_other)(std::int32_t)>
Value has_case(Renderer&, const Value& v, const Arguments&) {
  bool found = false;
  for (std::string_view text = v.string(); !text.empty();) {
    const std::int32_t c = number_of_point(take_point(text));
    if (is_other(c) || is_title(c)) return false;
    found |= is(c);
  }
  return found;
}

Value is_title_text(Renderer&, const Value& v, const Arguments&) {
  bool found = false, inside = false;
  for (std::string_view text = v.string(); !text.empty();) {
    const std::int32_t c = number_of_point(take_point(text));
    const bool big = is_upper(c) || is_title(c), small = is_lower(c);
    if ((big && inside) || (small && !inside)) return false;
    found |= big;
    inside = big || small;
  }
  return found;
}

Value is_identifier(Renderer&, const Value& v, const Arguments&) {
  std::string_view text = v.string();
  for (bool first = true; !text.empty(); first = false) {
    const std::int32_t c = number_of_point(take_point(text));
    if (c != '_' && !is_letter(c) && (first || !is_decimal(c))) return false;
  }
  return !v.string().empty();
}

Value is_printable_text(Renderer&, const Value& v, const Arguments&) {
  for (std::string_view text = v.string(); !text.empty();)
    if (!is_printable(number_of_point(take_point(text)))) return false;
  return true;
}

Value replace(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("replace", a, {"", "", ""}, 2);
  return {replaced(v.string(), given.string(0), given.string(1), given.integer(2, -1), r.meter),
          v.is_safe()};
}

Value join(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("join", a, {""}, 1);
  std::string out;
  const char* separator = "";
  for (const Value& each : r.elements(*given[0])) {
    if (!each.is_string()) fail(std::string("join: expected strings, found ") + each.type());
    r.meter.make(v.string().size() + each.string().size());
    out += separator;
    separator = v.string().c_str();
    out += each.string();
  }
  return out;
}

template <bool at_end>
Value remove_affix(Renderer& r, const Value& v, const Arguments& a) {
  const std::string& affix = Given("removeprefix", a, {""}, 1).string(0);
  std::string_view text = v.string();
  if (at_end && text.ends_with(affix)) text.remove_suffix(affix.size());
  if (!at_end && text.starts_with(affix)) text.remove_prefix(affix.size());
  return made(r, std::string(text), v.is_safe());
}

template <std::size_t left_share, std::size_t right_share>
Value pad(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("center", a, {"", ""}, 1);
  const std::string fill = given[1] ? given.string(1) : " ";
  if (length_of(fill) != 1) fail("center: expected one character to fill with");
  const std::int64_t width = given.integer(0, 0);
  if (width > widest) fail("center: expected a width of at most 1000000");
  return padded(v.string(), width, fill, left_share, right_share, r.meter);
}

Value fill_with_zeros(Renderer& r, const Value& v, const Arguments& a) {
  const std::int64_t width = Given("zfill", a, {""}, 1).integer(0, 0);
  if (width > widest) fail("zfill: expected a width of at most 1000000");
  std::string_view text = v.string();
  const bool sign = text.starts_with('-') || text.starts_with('+');
  const std::string before(text.substr(0, sign));
  text.remove_prefix(sign);
  return before + padded(text, width - sign, "0", 1, 0, r.meter);
}

Value expand_tabs(Renderer& r, const Value& v, const Arguments& a) {
  const std::int64_t size =
      std::clamp<std::int64_t>(Given("expandtabs", a, {"tabsize"}).integer(0, 8), 0, 1000);
  std::string out;
  std::int64_t column = 0;
  for (std::string_view text = v.string(); !text.empty();) {
    const std::string_view point = take_point(text);
    const std::int64_t blanks = size ? size - column % size : 0;
    r.meter.make(point == "\t" ? static_cast<std::uint64_t>(blanks) : point.size());
    if (point == "\t")
      out.append(static_cast<std::size_t>(blanks), ' ');
    else
      out += point;
    column = point == "\n" || point == "\r" ? 0 : column + (point == "\t" ? blanks : 1);
  }
  return out;
}

}  // namespace

const Calls& string_methods() {
  static const Calls all = {
      {"strip", strip<Side::both>},
      {"lstrip", strip<Side::left>},
      {"rstrip", strip<Side::right>},
      {"upper", changed<upper>},
      {"lower", changed<lower>},
      {"swapcase", changed<swapped_case>},
      {"casefold", changed<folded>},
      {"capitalize", changed<capitalized>},
      {"title", changed<title>},
      {"split", split_method<false>},
      {"rsplit", split_method<true>},
      {"splitlines",
       [](Renderer& r, const Value& v, const Arguments& a) -> Value {
         return lines_of(v.string(), Given("splitlines", a, {"keepends"}).flag(0), r.meter);
       }},
      {"startswith", has_affix<false>},
      {"endswith", has_affix<true>},
      {"find", find<false, false>},
      {"rfind", find<true, false>},
      {"index", find<false, true>},
      {"rindex", find<true, true>},
      {"count", count},
      {"partition", partition<false>},
      {"rpartition", partition<true>},
      {"replace", replace},
      {"join", join},
      {"removeprefix", remove_affix<false>},
      {"removesuffix", remove_affix<true>},
      {"center", pad<1, 1>},
      {"ljust", pad<0, 1>},
      {"rjust", pad<1, 0>},
      {"zfill", fill_with_zeros},
      {"expandtabs", expand_tabs},
      {"isdigit", all_are<is_digit>},
      {"isdecimal", all_are<is_decimal>},
      {"isnumeric", all_are<is_numeric>},
      {"isalpha", all_are<is_letter>},
      {"isalnum", all_are<is_letter_or_number>},
      {"isspace", all_are<is_space>},
      {"isupper", has_case<is_upper, is_lower>},
      {"islower", has_case<is_lower, is_upper>},
      {"istitle", is_title_text},
      {"isidentifier", is_identifier},
      {"isprintable", is_printable_text},
      {"isascii",
       [](Renderer&, const Value& v, const Arguments&) -> Value { return v.text().ascii; }},
      {"format",
       [](Renderer& r, const Value& v, const Arguments& a) { return format_braces(r, v, a); }},
  };
  return all;
}

}  // namespace quipu::jinja
