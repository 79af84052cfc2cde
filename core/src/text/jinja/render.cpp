#include "text/jinja/render.h"

#include <algorithm>
#include <cmath>

#include "quipu/error.h"

namespace quipu::jinja {

class Renderer::Deeper {
 public:
  explicit Deeper(Renderer& renderer) : renderer_(renderer) {
    if (renderer_.left_.depth-- <= 0) renderer_.fail("expected less nesting of blocks and calls");
    if (renderer_.left_.steps-- == 0) renderer_.fail("expected to be done in 4 million steps");
  }
  ~Deeper() { ++renderer_.left_.depth; }

 private:
  Renderer& renderer_;
};

void Renderer::fail(const std::string& what) const {
  throw Error(ErrorCode::invalid,
              "template" + (line_ ? ", line " + std::to_string(line_) : "") + ": " + what);
}

void Renderer::spend(std::uint64_t bytes) {
  if (bytes > left_.bytes) fail("expected to make at most 64 MiB of text");
  left_.bytes -= bytes;
}

void Renderer::write(std::string_view text) {
  spend(text.size());
  out_ += text;
}

std::string Renderer::render(const Dict& variables) {
  frames_.assign(1, {});
  for (const auto& [key, value] : variables.items) frames_[0].insert_or_assign(key.text(), value);
  out_.clear();
  run(body_);
  return std::move(out_);
}

// ---- statements

Renderer::Flow Renderer::run(const Body& body) {
  for (const Statement& s : body)
    if (const Flow flow = run(s); flow != Flow::normal) return flow;
  return Flow::normal;
}

std::string Renderer::captured(const Body& body) {
  std::string outside;
  std::swap(out_, outside);
  run(body);
  std::swap(out_, outside);
  return outside;
}

Renderer::Flow Renderer::run(const Statement& s) {
  using Kind = Statement::Kind;
  const Deeper deeper(*this);
  if (s.line) line_ = s.line;
  switch (s.kind) {
  case Kind::text:
    write(s.text);
    break;
  case Kind::print:
    write(evaluate(*s.expression).text());
    break;
  case Kind::choice:
    for (const auto& [condition, body] : s.branches)
      if (evaluate(*condition).truth()) return run(body);
    return run(s.otherwise);
  case Kind::loop:
    return loop(s, elements(evaluate(*s.expression)), 1);
  case Kind::assign:
    assign(s.targets, evaluate(*s.expression));
    break;
  case Kind::assign_body: {
    frames_.emplace_back();
    Value text = captured(s.body);
    frames_.pop_back();
    assign(s.targets, s.expression ? filtered(*s.expression, text) : text);
    break;
  }
  case Kind::macro:
    frames_.back().insert_or_assign(s.text, macro(s));
    break;
  case Kind::call: {
    const Value caller = macro(s);
    write(call_expression(*s.expression, &caller).text());
    break;
  }
  case Kind::filter: {
    frames_.emplace_back();
    const Value text = captured(s.body);
    frames_.pop_back();
    write(filtered(*s.expression, text).text());
    break;
  }
  case Kind::scope: {
    Frame frame;
    for (const auto& [key, value] : s.named) frame.insert_or_assign(key, evaluate(*value));
    frames_.push_back(std::move(frame));
    const Flow flow = run(s.body);
    frames_.pop_back();
    return flow;
  }
  case Kind::group:
    return run(s.body);
  case Kind::leave:
    return Flow::leave;
  case Kind::next:
    return Flow::next;
  }
  return Flow::normal;
}

Renderer::Flow Renderer::loop(const Statement& s, const std::vector<Value>& all, int depth) {
  std::vector<Value> kept;
  if (s.condition) {
    for (const Value& element : all) {
      frames_.emplace_back();
      assign(s.targets, element);
      if (evaluate(*s.condition).truth()) kept.push_back(element);
      frames_.pop_back();
    }
  }
  const std::vector<Value>& elements = s.condition ? kept : all;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    frames_.emplace_back();
    frames_.back().insert_or_assign("loop", loop_variable(s, elements, i, depth));
    assign(s.targets, elements[i]);
    const Flow flow = run(s.body);
    frames_.pop_back();
    if (flow == Flow::leave) return Flow::normal;
  }
  if (elements.empty()) return run(s.otherwise);
  return Flow::normal;
}

