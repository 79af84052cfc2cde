// Python's == and < on values.
#include <algorithm>

#include "text/jinja/value.h"

namespace quipu::jinja {
namespace {

// Which lists can be equal: a tuple is no list.
int comparable_kind(const Value& v) {
  return v.is_tuple() ? static_cast<int>(List::Kind::tuple) : static_cast<int>(v.list_kind());
}

bool ordered(const Value& v) {
  return v.is_tuple() || v.list_kind() == List::Kind::list;
}

}  // namespace

bool equal(const Value& a, const Value& b, Meter& meter) {
  meter.step();
  if (a.is_number() && b.is_number())
    return a.is_whole() && b.is_whole() ? a.integer() == b.integer() : a.real() == b.real();
  if (a.is_large() && b.is_large()) return a.large() == b.large();
  if (a.is_string() && b.is_string()) {
    meter.read(a.string().size());
    return a.string() == b.string();
  }
  if (a.is_none() && b.is_none()) return true;
  if (a.is_undefined() && b.is_undefined()) return true;
  if (a.is_list() && b.is_list()) {
    if (a.shared_list() == b.shared_list()) return true;
    if (comparable_kind(a) != comparable_kind(b) || a.is_generator() ||
        a.list_kind() == List::Kind::values || a.list().size() != b.list().size())
      return false;
    for (std::size_t i = 0; i < a.list().size(); ++i)
      if (!equal(a.list()[i], b.list()[i], meter)) return false;
    return true;
  }
  if (a.is_dict() && b.is_dict()) {
    if (a.dict().items.size() != b.dict().items.size()) return false;
    for (const auto& [key, value] : a.dict().items) {
      const Value* other = b.dict().find(key);
      if (!other || !equal(value, *other, meter)) return false;
    }
    return true;
  }
  return a.is_object() && a.is_same(b);
}

bool less(const Value& a, const Value& b, Meter& meter) {
  meter.step();
  if (a.is_number() && b.is_number())
    return a.is_whole() && b.is_whole() ? a.integer() < b.integer() : a.real() < b.real();
  if (a.is_large() && b.is_large()) return a.large() < b.large();
  if (a.is_string() && b.is_string()) {
    meter.read(std::min(a.string().size(), b.string().size()));
    return a.string() < b.string();
  }
  if (a.is_list() && b.is_list() && ordered(a) && comparable_kind(a) == comparable_kind(b)) {
    const auto &x = a.list(), &y = b.list();
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (!equal(x[i], y[i], meter)) return less(x[i], y[i], meter);
    return x.size() < y.size();
  }
  for (const Value* each : {&a, &b})
    if (each->is_undefined()) fail("'" + each->undefined_name() + "' is undefined");
  fail(std::string("expected values that can be ordered, found ") + a.type() + " and " + b.type());
}

}  // namespace quipu::jinja
