// Filters of lists and mappings.
#include <algorithm>

#include "quipu/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/unicode.h"

namespace quipu::jinja {
namespace {

// ---- what an attribute names

bool is_number(std::string_view part) {
  return !part.empty() && part.size() < 10 &&
         std::ranges::all_of(part, [](unsigned char c) { return c >= '0' && c <= '9'; });
}

// Attribute "a.b.0" of a value, or its element by number.
Value at_path(Renderer& r, Value value, const Value& path) {
  if (path.is_whole()) return r.item(value, path);
  if (!path.is_string())
    fail(std::string("expected an attribute as a string or integer, found ") + path.type());
  for (std::string_view rest = path.string();;) {
    const std::size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    r.meter.step();
    value =
        is_number(part) ? r.item(value, std::atoi(std::string(part).c_str())) : r.item(value, part);
    if (dot == std::string_view::npos) return value;
    rest.remove_prefix(dot + 1);
  }
}

// Strings without regard to case unless asked otherwise.
Value case_folded(const Value& v, bool sensitive) {
  return !sensitive && v.is_string() ? Value(lower(v.string())) : v;
}

Value part_of_element(Renderer& r, const Value& v, const Value* attribute,
                      const Value* otherwise = nullptr) {
  if (!attribute || attribute->is_none()) return v;
  Value part = at_path(r, v, *attribute);
  return part.is_undefined() && otherwise && !otherwise->is_none() ? *otherwise : part;
}

// "age,name": several attributes to sort by.
Value sort_key(Renderer& r, const Value& v, const Value* attribute, bool sensitive) {
  List keys;
  keys.kind = List::Kind::tuple;
  if (attribute && attribute->is_string() && attribute->string().find(',') != std::string::npos) {
    for (std::string_view rest = attribute->string();;) {
      const std::size_t comma = rest.find(',');
      keys.items.push_back(case_folded(at_path(r, v, rest.substr(0, comma)), sensitive));
      if (comma == std::string_view::npos) return made(r, std::move(keys));
      rest.remove_prefix(comma + 1);
    }
  }
  return case_folded(part_of_element(r, v, attribute), sensitive);
}

List generator() {
  List list;
  list.kind = List::Kind::generator;
  return list;
}

// ---- some of the elements

template <bool attribute, bool wanted>
Value selected(Renderer& r, const Value& v, const Arguments& a) {
  List kept = generator();
  if (!v.truth()) return kept;
  constexpr std::size_t first = attribute ? 1 : 0;
  if (a.positional.size() < first) fail("expected an attribute to select by");
  Arguments rest;
  const Value* test = a.positional.size() > first ? &a.positional[first] : nullptr;
  if (test && !test->is_string()) fail("expected the name of a test to select by");
  if (test) rest.positional.assign(a.positional.begin() + first + 1, a.positional.end());
  rest.named = a.named;
  for (const Value& each : r.elements(v)) {
    r.meter.step();
    const Value subject = attribute ? at_path(r, each, a.positional[0]) : each;
    const bool holds = test ? r.test(test->string(), subject, rest) : subject.truth();
    if (holds == wanted) kept.items.push_back(each);
  }
  return made(r, std::move(kept));
}

Value unique(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("unique", a, {"case_sensitive", "attribute"});
  List out = generator();
  Dict seen;
  for (const Value& each : r.elements(v)) {
    const Value key = case_folded(part_of_element(r, each, given[1]), given.flag(0));
    if (key.is_string()) r.meter.make(key.string().size());
    if (seen.find(key)) continue;
    r.meter.make_entries(1);
    seen.set(key, true);
    out.items.push_back(each);
  }
  return made(r, std::move(out));
}

Value first(Renderer& r, const Value& v, const Arguments&) {
  if (v.is_string() && !v.string().empty()) {
    std::string_view text = v.string();
    return Value(take_point(text));
  }
  const auto all = r.elements(v);
  return all->items.empty() ? Value(Undefined{"the first of nothing"}) : all->items.front();
}

Value last(Renderer& r, const Value& v, const Arguments&) {
  if (v.is_generator()) fail("last: expected something that can be reversed, found generator");
  const auto all = r.elements(v);
  return all->items.empty() ? Value(Undefined{"the last of nothing"}) : all->items.back();
}

template <bool largest>
Value extreme(Renderer& r, const Value& v, const Arguments& a) {
  const Given given(largest ? "max" : "min", a, {"case_sensitive", "attribute"});
  const auto all = r.elements(v);
  if (all->items.empty()) return Undefined{"the extreme of nothing"};
  const Value* best = nullptr;
  Value best_key;
  for (const Value& each : all->items) {
    const Value key = case_folded(part_of_element(r, each, given[1]), given.flag(0));
    if (best && !(largest ? less(best_key, key, r.meter) : less(key, best_key, r.meter))) continue;
    best = &each;
    best_key = key;
  }
  return *best;
}

// ---- all in another order or shape

Value sorted(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("sort", a, {"reverse", "case_sensitive", "attribute"});
  const auto all = r.elements(v);
  r.meter.make_values(3 * all->items.size());
  std::vector<std::pair<Value, Value>> keyed;
  for (const Value& each : all->items)
    keyed.emplace_back(sort_key(r, each, given[2], given.flag(1)), each);
  const bool reverse = given.flag(0);
  std::ranges::stable_sort(keyed, [&](const auto& x, const auto& y) {
    return reverse ? less(y.first, x.first, r.meter) : less(x.first, y.first, r.meter);
  });
  List out;
  for (auto& [key, each] : keyed) out.items.push_back(std::move(each));
  return out;
}

Value items(Renderer& r, const Value& v, const Arguments& a) {
  Given("items", a, {});
  if (v.is_undefined()) return generator();
  if (!v.is_dict()) fail(std::string("items: expected a mapping, found ") + v.type());
  List pairs = generator();
  r.meter.make_values(4 * v.dict().items.size());
  for (const auto& [key, value] : v.dict().items)
    pairs.items.emplace_back(List{{key, value}, List::Kind::tuple});
  return pairs;
}

Value dict_sorted(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("dictsort", a, {"case_sensitive", "by", "reverse"});
  const std::string by = given[1] ? given.string(1) : "key";
  if (by != "key" && by != "value") fail("dictsort: expected by='key' or by='value'");
  if (!v.is_dict()) fail(std::string("dictsort: expected a mapping, found ") + v.type());
  Arguments sorting;
  sorting.positional = {given.flag(2), given.flag(0), by == "key" ? 0 : 1};
  return sorted(r, items(r, v, {}), sorting);
}

Value reversed(Renderer& r, const Value& v, const Arguments&) {
  if (v.is_string()) {
    std::string out;
    for (std::string_view rest = v.string(); !rest.empty();) out += take_last_point(rest);
    return made(r, std::move(out));
  }
  List out = generator();
  out.items = r.elements(v)->items;
  std::ranges::reverse(out.items);
  return made(r, std::move(out));
}

Value mapped(Renderer& r, const Value& v, const Arguments& a) {
  List out = generator();
  if (!v.truth()) return out;
  if (a.positional.empty() && !a.named.empty()) {
    const Given given("map", a, {"attribute", "default"}, 1);
    for (const Value& each : r.elements(v))
      out.items.push_back(part_of_element(r, each, given[0], given[1]));
    return made(r, std::move(out));
  }
  if (a.positional.empty() || !a.positional[0].is_string())
    fail("map: expected the name of a filter, or an attribute");
  Arguments rest;
  rest.positional.assign(a.positional.begin() + 1, a.positional.end());
  rest.named = a.named;
  for (const Value& each : r.elements(v)) {
    r.meter.step();
    out.items.push_back(r.filter(a.positional[0].string(), each, rest));
  }
  return made(r, std::move(out));
}

Value batch(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("batch", a, {"linecount", "fill_with"}, 1);
  const std::int64_t size = given.integer(0, 1);
  if (size < 1) fail("batch: expected a size of at least 1");
  List out = generator(), row;
  const auto take_row = [&] {
    r.meter.make_values(row.items.size() + 3);
    out.items.emplace_back(std::exchange(row, {}));
  };
  for (const Value& each : r.elements(v)) {
    if (std::ssize(row.items) == size) take_row();
    row.items.push_back(each);
  }
  if (row.items.empty()) return out;
  if (!given.lacks(1)) {
    r.meter.make_values(static_cast<std::uint64_t>(size));
    row.items.resize(static_cast<std::size_t>(size), *given[1]);
  }
  take_row();
  return out;
}

Value slices(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("slice", a, {"slices", "fill_with"}, 1);
  const std::int64_t count = given.integer(0, 1);
  if (count < 1) fail("slice: expected a number of at least 1");
  const auto all = r.elements(v);
  r.meter.make_values(3 * static_cast<std::uint64_t>(count) + all->items.size());
  const std::int64_t size = std::ssize(all->items), longer = size % count;
  List out = generator();
  auto next = all->items.begin();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto end = next + size / count + (i < longer);
    List row{{next, end}};
    if (!given.lacks(1) && i >= longer) row.items.push_back(*given[1]);
    out.items.emplace_back(std::move(row));
    next = end;
  }
  return out;
}

Value grouped(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("groupby", a, {"attribute", "default", "case_sensitive"}, 1);
  const bool sensitive = given.flag(2);
  std::vector<std::pair<Value, Value>> keyed;
  for (const Value& each : r.elements(v))
    keyed.emplace_back(case_folded(part_of_element(r, each, given[0], given[1]), sensitive), each);
  r.meter.make_values(5 * keyed.size());
  std::ranges::stable_sort(
      keyed, [&](const auto& x, const auto& y) { return less(x.first, y.first, r.meter); });
  List out;
  for (std::size_t i = 0; i < keyed.size();) {
    List members;
    const std::size_t first = i;
    for (; i < keyed.size() && equal(keyed[i].first, keyed[first].first, r.meter); ++i)
      members.items.push_back(keyed[i].second);
    // The group is called as its first member spells it.
    const Value name = part_of_element(r, keyed[first].second, given[0], given[1]);
    out.items.emplace_back(List{{name, std::move(members)}, List::Kind::group});
  }
  return out;
}

Value list(Renderer& r, const Value& v, const Arguments&) {
  return made(r, List{r.elements(v)->items});
}

// ---- one value of all

Value length(Renderer&, const Value& v, const Arguments&) {
  if (v.is_string()) return static_cast<std::int64_t>(length_of(v.string()));
  if (v.is_list() && !v.is_generator()) return static_cast<std::int64_t>(v.list().size());
  if (v.is_dict()) return static_cast<std::int64_t>(v.dict().items.size());
  if (v.is_undefined()) return 0;
  fail(std::string("length: expected something with a length, found ") + v.type());
}

Value joined(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("join", a, {"d", "attribute"});
  const std::string separator = given[0] ? r.text(*given[0]) : "";
  std::string out;
  bool first = true;
  for (const Value& each : r.elements(v)) {
    const std::string part = r.text(part_of_element(r, each, given[1]));
    r.meter.step();
    r.meter.make(part.size() + separator.size());
    if (!std::exchange(first, false)) out += separator;
    out += part;
  }
  return out;
}

Value sum(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("sum", a, {"attribute", "start"});
  Value total = given[1] ? *given[1] : Value(0);
  for (const Value& each : r.elements(v)) {
    r.meter.step();
    total = binary("+", total, part_of_element(r, each, given[0]), r);
  }
  return total;
}

Value attribute(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("attr", a, {"name"}, 1);
  // Not the elements of a mapping.
  if (v.is_dict()) return method(v, given.string(0));
  return r.attribute(v, given.string(0));
}

}  // namespace

const Calls& sequence_filters() {
  static const Calls all = {
      {"select", selected<false, true>},
      {"reject", selected<false, false>},
      {"selectattr", selected<true, true>},
      {"rejectattr", selected<true, false>},
      {"unique", unique},
      {"first", first},
      {"last", last},
      {"max", extreme<true>},
      {"min", extreme<false>},
      {"sort", sorted},
      {"dictsort", dict_sorted},
      {"items", items},
      {"reverse", reversed},
      {"map", mapped},
      {"batch", batch},
      {"slice", slices},
      {"groupby", grouped},
      {"list", list},
      {"length", length},
      {"count", length},
      {"join", joined},
      {"sum", sum},
      {"attr", attribute},
  };
  return all;
}

}  // namespace quipu::jinja