Value Renderer::loop_variable(const Statement& s, const std::vector<Value>& elements, std::size_t i,
                              int depth) {
  const auto count = static_cast<std::int64_t>(elements.size());
  const auto index = static_cast<std::int64_t>(i);
  spend(500);  // about what the variable takes
  Dict loop;
  loop.set("index", index + 1);
  loop.set("index0", index);
  loop.set("revindex", count - index);
  loop.set("revindex0", count - index - 1);
  loop.set("first", index == 0);
  loop.set("last", index + 1 == count);
  loop.set("length", count);
  loop.set("depth", depth);
  loop.set("depth0", depth - 1);
  loop.set("previtem", i ? elements[i - 1] : Value(Undefined{"loop.previtem"}));
  loop.set("nextitem",
           i + 1 < elements.size() ? elements[i + 1] : Value(Undefined{"loop.nextitem"}));
  loop.set("cycle",
           Function{"cycle", [index](Renderer& r, Arguments& a) {
                      if (a.positional.empty()) r.fail("cycle: expected values");
                      return a.positional[static_cast<std::size_t>(index) % a.positional.size()];
                    }});
  if (s.recursive)
    loop.set("recurse", Function{"loop", [&s, depth](Renderer& r, Arguments& a) -> Value {
                                   if (a.positional.size() != 1) r.fail("loop: expected a list");
                                   const auto inner = r.elements(a.positional[0]);
                                   std::string outside;
                                   std::swap(r.out_, outside);
                                   r.loop(s, inner, depth + 1);
                                   std::swap(r.out_, outside);
                                   return outside;
                                 }});
  return loop;
}

void Renderer::assign(const std::vector<std::string>& targets, const Value& value) {
  if (targets.size() == 1) return assign_one(targets[0], value);
  const auto parts = elements(value);
  if (parts.size() != targets.size())
    fail("expected " + std::to_string(targets.size()) + " values to unpack, found " +
         std::to_string(parts.size()));
  for (std::size_t i = 0; i < targets.size(); ++i) assign_one(targets[i], parts[i]);
}

void Renderer::assign_one(const std::string& target, const Value& value) {
  const std::size_t dot = target.find('.');
  if (dot == std::string::npos) {
    frames_.back().insert_or_assign(target, value);
    return;
  }
  Expression object;
  object.kind = Expression::Kind::name;
  object.text = target.substr(0, dot);
  const Value space = name(object);
  if (!space.is_dict() || !space.dict().is_namespace)
    fail(object.text + ": expected a namespace, found " + space.type());
  // No namespace holds itself: nothing would ever free it.
  if (value.is_dict() && value.is_same_object(space))
    fail(object.text + ": expected a value that is not the namespace itself");
  space.dict().set(std::string_view(target).substr(dot + 1), value);
}

// A macro sees what the template set at its top, its parameters, and nothing of where it is called.
Value Renderer::macro(const Statement& s) {
  const bool is_call = s.kind == Statement::Kind::call;
  // The body of a call block sees what is around it.
  std::vector<Frame> around;
  if (is_call) around.assign(frames_.begin() + 1, frames_.end());
  return Function{is_call ? "caller" : s.text,
                  [&s, around](Renderer& r, Arguments& given) -> Value {
                    const Deeper deeper(r);
                    Frame frame;
                    std::vector<bool> used(given.named.size());
                    for (std::size_t i = 0; i < s.parameters.size(); ++i) {
                      const Parameter& p = s.parameters[i];
                      Value value{Undefined{p.name}};
                      if (i < given.positional.size()) {
                        value = given.positional[i];
                      } else if (const auto named = std::ranges::find(
                                     given.named, p.name, [](const auto& n) { return n.first; });
                                 named != given.named.end()) {
                        value = named->second;
                        used[static_cast<std::size_t>(named - given.named.begin())] = true;
                      } else if (p.otherwise) {
                        value = r.evaluate(*p.otherwise);
                      }
                      frame.insert_or_assign(p.name, std::move(value));
                    }
                    List rest;
                    for (std::size_t i = s.parameters.size(); i < given.positional.size(); ++i)
                      rest.items.push_back(given.positional[i]);
                    rest.tuple = true;
                    Dict others;
                    for (std::size_t i = 0; i < given.named.size(); ++i) {
                      if (used[i]) continue;
                      if (given.named[i].first == "caller")
                        frame.insert_or_assign("caller", given.named[i].second);
                      else
                        others.set(given.named[i].first, given.named[i].second);
                    }
                    frame.insert_or_assign("varargs", std::move(rest));
                    frame.insert_or_assign("kwargs", std::move(others));

                    std::vector<Frame> frames;
                    frames.push_back(std::move(r.frames_[0]));
                    frames.insert(frames.end(), around.begin(), around.end());
                    frames.push_back(std::move(frame));
                    std::swap(frames, r.frames_);
                    struct Restore {
                      Renderer& r;
                      std::vector<Frame>& frames;
                      ~Restore() {
                        frames[0] = std::move(r.frames_[0]);
                        std::swap(frames, r.frames_);
                      }
                    } restore{r, frames};
                    return r.captured(s.body);
                  }};
}

