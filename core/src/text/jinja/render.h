// Renders a parsed template. Nothing of the host can be reached: values have the methods, filters
// and tests that builtins.h lists, and no others.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/syntax.h"

namespace quipu::jinja {

/// Names that a block sets; those around it are seen through it.
struct Scope {
  std::map<std::string, Value, std::less<>> names;
  std::shared_ptr<Scope> outer;
  bool kept = false;
};

class Namespace;

/// What a loop goes over, kept for as long as it takes.
struct Elements {
  std::shared_ptr<const List> list;
  const List* operator->() const { return list.get(); }
  auto begin() const { return list->items.begin(); }
  auto end() const { return list->items.end(); }
};

struct Now {
  int year, month, day, hour, minute, second;
};

class Renderer {
 public:
  Renderer(const Body& body, Now now, Budget budget = {}) : meter(budget), body_(body), now_(now) {}
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  /// Once. Throws Error{invalid} for what the template does wrong, with the line, and Raised for
  /// raise_exception.
  std::string render(const Dict& variables);

  Meter meter;
  const Now& now() const { return now_; }

  // What builtins use.
  Value call(const Value& function, Arguments& arguments);
  Value filter(std::string_view name, const Value& value, const Arguments& arguments);
  bool test(std::string_view name, const Value& value, const Arguments& arguments);
  Value attribute(const Value& object, std::string_view name);
  Value item(const Value& object, const Value& key);
  /// What a loop goes over; marks generators as spent.
  Elements elements(const Value& value);
  std::string text(const Value& value) { return text_of(value, meter); }
  Value new_namespace(Dict values);

  // What macros and loops use.
  std::string call_macro(const Statement& macro, const std::shared_ptr<Scope>& around,
                         Arguments& arguments);
  std::string loop_again(const Statement& loop, const std::shared_ptr<Scope>& around,
                         const Value& over, int depth);

 private:
  enum class Flow { normal, leave, next };
  class Deeper;
  class Inside;

  // statements.cpp
  Flow run(const Body& body);
  Flow run(const Statement& s);
  Flow loop(const Statement& s, std::shared_ptr<const List> elements, int depth);
  std::shared_ptr<const List> kept_by_condition(const Statement& s, const List& all);
  void assign(const Target& target, const Value& value);
  void keep(const std::shared_ptr<Scope>& scope);
  Value macro(const Statement& s);
  void bind(const Statement& macro, Arguments& given);
  std::string captured(const Body& body);
  void write(std::string_view text);

  // expressions.cpp
  Value evaluate(const Expression& e);
  Value name(std::string_view name);
  Value slice(const Expression& e);
  void arguments(const Expression& e, Arguments& out);
  Value call_expression(const Expression& e, const Value* caller);
  Value filtered(const Expression& e, const Value& value);

  const Body& body_;
  Now now_;
  int line_ = 0;
  std::shared_ptr<Scope> scope_;
  std::string out_;
  /// What macros, recursive loops and namespaces may hold in circles; emptied at the end, one by
  /// one, so that nothing is freed in a deep recursion.
  std::vector<std::shared_ptr<Scope>> kept_;
  std::vector<std::shared_ptr<Namespace>> namespaces_;
};

/// raise_exception of a template; the message is its own.
class Raised : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// operators.cpp
Value binary(std::string_view op, const Value& a, const Value& b, Renderer& renderer);
bool compare(std::string_view op, const Value& a, const Value& b, Renderer& renderer);
bool contains(const Value& all, const Value& part, Renderer& renderer);
Value negative(const Value& value);

}  // namespace quipu::jinja
