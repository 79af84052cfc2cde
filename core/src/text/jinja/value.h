// Values of templates, as Python has them: what Jinja's documentation calls objects.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace quipu::jinja {

class Value;
class Renderer;
struct Arguments;

/// What a name that nobody set stands for; `name` is for messages.
struct Undefined {
  std::string name;
};
struct None {};

struct List {
  std::vector<Value> items;
  bool tuple = false;
  /// A generator in Python: it can be gone over, and neither counted nor written as JSON.
  bool generator = false;
};

/// Keys in the order in which they came.
class Dict {
 public:
  std::vector<std::pair<Value, Value>> items;
  bool is_namespace = false;  ///< what {% set ns.x = … %} may change

  const Value* find(const Value& key) const;
  void set(const Value& key, Value value);

 private:
  std::unordered_map<std::string, std::size_t> index_;
};

struct Text {
  std::string text;
  bool safe = false;
};

struct Function {
  std::string name;
  std::function<Value(Renderer&, Arguments&)> call;
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
  Value(std::string text) : Value(std::move(text), false) {}
  /// A safe text is what the filter of that name gives: what is added to it is escaped as HTML.
  Value(std::string text, bool safe)
      : data_(std::make_shared<const Text>(Text{std::move(text), safe})) {}
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(List list) : data_(std::make_shared<const List>(std::move(list))) {}
  Value(Dict dict) : data_(std::make_shared<Dict>(std::move(dict))) {}
  Value(Function function) : data_(std::make_shared<const Function>(std::move(function))) {}

  bool is_none() const { return holds<None>(); }
  bool is_undefined() const { return holds<std::shared_ptr<const Undefined>>(); }
  bool is_bool() const { return holds<bool>(); }
  bool is_integer() const { return holds<std::int64_t>(); }
  bool is_real() const { return holds<double>(); }
  bool is_string() const { return holds<std::shared_ptr<const Text>>(); }
  bool is_list() const { return holds<std::shared_ptr<const List>>(); }
  bool is_dict() const { return holds<std::shared_ptr<Dict>>(); }
  bool is_function() const { return holds<std::shared_ptr<const Function>>(); }
  /// A number in Python's sense: booleans are 0 and 1.
  bool is_number() const { return is_integer() || is_real() || is_bool(); }
  bool is_whole() const { return is_integer() || is_bool(); }

  const std::string& undefined_name() const {
    return std::get<std::shared_ptr<const Undefined>>(data_)->name;
  }
  std::int64_t integer() const {
    return is_bool() ? std::int64_t{std::get<bool>(data_)} : std::get<std::int64_t>(data_);
  }
  double real() const {
    return is_real() ? std::get<double>(data_) : static_cast<double>(integer());
  }
  const std::string& string() const { return std::get<std::shared_ptr<const Text>>(data_)->text; }
  bool is_safe() const { return is_string() && std::get<std::shared_ptr<const Text>>(data_)->safe; }
  const std::vector<Value>& list() const {
    return std::get<std::shared_ptr<const List>>(data_)->items;
  }
  bool is_tuple() const { return is_list() && std::get<std::shared_ptr<const List>>(data_)->tuple; }
  bool is_generator() const {
    return is_list() && std::get<std::shared_ptr<const List>>(data_)->generator;
  }
  Dict& dict() const { return *std::get<std::shared_ptr<Dict>>(data_); }
  const Function& function() const { return *std::get<std::shared_ptr<const Function>>(data_); }
  bool is_same_object(const Value& other) const { return data_ == other.data_; }

  /// What `if` asks.
  bool truth() const;
  /// "string", "list" and so on, for messages.
  const char* type() const;
  /// Python's str() and repr().
  std::string text() const;
  std::string repr() const;

 private:
  template <class T>
  bool holds() const {
    return std::holds_alternative<T>(data_);
  }
  void write_repr(std::string& out, int depth) const;

  struct Equal;
  std::variant<None, bool, std::int64_t, double, std::shared_ptr<const Undefined>,
               std::shared_ptr<const Text>, std::shared_ptr<const List>, std::shared_ptr<Dict>,
               std::shared_ptr<const Function>>
      data_;
};

inline bool operator==(None, None) {
  return true;
}

bool equal(const Value& a, const Value& b);
/// Throws for values that Python does not order.
bool less(const Value& a, const Value& b);

/// Python's repr of a number: the shortest decimals that read back as it.
std::string number_text(double x);

/// A text with &, <, >, " and ' written as HTML has them.
std::string escaped(std::string_view text);

/// Code points of a text.
std::size_t length_of(std::string_view text);
std::vector<std::string_view> code_points(std::string_view text);

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The positional argument, else the named one, else null.
  const Value* find(std::size_t position, std::string_view name) const {
    if (position < positional.size()) return &positional[position];
    for (const auto& [key, value] : named)
      if (key == name) return &value;
    return nullptr;
  }
  Value get(std::size_t position, std::string_view name, Value otherwise) const {
    const Value* found = find(position, name);
    return found ? *found : otherwise;
  }
};

/// JSON to values, and back as Python's json.dumps writes it (ensure_ascii=False).
Value parse_json(std::string_view text);
struct JsonStyle {
  int indent = -1;  ///< spaces per level; -1 = all in one line
  std::string item_separator = ", ", key_separator = ": ";
  bool sort_keys = false, ascii = false;
};
std::string to_json(const Value& value, const JsonStyle& style);

}  // namespace quipu::jinja