// ---- expressions

Value Renderer::name(const Expression& e) {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame)
    if (const auto found = frame->find(e.text); found != frame->end()) return found->second;
  const auto found = globals().find(e.text);
  return found != globals().end() ? found->second : Value(Undefined{e.text});
}

Value Renderer::attribute(const Value& object, const std::string& name) {
  if (object.is_undefined())
    fail("'" + printable(object.undefined_name()) + "' is undefined, and has no attribute '" +
         printable(name) + "'");
  if (object.is_dict() && object.dict().is_namespace) {
    const Value* found = object.dict().find(name);
    return found ? *found : Value(Undefined{name});
  }
  if (Value found = method(object, name); !found.is_undefined()) return found;
  if (object.is_dict())
    if (const Value* found = object.dict().find(name)) return *found;
  return Undefined{name};
}

Value Renderer::item(const Value& object, const Value& key) {
  if (object.is_undefined())
    fail("'" + printable(object.undefined_name()) + "' is undefined, and has no element '" +
         printable(key.text()) + "'");
  if (object.is_dict()) {
    if (const Value* found = object.dict().find(key)) return *found;
  } else if (key.is_whole() && (object.is_list() || object.is_string())) {
    std::int64_t index = key.integer();
    if (object.is_list()) {
      const auto size = static_cast<std::int64_t>(object.list().size());
      if (index < 0) index += size;
      if (index >= 0 && index < size) return object.list()[static_cast<std::size_t>(index)];
    } else {
      const auto points = code_points(object.string());
      const auto size = static_cast<std::int64_t>(points.size());
      if (index < 0) index += size;
      if (index >= 0 && index < size) return Value(points[static_cast<std::size_t>(index)]);
    }
  }
  if (key.is_string())
    if (Value found = method(object, key.string()); !found.is_undefined()) return found;
  return Undefined{key.text()};
}

Value Renderer::slice(const Expression& e) {
  const Value object = evaluate(*e.children[0]);
  if (!object.is_list() && !object.is_string())
    fail(std::string("expected a list or string to slice, found ") + object.type());
  std::vector<std::string_view> points;
  if (object.is_string()) points = code_points(object.string());
  const auto size =
      static_cast<std::int64_t>(object.is_list() ? object.list().size() : points.size());
  const auto part = [&](std::size_t i) -> std::optional<std::int64_t> {
    if (!e.children[i]) return std::nullopt;
    const Value value = evaluate(*e.children[i]);
    if (value.is_none()) return std::nullopt;
    if (!value.is_whole()) fail(std::string("slice: expected an integer, found ") + value.type());
    return value.integer();
  };
  const auto first = part(1), last = part(2);
  const std::int64_t step = part(3).value_or(1);
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
  list.tuple = object.is_tuple();
  std::string text;
  for (std::int64_t i = from; step > 0 ? i < to : i > to;) {
    if (object.is_list())
      list.items.push_back(object.list()[static_cast<std::size_t>(i)]);
    else
      text += points[static_cast<std::size_t>(i)];
    // A step that leaves the range ends the loop before it could overflow.
    if (step > 0 ? to - i <= step : i - to <= -step) break;
    i += step;
  }
  spend(text.size() + list.items.size() * sizeof(Value));
  if (object.is_list()) return list;
  return text;
}

