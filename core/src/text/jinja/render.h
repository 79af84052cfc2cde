// Renders a parsed template. Nothing of the host can be reached: values have the methods and
// filters that builtins.cpp lists, and no others.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "text/jinja/syntax.h"

namespace quipu::jinja {

/// What a rendering may cost. A template that needs more is an error.
struct Budget {
  std::uint64_t steps = 4'000'000;    ///< expressions and statements
  std::uint64_t bytes = 64ull << 20;  ///< of all texts and lists that are made
  int depth = 400;                    ///< of expressions, blocks and macros in each other
};

struct Now {
  int year, month, day, hour, minute, second;
};

class Renderer {
 public:
  Renderer(const Body& body, Now now, Budget budget = {}) : body_(body), now_(now), left_(budget) {}

  /// Throws Error{invalid} for what the template does wrong, and Raised for raise_exception.
  std::string render(const Dict& variables);

  const Now& now() const { return now_; }

  // What builtins use.
  Value call(const Value& function, Arguments& arguments);
  Value filter(const std::string& name, const Value& value, Arguments& arguments);
  bool test(const std::string& name, const Value& value, Arguments& arguments);
  Value attribute(const Value& object, const std::string& name);
  Value item(const Value& object, const Value& key);
  /// The elements of a value that a loop goes over.
  std::vector<Value> elements(const Value& value);
  /// Notes that so many bytes are made.
  void spend(std::uint64_t bytes);
  [[noreturn]] void fail(const std::string& what) const;

 private:
  enum class Flow { normal, leave, next };
  using Frame = std::map<std::string, Value, std::less<>>;
  class Deeper;

  Value evaluate(const Expression& e);
  Value name(const Expression& e);
  Value slice(const Expression& e);
  Value binary(const std::string& op, const Value& a, const Value& b);
  bool compare(const std::string& op, const Value& a, const Value& b);
  void arguments(const Expression& e, Arguments& out);
  Value call_expression(const Expression& e, const Value* caller);
  Value filtered(const Expression& e, const Value& value);

  Flow run(const Body& body);
  Flow run(const Statement& s);
  Flow loop(const Statement& s, const std::vector<Value>& elements, int depth);
  Value loop_variable(const Statement& s, const std::vector<Value>& elements, std::size_t i,
                      int depth);
  void assign(const std::vector<std::string>& targets, const Value& value);
  void assign_one(const std::string& target, const Value& value);
  Value macro(const Statement& s);
  std::string captured(const Body& body);
  void write(std::string_view text);

  const Body& body_;
  Now now_;
  Budget left_;
  int line_ = 0;
  std::vector<Frame> frames_;
  std::string out_;
};

/// raise_exception of a template; the message is its own.
class Raised : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Functions that every template has: range, namespace, raise_exception …
const std::map<std::string, Value, std::less<>>& globals();
/// A method of a value, or undefined.
Value method(const Value& object, const std::string& name);

}  // namespace quipu::jinja
