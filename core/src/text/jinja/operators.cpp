// Python's operators on values. Integers have 64 bits: a result that has more is an error.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "quipu/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/text_tools.h"

namespace quipu::jinja {
namespace {

[[noreturn]] void refuse(std::string_view op, const Value& a, const Value& b) {
  fail("'" + std::string(op) + "': expected numbers, found " + a.type() + " and " + b.type());
}

[[noreturn]] void refuse_zero(std::string_view op) {
  fail("'" + std::string(op) + "': expected a divisor that is not 0");
}

Value added(const Value& a, const Value& b, Renderer& r) {
  if (a.is_string() && b.is_string()) {
    const bool safe = a.is_safe() || b.is_safe();
    const auto part = [&](const Value& v) {
      return safe && !v.is_safe() ? escaped(v.string()) : v.string();
    };
    return made(r, part(a) + part(b), safe);
  }
  if (!a.is_list() || !b.is_list() || a.is_tuple() != b.is_tuple() ||
      (!a.is_tuple() && (a.list_kind() != List::Kind::list || b.list_kind() != List::Kind::list)))
    refuse("+", a, b);
  List sum;
  sum.kind = a.is_tuple() ? List::Kind::tuple : List::Kind::list;
  r.meter.make_values(a.list().size() + b.list().size());
  sum.items = a.list();
  sum.items.insert(sum.items.end(), b.list().begin(), b.list().end());
  return sum;
}

Value repeated(const Value& a, std::int64_t wanted, Renderer& r) {
  const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(0, wanted));
  const std::uint64_t size = a.is_string() ? a.string().size() : 32 * a.list().size();
  // More than all that is left, whatever the product would be.
  if (size && count > r.meter.bytes_left() / size) r.meter.make(r.meter.bytes_left() + 1);
  r.meter.make(size * count);
  if (a.is_string()) {
    std::string text;
    for (std::uint64_t i = 0; size && i < count; ++i) text += a.string();
    return {std::move(text), a.is_safe()};
  }
  List list;
  list.kind = a.is_tuple() ? List::Kind::tuple : List::Kind::list;
  r.meter.step(a.list().size() * count);
  for (std::uint64_t i = 0; size && i < count; ++i)
    list.items.insert(list.items.end(), a.list().begin(), a.list().end());
  return list;
}

bool is_repeatable(const Value& v) {
  return v.is_string() || v.is_tuple() || (v.is_list() && v.list_kind() == List::Kind::list);
}

// By squaring; says whether 64 bits were too few.
bool raise_to(std::int64_t base, std::int64_t exponent, std::int64_t& result) {
  result = 1;
  for (bool square_fits = true; exponent > 0;) {
    if (exponent & 1 && (!square_fits || __builtin_mul_overflow(result, base, &result)))
      return false;
    exponent >>= 1;
    if (square_fits) square_fits = !__builtin_mul_overflow(base, base, &base);
  }
  return true;
}

Value power_of(double x, double y) {
  if (x == 0 && y < 0) refuse_zero("**");
  const double z = std::pow(x, y);
  if (std::isinf(z) && !std::isinf(x) && !std::isinf(y))
    fail("'**': expected a result that a float holds");
  if (std::isnan(z) && !std::isnan(x) && !std::isnan(y))
    fail("'**': expected a result that is no complex number");
  return z;
}

Value whole_result(std::string_view op, std::int64_t x, std::int64_t y) {
  std::int64_t z = 0;
  bool fits = true;
  if (op == "+") {
    fits = !__builtin_add_overflow(x, y, &z);
  } else if (op == "-") {
    fits = !__builtin_sub_overflow(x, y, &z);
  } else if (op == "*") {
    fits = !__builtin_mul_overflow(x, y, &z);
  } else if (op == "**") {
    fits = raise_to(x, y, z);
  } else {
    if (y == 0) refuse_zero(op);
    fits = x != INT64_MIN || y != -1;
    if (fits) {
      // Towards minus infinity, and the rest has the sign of the divisor.
      const std::int64_t rest = x % y, floored = rest && (rest < 0) != (y < 0) ? rest + y : rest;
      z = op == "%" ? floored : (x - rest) / y - (floored != rest);
    }
  }
  if (!fits) fail("'" + std::string(op) + "': expected a result that 64 bits hold");
  return z;
}

// Python's float_divmod: the quotient is rounded, not what it was made from.
Value floored_real(std::string_view op, double x, double y) {
  double rest = std::fmod(x, y);
  double quotient = (x - rest) / y;
  if (rest != 0) {
    if ((y < 0) != (rest < 0)) {
      rest += y;
      quotient -= 1;
    }
  } else {
    rest = std::copysign(0.0, y);
  }
  if (op == "%") return rest;
  if (quotient == 0) return std::copysign(0.0, x / y);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

}  // namespace

Value binary(std::string_view op, const Value& a, const Value& b, Renderer& r) {
  for (const Value* operand : {&a, &b})
    if (operand->is_undefined() && !(op == "%" && a.is_string()))
      fail("'" + printable(operand->undefined_name()) + "' is undefined");
  if (op == "%" && a.is_string()) return format_percent(r, a, b);
  if (op == "*" && is_repeatable(a) && b.is_whole()) return repeated(a, b.integer(), r);
  if (op == "*" && is_repeatable(b) && a.is_whole()) return repeated(b, a.integer(), r);
  if (!a.is_number() || !b.is_number()) {
    if (op == "+") return added(a, b, r);
    refuse(op, a, b);
  }
  if (op == "/") {
    if (b.real() == 0) refuse_zero(op);
    return a.real() / b.real();
  }
  if (a.is_whole() && b.is_whole()) {
    if (op == "**" && b.integer() < 0) return power_of(a.real(), b.real());
    return whole_result(op, a.integer(), b.integer());
  }
  const double x = a.real(), y = b.real();
  if (op == "+") return x + y;
  if (op == "-") return x - y;
  if (op == "*") return x * y;
  if (op == "**") return power_of(x, y);
  if (y == 0) refuse_zero(op);
  return floored_real(op, x, y);
}

Value negative(const Value& value) {
  if (value.is_undefined()) fail("'" + printable(value.undefined_name()) + "' is undefined");
  if (value.is_real()) return -value.real();
  if (!value.is_whole()) fail(std::string("'-': expected a number, found ") + value.type());
  return whole_result("-", 0, value.integer());
}

bool contains(const Value& all, const Value& part, Renderer& r) {
  if (all.is_string()) {
    if (!part.is_string())
      fail(std::string("in: expected a string to look for, found ") + part.type());
    return find_text(all.string(), part.string(), 0, r.meter) != std::string::npos;
  }
  if (part.is_string()) r.meter.read(part.string().size());
  if (all.is_dict()) return all.dict().find(part) != nullptr;
  if (!all.is_list() && !all.is_undefined())
    fail(std::string("in: expected something to look in, found ") + all.type());
  return std::ranges::any_of(r.elements(all)->items,
                             [&](const Value& each) { return equal(part, each, r.meter); });
}

bool compare(std::string_view op, const Value& a, const Value& b, Renderer& r) {
  if (op == "==") return equal(a, b, r.meter);
  if (op == "!=") return !equal(a, b, r.meter);
  if (op == "in") return contains(b, a, r);
  if (op == "not in") return !contains(b, a, r);
  if (op == "<") return less(a, b, r.meter);
  if (op == ">") return less(b, a, r.meter);
  // Not the inverse of the others: no order holds with what is not a number.
  return op == "<=" ? less(a, b, r.meter) || equal(a, b, r.meter)
                    : less(b, a, r.meter) || equal(a, b, r.meter);
}

}  // namespace quipu::jinja