bool Renderer::compare(const std::string& op, const Value& a, const Value& b) {
  if (op == "==") return equal(a, b);
  if (op == "!=") return !equal(a, b);
  if (op == "in" || op == "not in") {
    bool found = false;
    if (b.is_string()) {
      if (!a.is_string()) fail(std::string("in: expected a string to look for, found ") + a.type());
      found = b.string().find(a.string()) != std::string::npos;
    } else if (b.is_dict()) {
      found = b.dict().find(a) != nullptr;
    } else if (b.is_list()) {
      found = std::ranges::any_of(b.list(), [&](const Value& each) { return equal(a, each); });
    } else if (!b.is_undefined()) {
      fail(std::string("in: expected something to look in, found ") + b.type());
    }
    return found == (op == "in");
  }
  if (op == "<") return less(a, b);
  if (op == ">") return less(b, a);
  if (op == "<=") return !less(b, a);
  return !less(a, b);
}

Value Renderer::binary(const std::string& op, const Value& a, const Value& b) {
  if (op == "~") {
    std::string text = a.text() + b.text();
    spend(text.size());
    return text;
  }
  for (const Value* operand : {&a, &b})
    if (operand->is_undefined())
      fail("'" + printable(operand->undefined_name()) + "' is undefined");
  if (op == "+" && a.is_string() && b.is_string()) {
    const bool safe = a.is_safe() || b.is_safe();
    const auto part = [&](const Value& v) {
      return safe && !v.is_safe() ? escaped(v.string()) : v.string();
    };
    std::string text = part(a) + part(b);
    spend(text.size());
    return {std::move(text), safe};
  }
  if (op == "+" && a.is_list() && b.is_list()) {
    List sum{a.list(), a.is_tuple()};
    sum.items.insert(sum.items.end(), b.list().begin(), b.list().end());
    spend(sum.items.size() * sizeof(Value));
    return sum;
  }
  if (op == "*" && (a.is_string() || a.is_list()) && b.is_whole()) {
    const std::int64_t count = std::max<std::int64_t>(0, b.integer());
    const std::uint64_t size = a.is_string() ? a.string().size() : a.list().size() * sizeof(Value);
    if (size && static_cast<std::uint64_t>(count) > left_.bytes / size) spend(UINT64_MAX);
    spend(size * static_cast<std::uint64_t>(count));
    std::string text;
    List list;
    for (std::int64_t i = 0; size && i < count; ++i) {
      if (a.is_string())
        text += a.string();
      else
        list.items.insert(list.items.end(), a.list().begin(), a.list().end());
    }
    if (a.is_string()) return text;
    return list;
  }
  if (op == "%" && a.is_string()) {
    Arguments given;
    if (b.is_tuple())
      given.positional = b.list();
    else
      given.positional.push_back(b);
    return filter("format", a, given);
  }
  if (!a.is_number() || !b.is_number())
    fail("'" + op + "': expected numbers, found " + a.type() + " and " + b.type());
  if (op == "/") {
    if (b.real() == 0) fail("'/': expected a divisor that is not 0");
    return a.real() / b.real();
  }
  if (a.is_whole() && b.is_whole()) {
    const std::int64_t x = a.integer(), y = b.integer();
    std::int64_t z = 0;
    bool overflow = false;
    if (op == "+") overflow = __builtin_add_overflow(x, y, &z);
    if (op == "-") overflow = __builtin_sub_overflow(x, y, &z);
    if (op == "*") overflow = __builtin_mul_overflow(x, y, &z);
    if (op == "//" || op == "%") {
      if (y == 0) fail("'" + op + "': expected a divisor that is not 0");
      overflow = x == INT64_MIN && y == -1;
      if (!overflow) {
        const std::int64_t rest = x % y, floored = rest && (rest < 0) != (y < 0) ? rest + y : rest;
        z = op == "%" ? floored : (x - floored) / y;
      }
    }
    if (op == "**") {
      if (y < 0) return std::pow(a.real(), b.real());
      z = 1;
      for (std::int64_t i = 0; i < y && !overflow; ++i) {
        if (z == 0 || z == 1) {
          if (i > 0) break;
        }
        overflow = __builtin_mul_overflow(z, x, &z);
        if (x == -1 && i > 1) {
          z = y % 2 ? -1 : 1;
          break;
        }
      }
    }
    if (overflow) fail("'" + op + "': expected a result that 64 bits hold");
    return z;
  }
  const double x = a.real(), y = b.real();
  if (op == "+") return x + y;
  if (op == "-") return x - y;
  if (op == "*") return x * y;
  if (op == "**") return std::pow(x, y);
  if (y == 0) fail("'" + op + "': expected a divisor that is not 0");
  const double floored = std::floor(x / y);
  return op == "//" ? floored : x - floored * y;
}

