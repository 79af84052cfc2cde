// Values of templates, as Python has them: what Jinja's documentation calls objects.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja/meter.h"

namespace quipu::jinja {

class Value;
class Renderer;
struct Arguments;

/// Of lists and mappings in each other: what goes over them recurses as deep, and so does what
/// frees them.
inline constexpr int deepest_value = 100;

/// What a name that nobody set stands for; `name` is for messages.
struct Undefined {
  std::string name;
};
struct None {};

struct Text {
  std::string text;
  bool safe = false;  ///< no longer to be escaped: Markup in Python
  bool ascii = true;
};

struct List {
  /// What it is in Python. All can be gone over; only lists, tuples and ranges have elements by
  /// number, and a generator can be gone over once.
  enum class Kind { list, tuple, range, generator, keys, values, items, group };
  std::vector<Value> items;
  Kind kind = Kind::list;
  std::string shown = {};  ///< repr of a range
  int depth = 1;
  mutable bool spent = false;  ///< a generator that was gone over
};

/// Keys in the order in which they came.
class Dict {
 public:
  std::vector<std::pair<Value, Value>> items;
  int depth = 1;

  /// Throws Failure for a key that Python cannot hash.
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(const Value& key, Value value);

 private:
  std::size_t position(const Value& key) const;
  /// Made when there are many.
  std::unordered_map<std::string, std::size_t> index_;
};

/// What is neither number, text nor collection: functions, macros, namespaces, loop.
class Object {
 public:
  virtual ~Object();
  virtual const char* type() const = 0;  ///< "function", for messages
  virtual std::string repr() const = 0;
  virtual bool callable() const { return false; }
  virtual Value call(Renderer& renderer, Arguments& arguments);
  virtual Value attribute(Renderer& renderer, std::string_view name);
  /// Of the values in it.
  virtual int depth() const { return 1; }
};

/// Cheap to copy: large ones are shared. Only namespaces change after they are made.
class Value {
 public:
  Value() : data_(None{}) {}
  Value(Undefined undefined) : data_(std::make_shared<const Undefined>(std::move(undefined))) {}
  Value(bool b) : data_(b) {}
  Value(int i) : data_(std::int64_t{i}) {}
  Value(std::int64_t i) : data_(i) {}
  Value(double x) : data_(x) {}
  Value(std::string text, bool safe = false);
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  /// Both throw Failure for what is nested too deep.
  Value(List list);
  Value(Dict dict);
  Value(std::shared_ptr<Object> object) : data_(std::move(object)) {}
  /// A number from 2^63 to 2^64 - 1, which JSON may have; it is shown, and not reckoned with.
  static Value large(std::uint64_t number);

  bool is_none() const { return holds<None>(); }
  bool is_undefined() const { return holds<std::shared_ptr<const Undefined>>(); }
  bool is_bool() const { return holds<bool>(); }
  bool is_integer() const { return holds<std::int64_t>(); }
  bool is_large() const { return holds<std::uint64_t>(); }
  bool is_real() const { return holds<double>(); }
  bool is_string() const { return holds<std::shared_ptr<const Text>>(); }
  bool is_list() const { return holds<std::shared_ptr<const List>>(); }
  bool is_dict() const { return holds<std::shared_ptr<const Dict>>(); }
  bool is_object() const { return holds<std::shared_ptr<Object>>(); }
  /// A number in Python's sense: booleans are 0 and 1.
  bool is_number() const { return is_integer() || is_real() || is_bool(); }
  bool is_whole() const { return is_integer() || is_bool(); }

  const std::string& undefined_name() const {
    return std::get<std::shared_ptr<const Undefined>>(data_)->name;
  }
  std::int64_t integer() const {
    return is_bool() ? std::int64_t{std::get<bool>(data_)} : std::get<std::int64_t>(data_);
  }
  std::uint64_t large() const { return std::get<std::uint64_t>(data_); }
  double real() const {
    return is_real() ? std::get<double>(data_) : static_cast<double>(integer());
  }
  const Text& text() const { return *std::get<std::shared_ptr<const Text>>(data_); }
  const std::string& string() const { return text().text; }
  bool is_safe() const { return is_string() && text().safe; }
  const std::shared_ptr<const List>& shared_list() const {
    return std::get<std::shared_ptr<const List>>(data_);
  }
  const std::vector<Value>& list() const { return shared_list()->items; }
  List::Kind list_kind() const { return shared_list()->kind; }
  bool is_tuple() const {
    return is_list() && (list_kind() == List::Kind::tuple || list_kind() == List::Kind::group);
  }
  bool is_generator() const { return is_list() && list_kind() == List::Kind::generator; }
  /// A list, tuple or range.
  bool is_indexed() const {
    return is_list() && (list_kind() <= List::Kind::range || list_kind() == List::Kind::group);
  }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }
  const std::shared_ptr<Object>& object() const { return std::get<std::shared_ptr<Object>>(data_); }
  template <class T>
  T* object_as() const {
    return is_object() ? dynamic_cast<T*>(object().get()) : nullptr;
  }
  /// Python's `is`.
  bool is_same(const Value& other) const;

  /// Of lists, mappings and objects in each other, this one included; 0 for others.
  int depth() const;
  /// What `if` asks.
  bool truth() const;
  /// "string", "list" and so on, for messages.
  const char* type() const;

 private:
  template <class T>
  bool holds() const {
    return std::holds_alternative<T>(data_);
  }
  std::variant<None, bool, std::int64_t, std::uint64_t, double, std::shared_ptr<const Undefined>,
               std::shared_ptr<const Text>, std::shared_ptr<const List>,
               std::shared_ptr<const Dict>, std::shared_ptr<Object>>
      data_;
};

bool equal(const Value& a, const Value& b, Meter& meter);
/// Throws Failure for values that Python does not order.
bool less(const Value& a, const Value& b, Meter& meter);

/// Python's str() and repr().
std::string text_of(const Value& value, Meter& meter);
std::string repr_of(const Value& value, Meter& meter);
/// Python's repr of a number: the shortest decimals that read back as it.
std::string number_text(double x);
/// Python's repr of a text; `ascii` escapes all else.
std::string quoted(std::string_view text, bool ascii = false);

/// A text with &, <, >, " and ' written as HTML has them.
std::string escaped(std::string_view text);

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// JSON to values. Throws Error{usage}.
Value parse_json(std::string_view text);
/// And back, as Python's json.dumps writes it.
struct JsonStyle {
  bool pretty = false;  ///< each element on a line, behind `indent` for each level
  std::string indent;
  std::string item_separator = ", ", key_separator = ": ";
  bool sort_keys = false, ascii = false;
};
std::string to_json(const Value& value, const JsonStyle& style, Meter& meter);

}  // namespace quipu::jinja
