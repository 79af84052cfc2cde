#include <algorithm>
#include <optional>

#include "quipu/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/objects.h"
#include "text/jinja/unicode.h"

namespace quipu::jinja {
namespace {

[[noreturn]] void fail_undefined(const Value& object, const char* lacks, std::string_view what) {
  fail("'" + printable(object.undefined_name()) + "' is undefined, and has no " + lacks + " '" +
       printable(what) + "'");
}

// Index `at` of so many, counted from the end when negative; nullopt when there is none.
std::optional<std::size_t> index_in(std::size_t size, std::int64_t at) {
  if (at < 0) at += static_cast<std::int64_t>(size);
  if (at < 0 || at >= static_cast<std::int64_t>(size)) return std::nullopt;
  return static_cast<std::size_t>(at);
}

}  // namespace

Value Renderer::name(std::string_view name) {
  for (const Scope* scope = scope_.get(); scope; scope = scope->outer.get())
    if (const auto found = scope->names.find(name); found != scope->names.end())
      return found->second;
  const auto found = globals().find(name);
  return found != globals().end() ? found->second : Value(Undefined{std::string(name)});
}

Value Renderer::attribute(const Value& object, std::string_view name) {
  if (object.is_undefined()) fail_undefined(object, "attribute", name);
  if (object.is_object()) return object.object()->attribute(*this, name);
  if (Value found = method(object, name); !found.is_undefined()) return found;
  if (object.is_dict())
    if (const Value* found = object.dict().find(name)) return *found;
  if (object.is_list() && object.list_kind() == List::Kind::group) {
    if (name == "grouper") return object.list()[0];
    if (name == "list") return object.list()[1];
  }
  return Undefined{std::string(name)};
}

Value Renderer::item(const Value& object, const Value& key) {
  if (object.is_undefined()) fail_undefined(object, "element", text(key));
  if (key.is_string()) meter.read(key.string().size());
  if (object.is_dict()) {
    const bool hashable = !key.is_dict() && (!key.is_list() || key.is_tuple());
    if (const Value* found = hashable ? object.dict().find(key) : nullptr) return *found;
  } else if (key.is_whole() && object.is_indexed()) {
    if (const auto at = index_in(object.list().size(), key.integer())) return object.list()[*at];
  } else if (key.is_whole() && object.is_string()) {
    const Text& text = object.text();
    if (!text.ascii) meter.read(2 * text.text.size());
    const std::size_t size = text.ascii ? text.text.size() : length_of(text.text);
    if (const auto at = index_in(size, key.integer()))
      return Value(text.ascii ? std::string_view(text.text).substr(*at, 1)
                              : part_of(text.text, *at, *at + 1));
  }
  if (key.is_string() && !object.is_none()) return attribute(object, key.string());
  return Undefined{text(key)};
}

Value Renderer::slice(const Expression& e) {
  const Value object = evaluate(*e.children[0]);
  if (object.is_none() || object.is_number()) return Undefined{"a slice"};
  if (!object.is_indexed() && !object.is_string())
    fail(std::string("expected a list or string to slice, found ") + object.type());
  const bool bytes = object.is_string() && object.text().ascii;
  std::vector<std::string_view> points;
  if (object.is_string() && !bytes) {
    meter.make(16 * object.string().size());
    for (std::string_view rest = object.string(); !rest.empty();)
      points.push_back(take_point(rest));
  }
  const auto size = static_cast<std::int64_t>(object.is_list() ? object.list().size()
                                              : bytes          ? object.string().size()
                                                               : points.size());
  const auto part = [&](std::size_t i) -> std::optional<std::int64_t> {
    if (!e.children[i]) return std::nullopt;
    const Value value = evaluate(*e.children[i]);
    if (value.is_none()) return std::nullopt;
    if (!value.is_whole()) fail(std::string("slice: expected an integer, found ") + value.type());
    return value.integer();
  };
  const auto first = part(1), last = part(2);
  // Longer steps than this leave the range at once, too.
  const std::int64_t step = std::clamp<std::int64_t>(part(3).value_or(1), -(1ll << 40), 1ll << 40);
  if (step == 0) fail("slice: expected a step that is not 0");
  const auto limited = [&](std::optional<std::int64_t> given, std::int64_t otherwise) {
    if (!given) return otherwise;
    const std::int64_t at = *given < 0 ? *given + size : *given;
    return step > 0 ? std::clamp<std::int64_t>(at, 0, size)
                    : std::clamp<std::int64_t>(at, -1, size - 1);
  };
  const std::int64_t from = limited(first, step > 0 ? 0 : size - 1);
  const std::int64_t to = limited(last, step > 0 ? size : -1);
  List list;
  list.kind = object.is_tuple() ? List::Kind::tuple : List::Kind::list;
  std::string text;
  for (std::int64_t i = from; step > 0 ? i < to : i > to; i += step) {
    const auto at = static_cast<std::size_t>(i);
    if (object.is_list())
      list.items.push_back(object.list()[at]);
    else if (bytes)
      text += object.string()[at];
    else
      text += points[at];
  }
  if (object.is_string()) return made(*this, std::move(text), object.is_safe());
  if (object.list_kind() == List::Kind::range) {
    const auto number = [&](std::size_t i) { return object.list()[i].integer(); };
    const std::int64_t stride = size > 1 ? number(1) - number(0) : 1;
    const std::int64_t start = size > 0 ? number(0) : 0;
    list.kind = List::Kind::range;
    list.shown = "range(" + std::to_string(start + from * stride) + ", " +
                 std::to_string(start + to * stride) +
                 (stride * step == 1 ? ")" : ", " + std::to_string(stride * step) + ")");
  }
  return made(*this, std::move(list));
}

void Renderer::arguments(const Expression& e, Arguments& out) {
  for (std::size_t i = 1; i < e.children.size(); ++i)
    out.positional.push_back(evaluate(*e.children[i]));
  for (const auto& [key, value] : e.named) out.named.emplace_back(key, evaluate(*value));
  if (e.spread) {
    const auto all = elements(evaluate(*e.spread));
    out.positional.insert(out.positional.end(), all->items.begin(), all->items.end());
  }
  if (!e.spread_named) return;
  const Value all = evaluate(*e.spread_named);
  if (!all.is_dict()) fail(std::string("'**': expected a mapping, found ") + all.type());
  meter.make_entries(all.dict().items.size());
  for (const auto& [key, value] : all.dict().items) {
    if (!key.is_string())
      fail(std::string("'**': expected keys that are strings, found ") + key.type());
    out.named.emplace_back(key.string(), value);
  }
}

Value Renderer::call(const Value& function, Arguments& given) {
  if (function.is_undefined())
    fail("'" + printable(function.undefined_name()) + "' is undefined, and cannot be called");
  if (!function.is_object())
    fail(std::string("expected a function to call, found ") + function.type());
  return function.object()->call(*this, given);
}

Value Renderer::call_expression(const Expression& e, const Value* caller) {
  const Value function = evaluate(*e.children[0]);
  Arguments given;
  arguments(e, given);
  if (caller) given.named.emplace_back("caller", *caller);
  line_ = e.line;
  return call(function, given);
}

Value Renderer::filtered(const Expression& e, const Value& value) {
  // Of a filter block, the first filter's value is the block's text.
  const Value from = e.children[0] ? filtered(*e.children[0], value) : value;
  Arguments given;
  arguments(e, given);
  return filter(e.text, from, given);
}

Value Renderer::evaluate(const Expression& e) {
  using Kind = Expression::Kind;
  meter.step();
  meter.enter();
  struct Leave {
    Meter& meter;
    ~Leave() { meter.leave(); }
  } leave{meter};
  const auto child = [&](std::size_t i) { return evaluate(*e.children[i]); };
  switch (e.kind) {
  case Kind::literal:
    return e.value;
  case Kind::name:
    return name(e.text);
  case Kind::list:
  case Kind::tuple: {
    List list;
    list.kind = e.kind == Kind::tuple ? List::Kind::tuple : List::Kind::list;
    for (const auto& each : e.children) list.items.push_back(evaluate(*each));
    return made(*this, std::move(list));
  }
  case Kind::dict: {
    Dict dict;
    for (std::size_t i = 0; i + 1 < e.children.size(); i += 2) {
      const Value key = child(i);
      if (key.is_string()) meter.read(key.string().size());
      dict.set(key, child(i + 1));
    }
    meter.make_entries(dict.items.size());
    return dict;
  }
  case Kind::attribute:
    return attribute(child(0), e.text);
  case Kind::item: {
    const Value object = child(0);
    return item(object, child(1));
  }
  case Kind::slice:
    return slice(e);
  case Kind::call:
    return call_expression(e, nullptr);
  case Kind::filter: {
    const Value value = child(0);
    Arguments given;
    arguments(e, given);
    line_ = e.line;
    return filter(e.text, value, given);
  }
  case Kind::test: {
    const Value value = child(0);
    Arguments given;
    arguments(e, given);
    return test(e.text, value, given);
  }
  case Kind::negative:
    return negative(child(0));
  case Kind::positive: {
    const Value value = child(0);
    if (!value.is_number()) fail(std::string("'+': expected a number, found ") + value.type());
    return value.is_bool() ? Value(value.integer()) : value;
  }
  case Kind::inverse:
    return !child(0).truth();
  case Kind::binary: {
    Value left = child(0);
    for (std::size_t i = 0; i < e.operators.size(); ++i)
      left = binary(e.operators[i], left, child(i + 1), *this);
    return left;
  }
  case Kind::joined: {
    std::string all;
    for (const auto& each : e.children) all += text(evaluate(*each));
    return all;
  }
  case Kind::compare: {
    Value left = child(0);
    for (std::size_t i = 0; i < e.operators.size(); ++i) {
      Value right = child(i + 1);
      if (!compare(e.operators[i], left, right, *this)) return false;
      left = std::move(right);
    }
    return true;
  }
  case Kind::both:
  case Kind::either: {
    Value value = child(0);
    for (std::size_t i = 1; i < e.children.size() && value.truth() == (e.kind == Kind::both); ++i)
      value = child(i);
    return value;
  }
  case Kind::choice:
    if (child(0).truth()) return child(1);
    return e.children[2] ? child(2) : Value(Undefined{"the value of an if without else"});
  }
  return {};
}

Elements Renderer::elements(const Value& value) {
  if (value.is_list() && !value.is_generator()) {
    meter.step(value.list().size() / 8);
    return {value.shared_list()};
  }
  auto all = std::make_shared<List>();
  if (value.is_generator()) {
    if (std::exchange(value.shared_list()->spent, true)) return {all};
    return {value.shared_list()};
  }
  if (value.is_dict()) {
    for (const auto& [key, each] : value.dict().items) all->items.push_back(key);
    all->depth = value.dict().depth;
  } else if (value.is_string()) {
    // Each becomes a text of its own.
    meter.make(100 * length_of(value.string()));
    for (std::string_view rest = value.string(); !rest.empty();)
      all->items.emplace_back(take_point(rest));
  } else if (!value.is_undefined()) {
    fail(std::string("expected something to go over, found ") + value.type());
  }
  meter.make_values(all->items.size());
  return {all};
}

}  // namespace quipu::jinja