void Renderer::arguments(const Expression& e, Arguments& out) {
  for (std::size_t i = 1; i < e.children.size(); ++i) {
    if (e.spread && i + 1 == e.children.size()) {
      const auto all = elements(evaluate(*e.children[i]));
      out.positional.insert(out.positional.end(), all.begin(), all.end());
    } else {
      out.positional.push_back(evaluate(*e.children[i]));
    }
  }
  for (const auto& [key, value] : e.named) out.named.emplace_back(key, evaluate(*value));
}

Value Renderer::call(const Value& function, Arguments& given) {
  if (function.is_undefined())
    fail("'" + printable(function.undefined_name()) + "' is undefined, and cannot be called");
  if (function.is_dict()) {
    if (const Value* recurse = function.dict().find("recurse")) return call(*recurse, given);
  }
  if (!function.is_function())
    fail(std::string("expected a function to call, found ") + function.type());
  return function.function().call(*this, given);
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
  const Deeper deeper(*this);
  const auto child = [&](std::size_t i) { return evaluate(*e.children[i]); };
  switch (e.kind) {
  case Kind::literal:
    return e.value;
  case Kind::name:
    return name(e);
  case Kind::list:
  case Kind::tuple: {
    List list;
    list.tuple = e.kind == Kind::tuple;
    for (const auto& each : e.children) list.items.push_back(evaluate(*each));
    spend(list.items.size() * sizeof(Value));
    return list;
  }
  case Kind::dict: {
    Dict dict;
    for (std::size_t i = 0; i + 1 < e.children.size(); i += 2) {
      const Value key = child(i);
      dict.set(key, child(i + 1));
    }
    spend(dict.items.size() * 100);
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
  case Kind::negative: {
    const Value value = child(0);
    if (value.is_real()) return -value.real();
    if (!value.is_whole()) fail(std::string("'-': expected a number, found ") + value.type());
    return binary("-", 0, value);
  }
  case Kind::inverse:
    return !child(0).truth();
  case Kind::binary: {
    const Value left = child(0);
    return binary(e.text, left, child(1));
  }
  case Kind::compare: {
    Value left = child(0);
    for (std::size_t i = 0; i < e.operators.size(); ++i) {
      Value right = child(i + 1);
      if (!compare(e.operators[i], left, right)) return false;
      left = std::move(right);
    }
    return true;
  }
  case Kind::both: {
    Value left = child(0);
    return left.truth() ? child(1) : left;
  }
  case Kind::either: {
    Value left = child(0);
    return left.truth() ? left : child(1);
  }
  case Kind::choice:
    if (child(0).truth()) return child(1);
    return e.children[2] ? child(2) : Value(Undefined{"the value of an if without else"});
  }
  return {};
}

std::vector<Value> Renderer::elements(const Value& value) {
  std::vector<Value> all;
  if (value.is_list()) {
    all = value.list();
  } else if (value.is_dict()) {
    for (const auto& [key, each] : value.dict().items) all.push_back(key);
  } else if (value.is_string()) {
    for (const auto point : code_points(value.string())) all.emplace_back(point);
  } else if (!value.is_undefined()) {
    fail(std::string("expected something to go over, found ") + value.type());
  }
  spend(all.size() * sizeof(Value));
  return all;
}

}  // namespace quipu::jinja
