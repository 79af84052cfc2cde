// What comes behind "is".
#include <cmath>

#include "text/jinja/builtins.h"
#include "text/jinja/objects.h"
#include "text/jinja/unicode.h"

namespace quipu::jinja {
namespace {

// x % y == z in Python's sense.
bool rest_is(Renderer& r, const Value& x, const Value& y, int z) {
  return equal(binary("%", x, y, r), z, r.meter);
}

bool compares(const char* op, Renderer& r, const Value& v, const Arguments& a) {
  return compare(op, v, *Given(op, a, {""}, 1)[0], r);
}

bool has_case(Renderer& r, const Value& v, bool (*is)(std::int32_t),
              bool (*is_other)(std::int32_t)) {
  bool found = false;
  const std::string text = r.text(v);
  for (std::string_view rest = text; !rest.empty();) {
    const std::int32_t c = number_of_point(take_point(rest));
    if (is_other(c) || is_title(c)) return false;
    found |= is(c);
  }
  return found;
}

Tests all_tests() {
  Tests all = {
      {"defined", [](Renderer&, const Value& v, const Arguments&) { return !v.is_undefined(); }},
      {"undefined", [](Renderer&, const Value& v, const Arguments&) { return v.is_undefined(); }},
      {"none", [](Renderer&, const Value& v, const Arguments&) { return v.is_none(); }},
      {"string", [](Renderer&, const Value& v, const Arguments&) { return v.is_string(); }},
      {"mapping", [](Renderer&, const Value& v, const Arguments&) { return v.is_dict(); }},
      {"sequence",
       [](Renderer&, const Value& v, const Arguments&) {
         return v.is_indexed() || v.is_string() || v.is_dict() || v.is_undefined();
       }},
      {"iterable",
       [](Renderer&, const Value& v, const Arguments&) {
         return v.is_list() || v.is_string() || v.is_dict() || v.is_undefined() ||
                v.object_as<LoopVariable>();
       }},
      {"boolean", [](Renderer&, const Value& v, const Arguments&) { return v.is_bool(); }},
      {"true",
       [](Renderer&, const Value& v, const Arguments&) { return v.is_bool() && v.truth(); }},
      {"false",
       [](Renderer&, const Value& v, const Arguments&) { return v.is_bool() && !v.truth(); }},
      {"integer",
       [](Renderer&, const Value& v, const Arguments&) { return v.is_integer() || v.is_large(); }},
      {"float", [](Renderer&, const Value& v, const Arguments&) { return v.is_real(); }},
      {"number",
       [](Renderer&, const Value& v, const Arguments&) { return v.is_number() || v.is_large(); }},
      {"callable",
       [](Renderer&, const Value& v, const Arguments&) {
         // What is undefined has a method __call__, which refuses.
         return v.is_undefined() || (v.is_object() && v.object()->callable());
       }},
      {"odd", [](Renderer& r, const Value& v, const Arguments&) { return rest_is(r, v, 2, 1); }},
      {"even", [](Renderer& r, const Value& v, const Arguments&) { return rest_is(r, v, 2, 0); }},
      {"divisibleby",
       [](Renderer& r, const Value& v, const Arguments& a) {
         return rest_is(r, v, *Given("divisibleby", a, {"num"}, 1)[0], 0);
       }},
      {"upper", [](Renderer& r, const Value& v,
                   const Arguments&) { return has_case(r, v, is_upper, is_lower); }},
      {"lower", [](Renderer& r, const Value& v,
                   const Arguments&) { return has_case(r, v, is_lower, is_upper); }},
      {"in",
       [](Renderer& r, const Value& v, const Arguments& a) { return compares("in", r, v, a); }},
      {"eq",
       [](Renderer& r, const Value& v, const Arguments& a) { return compares("==", r, v, a); }},
      {"ne",
       [](Renderer& r, const Value& v, const Arguments& a) { return compares("!=", r, v, a); }},
      {"lt",
       [](Renderer& r, const Value& v, const Arguments& a) { return compares("<", r, v, a); }},
      {"gt",
       [](Renderer& r, const Value& v, const Arguments& a) { return compares(">", r, v, a); }},
      {"le",
       [](Renderer& r, const Value& v, const Arguments& a) { return compares("<=", r, v, a); }},
      {"ge",
       [](Renderer& r, const Value& v, const Arguments& a) { return compares(">=", r, v, a); }},
      {"sameas",
       [](Renderer&, const Value& v, const Arguments& a) {
         return v.is_same(*Given("sameas", a, {"other"}, 1)[0]);
       }},
      {"escaped", [](Renderer&, const Value& v, const Arguments&) { return v.is_safe(); }},
      {"filter", [](Renderer&, const Value& v,
                    const Arguments&) { return v.is_string() && filter_named(v.string()); }},
      {"test", [](Renderer&, const Value& v,
                  const Arguments&) { return v.is_string() && tests().contains(v.string()); }},
  };
  for (const auto& [name, other] : {std::pair{"equalto", "eq"},
                                    {"==", "eq"},
                                    {"!=", "ne"},
                                    {"lessthan", "lt"},
                                    {"<", "lt"},
                                    {"greaterthan", "gt"},
                                    {">", "gt"},
                                    {"<=", "le"},
                                    {">=", "ge"}})
    all[name] = all[other];
  return all;
}

}  // namespace

const Tests& tests() {
  static const Tests all = all_tests();
  return all;
}

}  // namespace quipu::jinja
