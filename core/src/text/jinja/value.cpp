#include "text/jinja/value.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/unicode.h"

namespace quipu::jinja {
namespace {

// A key that takes more to compare than this is none that a template would have.
constexpr Budget key_budget{.steps = 10'000, .bytes = 1 << 20, .depth = 0};
constexpr std::size_t few = 8;  // keys are looked for one by one among so many

void check_hashable(const Value& key, Meter& meter) {
  meter.step();
  if (key.is_dict() || (key.is_list() && !key.is_tuple() && key.list_kind() != List::Kind::range))
    fail(std::string("expected a key that can be hashed, found ") + key.type());
  if (key.is_tuple())
    for (const Value& each : key.list()) check_hashable(each, meter);
}

// Equal keys have equal texts.
std::string index_of(const Value& key) {
  if (key.is_string()) return "s" + key.string();
  if (key.is_whole()) return "n" + std::to_string(key.integer());
  if (key.is_real() && key.real() == std::floor(key.real()) && std::abs(key.real()) < 9e18)
    return "n" + std::to_string(static_cast<std::int64_t>(key.real()));
  Meter meter(key_budget);
  return "r" + repr_of(key, meter);
}

template <class Items>
int depth_of(const Items& items, int (*depth)(const typename Items::value_type&)) {
  int deepest = 0;
  for (const auto& each : items) deepest = std::max(deepest, depth(each));
  if (deepest >= deepest_value)
    fail("expected lists and mappings nested at most 100 deep, found more");
  return deepest + 1;
}

}  // namespace

std::size_t Dict::position(const Value& key) const {
  if (key.is_string() && index_.empty()) {
    for (std::size_t i = 0; i < items.size(); ++i)
      if (items[i].first.is_string() && items[i].first.string() == key.string()) return i;
    return items.size();
  }
  Meter meter(key_budget);
  check_hashable(key, meter);
  const std::string text = index_of(key);
  if (index_.empty()) {
    for (std::size_t i = 0; i < items.size(); ++i)
      if (index_of(items[i].first) == text) return i;
    return items.size();
  }
  const auto at = index_.find(text);
  return at == index_.end() ? items.size() : at->second;
}

const Value* Dict::find(const Value& key) const {
  const std::size_t at = position(key);
  return at == items.size() ? nullptr : &items[at].second;
}

const Value* Dict::find(std::string_view key) const {
  return find(Value(key));
}

void Dict::set(const Value& key, Value value) {
  const std::size_t at = position(key);
  if (at < items.size()) {
    items[at].second = std::move(value);
    return;
  }
  items.emplace_back(key, std::move(value));
  if (!index_.empty()) {
    index_.emplace(index_of(key), at);
  } else if (items.size() > few) {
    for (std::size_t i = 0; i < items.size(); ++i) index_.emplace(index_of(items[i].first), i);
  }
}

Object::~Object() = default;
Value Object::call(Renderer&, Arguments&) {
  fail(std::string("expected a function to call, found ") + type());
}
Value Object::attribute(Renderer&, std::string_view name) {
  return Undefined{std::string(name)};
}

Value::Value(std::string text, bool safe) {
  const bool ascii = is_ascii(text);
  data_ = std::make_shared<const Text>(Text{std::move(text), safe, ascii});
}

Value::Value(List list) {
  list.depth = depth_of(list.items, [](const Value& each) { return each.depth(); });
  data_ = std::make_shared<const List>(std::move(list));
}

Value::Value(Dict dict) {
  dict.depth = depth_of(dict.items, [](const std::pair<Value, Value>& each) {
    return std::max(each.first.depth(), each.second.depth());
  });
  data_ = std::make_shared<const Dict>(std::move(dict));
}

Value Value::large(std::uint64_t number) {
  Value value;
  value.data_ = number;
  return value;
}

bool Value::is_same(const Value& other) const {
  if (data_.index() != other.data_.index()) return false;
  if (is_none() || is_bool() || is_integer()) return is_none() || integer() == other.integer();
  if (is_string()) return string() == other.string();
  if (is_list()) return shared_list() == other.shared_list();
  if (is_dict()) return &dict() == &other.dict();
  if (is_object()) return object() == other.object();
  return false;
}

int Value::depth() const {
  if (is_list()) return shared_list()->depth;
  if (is_dict()) return dict().depth;
  return is_object() ? object()->depth() : 0;
}

bool Value::truth() const {
  if (is_whole()) return integer() != 0;
  if (is_real()) return real() != 0;
  if (is_string()) return !string().empty();
  if (is_list()) return is_generator() || !list().empty();
  if (is_dict()) return !dict().items.empty();
  return is_object() || is_large();
}

const char* Value::type() const {
  if (is_undefined()) return "undefined";
  if (is_none()) return "none";
  if (is_bool()) return "boolean";
  if (is_integer() || is_large()) return "integer";
  if (is_real()) return "float";
  if (is_string()) return "string";
  if (is_dict()) return "mapping";
  if (is_object()) return object()->type();
  switch (list_kind()) {
  case List::Kind::list:
    return "list";
  case List::Kind::tuple:
  case List::Kind::group:
    return "tuple";
  case List::Kind::range:
    return "range";
  case List::Kind::generator:
    return "generator";
  case List::Kind::keys:
  case List::Kind::values:
  case List::Kind::items:
    break;
  }
  return "view of a mapping";
}

}  // namespace quipu::jinja
