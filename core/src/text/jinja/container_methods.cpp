// Methods of list, tuple and dict that do not change them.
#include <algorithm>

#include "text/jinja/builtins.h"

namespace quipu::jinja {
namespace {

Value refuse_change(Renderer&, const Value& v, const Arguments&) {
  fail(std::string("expected a method that does not change what it is of, found one of ") +
       v.type());
}

Value count(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("count", a, {""}, 1);
  return static_cast<std::int64_t>(std::ranges::count_if(
      v.list(), [&](const Value& each) { return equal(each, *given[0], r.meter); }));
}

Value index(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("index", a, {"", "", ""}, 1);
  const auto size = static_cast<std::int64_t>(v.list().size());
  const auto limited = [&](std::size_t i, std::int64_t otherwise) {
    const std::int64_t at = given.integer(i, otherwise);
    return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const std::int64_t end = limited(2, size);
  for (std::int64_t i = limited(1, 0); i < end; ++i)
    if (equal(v.list()[static_cast<std::size_t>(i)], *given[0], r.meter)) return i;
  fail("index: expected a value that is there");
}

Value keys(Renderer& r, const Value& v, const Arguments& a) {
  Given("keys", a, {});
  List all;
  all.kind = List::Kind::keys;
  for (const auto& [key, value] : v.dict().items) all.items.push_back(key);
  return made(r, std::move(all));
}

Value values(Renderer& r, const Value& v, const Arguments& a) {
  Given("values", a, {});
  List all;
  all.kind = List::Kind::values;
  for (const auto& [key, value] : v.dict().items) all.items.push_back(value);
  return made(r, std::move(all));
}

Value items(Renderer& r, const Value& v, const Arguments& a) {
  Given("items", a, {});
  List all;
  all.kind = List::Kind::items;
  r.meter.make_values(4 * v.dict().items.size());
  for (const auto& [key, value] : v.dict().items)
    all.items.emplace_back(List{{key, value}, List::Kind::tuple});
  return all;
}

Value get(Renderer& r, const Value& v, const Arguments& a) {
  const Given given("get", a, {"", ""}, 1);
  if (given[0]->is_string()) r.meter.read(given[0]->string().size());
  const Value* found = v.dict().find(*given[0]);
  return found ? *found : given[1] ? *given[1] : Value();
}

// Nothing changes, so a copy is the same.
Value copy(Renderer&, const Value& v, const Arguments& a) {
  Given("copy", a, {});
  return v;
}

}  // namespace

const Calls& list_methods() {
  static const Calls all = {
      {"count", count},          {"index", index},          {"copy", copy},
      {"append", refuse_change}, {"clear", refuse_change},  {"extend", refuse_change},
      {"insert", refuse_change}, {"pop", refuse_change},    {"remove", refuse_change},
      {"sort", refuse_change},   {"reverse", refuse_change}};
  return all;
}

const Calls& dict_methods() {
  static const Calls all = {{"keys", keys},           {"values", values},
                            {"items", items},         {"get", get},
                            {"copy", copy},           {"update", refuse_change},
                            {"pop", refuse_change},   {"popitem", refuse_change},
                            {"clear", refuse_change}, {"setdefault", refuse_change}};
  return all;
}

}  // namespace quipu::jinja
