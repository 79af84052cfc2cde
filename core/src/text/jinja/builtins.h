// What templates have by name (Jinja 3.1, "List of Builtin …"), and what chat templates expect
// beside it: raise_exception, strftime_now, tojson with options.
#pragma once

#include <initializer_list>
#include <map>
#include <string_view>

#include "text/jinja/render.h"

namespace quipu::jinja {

using Call = Value (*)(Renderer&, const Value&, const Arguments&);
using Calls = std::map<std::string_view, Call>;
using Tests = std::map<std::string_view, bool (*)(Renderer&, const Value&, const Arguments&)>;

const Calls& string_methods();
const Calls& list_methods();
const Calls& dict_methods();

const Calls& text_filters();
const Calls& number_filters();
const Calls& sequence_filters();
/// Of any of the three, or null.
Call filter_named(std::string_view name);

const Tests& tests();
/// range, namespace, raise_exception …
const std::map<std::string, Value, std::less<>>& globals();

/// A method of a value, or undefined.
Value method(const Value& object, std::string_view name);

/// The arguments of a call by number, whether they were given by position or by name. Throws
/// Failure for what the function does not take.
class Given {
 public:
  /// `names` of parameters, "" for one that has no name; the first `required` must be there.
  Given(const char* function, const Arguments& arguments, std::initializer_list<const char*> names,
        std::size_t required = 0);
  /// It refers to the arguments.
  Given(const char*, const Arguments&&, std::initializer_list<const char*>,
        std::size_t = 0) = delete;

  const Value* operator[](std::size_t i) const { return values_[i]; }
  /// Not there, or none.
  bool lacks(std::size_t i) const { return !values_[i] || values_[i]->is_none(); }
  bool flag(std::size_t i, bool otherwise = false) const {
    return values_[i] ? values_[i]->truth() : otherwise;
  }
  std::int64_t integer(std::size_t i, std::int64_t otherwise) const;
  const std::string& string(std::size_t i) const;

 private:
  static constexpr std::size_t most = 6;
  const char* function_;
  const Value* values_[most] = {};
};

/// A text that a builtin made, counted.
Value made(Renderer& renderer, std::string text, bool safe = false);
Value made(Renderer& renderer, List list);

}  // namespace quipu::jinja
