#include "quipu/error.h"
#include "text/jinja/objects.h"
#include "text/jinja/render.h"

namespace quipu::jinja {

class Renderer::Deeper {
 public:
  explicit Deeper(Renderer& renderer) : meter_(renderer.meter) {
    meter_.step();
    meter_.enter();
  }
  ~Deeper() { meter_.leave(); }

 private:
  Meter& meter_;
};

/// A scope within another, until the end of a block.
class Renderer::Inside {
 public:
  Inside(Renderer& renderer, std::shared_ptr<Scope> outer) : renderer_(renderer) {
    auto inner = std::make_shared<Scope>();
    inner->outer = std::move(outer);
    before_ = std::exchange(renderer_.scope_, std::move(inner));
  }
  explicit Inside(Renderer& renderer) : Inside(renderer, renderer.scope_) {}
  ~Inside() { renderer_.scope_ = std::move(before_); }

 private:
  Renderer& renderer_;
  std::shared_ptr<Scope> before_;
};

Renderer::~Renderer() {
  for (const auto& each : namespaces_) each->values = {};
  for (const auto& each : kept_) {
    each->names.clear();
    each->outer.reset();
  }
}

std::string Renderer::render(const Dict& variables) {
  scope_ = std::make_shared<Scope>();
  for (const auto& [key, value] : variables.items)
    if (key.is_string()) scope_->names.insert_or_assign(key.string(), value);
  try {
    run(body_);
  } catch (const Failure& failure) {
    throw Error(ErrorCode::invalid, "template" + (line_ ? ", line " + std::to_string(line_) : "") +
                                        ": " + failure.what());
  }
  return std::move(out_);
}

void Renderer::write(std::string_view text) {
  meter.make(text.size());
  out_ += text;
}

Renderer::Flow Renderer::run(const Body& body) {
  for (const Statement& s : body)
    if (const Flow flow = run(s); flow != Flow::normal) return flow;
  return Flow::normal;
}

std::string Renderer::captured(const Body& body) {
  std::string outside = std::exchange(out_, {});
  run(body);
  return std::exchange(out_, std::move(outside));
}

Renderer::Flow Renderer::run(const Statement& s) {
  using Kind = Statement::Kind;
  const Deeper deeper(*this);
  if (s.line) line_ = s.line;
  switch (s.kind) {
  case Kind::text:
    write(s.text);
    break;
  case Kind::print: {
    const Value value = evaluate(*s.expression);
    if (value.is_string())
      write(value.string());
    else
      out_ += text(value);
    break;
  }
  case Kind::choice:
    for (const auto& [condition, body] : s.branches)
      if (evaluate(*condition).truth()) return run(body);
    return run(s.otherwise);
  case Kind::loop:
    return loop(s, elements(evaluate(*s.expression)).list, 1);
  case Kind::assign:
    assign(s.target, evaluate(*s.expression));
    break;
  case Kind::assign_body:
  case Kind::filter: {
    Value made;
    {
      const Inside inside(*this);
      made = captured(s.body);
    }
    if (s.expression) made = filtered(*s.expression, made);
    if (s.kind == Kind::filter)
      write(text(made));
    else
      assign(s.target, made);
    break;
  }
  case Kind::macro:
    scope_->names.insert_or_assign(s.text, macro(s));
    break;
  case Kind::call: {
    const Value caller = macro(s);
    write(text(call_expression(*s.expression, &caller)));
    break;
  }
  case Kind::scope: {
    // All values are those of outside.
    std::vector<Value> values;
    for (const auto& [target, value] : s.assignments) values.push_back(evaluate(*value));
    const Inside inside(*this);
    for (std::size_t i = 0; i < values.size(); ++i) assign(s.assignments[i].first, values[i]);
    return run(s.body);
  }
  case Kind::leave:
    return Flow::leave;
  case Kind::next:
    return Flow::next;
  }
  return Flow::normal;
}

std::shared_ptr<const List> Renderer::kept_by_condition(const Statement& s, const List& all) {
  auto kept = std::make_shared<List>();
  kept->depth = all.depth;
  for (const Value& element : all.items) {
    const Inside inside(*this);
    scope_->names.insert_or_assign("loop", Undefined{"loop"});
    assign(s.target, element);
    if (evaluate(*s.condition).truth()) kept->items.push_back(element);
  }
  meter.make_values(kept->items.size());
  return kept;
}

Renderer::Flow Renderer::loop(const Statement& s, std::shared_ptr<const List> elements, int depth) {
  if (s.condition) elements = kept_by_condition(s, *elements);
  if (s.recursive) keep(scope_);
  const auto variable =
      std::make_shared<LoopVariable>(s, elements, depth, s.recursive ? scope_ : nullptr);
  bool completed = false;
  for (std::size_t i = 0; i < elements->items.size(); ++i) {
    const Inside inside(*this);
    meter.step();
    variable->index = i;
    scope_->names.insert_or_assign("loop", Value(variable));
    assign(s.target, elements->items[i]);
    const Flow flow = run(s.body);
    if (flow == Flow::leave) break;
    completed |= flow == Flow::normal;
  }
  // As Jinja has it: else is for loops that never came to the end of their body.
  return completed ? Flow::normal : run(s.otherwise);
}

std::string Renderer::loop_again(const Statement& s, const std::shared_ptr<Scope>& around,
                                 const Value& over, int depth) {
  const Deeper deeper(*this);
  const auto all = elements(over).list;
  const Inside inside(*this, around);
  std::string outside = std::exchange(out_, {});
  loop(s, all, depth);
  return std::exchange(out_, std::move(outside));
}

void Renderer::assign(const Target& target, const Value& value) {
  if (target.several) {
    const auto parts = elements(value);
    if (parts->items.size() != target.parts.size())
      fail("expected " + std::to_string(target.parts.size()) + " values to unpack, found " +
           std::to_string(parts->items.size()));
    for (std::size_t i = 0; i < target.parts.size(); ++i) assign(target.parts[i], parts->items[i]);
  } else if (target.attribute.empty()) {
    scope_->names.insert_or_assign(target.name, value);
  } else {
    const Value owner = name(target.name);
    auto* space = owner.object_as<Namespace>();
    if (!space) fail(printable(target.name) + ": expected a namespace, found " + owner.type());
    meter.make_entries(1);
    space->values.set(target.attribute, value);
  }
}

// ---- macros

void Renderer::keep(const std::shared_ptr<Scope>& scope) {
  for (auto each = scope; each && !each->kept; each = each->outer) {
    each->kept = true;
    meter.make_entries(1 + each->names.size());
    kept_.push_back(each);
  }
}

// A macro sees what is around its definition, its parameters, and nothing of where it is called.
Value Renderer::macro(const Statement& s) {
  keep(scope_);
  return Value(std::make_shared<Macro>(s, scope_));
}

Value Renderer::new_namespace(Dict values) {
  auto space = std::make_shared<Namespace>();
  meter.make_entries(1 + values.items.size());
  space->values = std::move(values);
  namespaces_.push_back(space);
  return Value(space);
}

void Renderer::bind(const Statement& s, Arguments& given) {
  auto& names = scope_->names;
  List rest;
  rest.kind = List::Kind::tuple;
  Dict others;
  for (std::size_t i = s.parameters.size(); i < given.positional.size(); ++i)
    rest.items.push_back(given.positional[i]);
  bool has_caller = false;
  for (const auto& [key, value] : given.named) {
    std::size_t i = 0;
    while (i < s.parameters.size() && s.parameters[i].name != key) ++i;
    if (i < given.positional.size() && i < s.parameters.size())
      fail("macro " + printable(s.text) + ": expected '" + printable(key) + "' once, found twice");
    if (i < s.parameters.size()) {
      names.insert_or_assign(key, value);
    } else if (key == "caller") {
      has_caller = true;
      if (!s.takes_caller)
        fail("macro " + printable(s.text) + ": expected a macro that calls caller()");
      names.insert_or_assign(key, value);
    } else {
      others.set(key, value);
    }
  }
  if (!rest.items.empty() && !s.takes_varargs)
    fail("macro " + printable(s.text) + ": expected at most " +
         std::to_string(s.parameters.size()) + " arguments, found " +
         std::to_string(given.positional.size()));
  if (!others.items.empty() && !s.takes_kwargs)
    fail("macro " + printable(s.text) + ": expected arguments that it takes, found '" +
         printable(others.items[0].first.string()) + "'");
  for (std::size_t i = 0; i < s.parameters.size(); ++i) {
    const Parameter& p = s.parameters[i];
    if (i < given.positional.size())
      names.insert_or_assign(p.name, given.positional[i]);
    else if (!names.contains(p.name))
      names.insert_or_assign(p.name,
                             p.otherwise ? evaluate(*p.otherwise) : Value(Undefined{p.name}));
  }
  if (s.takes_caller && !has_caller && !names.contains("caller"))
    names.insert_or_assign("caller", Undefined{"caller"});
  if (s.takes_varargs) names.insert_or_assign("varargs", std::move(rest));
  if (s.takes_kwargs) names.insert_or_assign("kwargs", std::move(others));
}

std::string Renderer::call_macro(const Statement& s, const std::shared_ptr<Scope>& around,
                                 Arguments& given) {
  const Deeper deeper(*this);
  const int line = line_;
  const Inside inside(*this, around);
  bind(s, given);
  std::string text = captured(s.body);
  line_ = line;
  return text;
}

}  // namespace quipu::jinja
