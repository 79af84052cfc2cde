#include "text/jinja/objects.h"

namespace quipu::jinja {

Value BoundMethod::call(Renderer& renderer, Arguments& arguments) {
  if (of_.is_string()) renderer.meter.read_characters(of_.string().size());
  return call_(renderer, of_, arguments);
}

// ---- macros

std::string Macro::name() const {
  return statement_.kind == Statement::Kind::call ? "caller" : statement_.text;
}

std::string Macro::repr() const {
  return "<Macro " + quoted(name()) + ">";
}

Value Macro::call(Renderer& renderer, Arguments& arguments) {
  return renderer.call_macro(statement_, around_, arguments);
}

Value Macro::attribute(Renderer&, std::string_view name) {
  if (name == "name") return this->name();
  if (name == "catch_varargs") return statement_.takes_varargs;
  if (name == "catch_kwargs") return statement_.takes_kwargs;
  if (name == "caller") return statement_.takes_caller;
  if (name != "arguments") return Undefined{std::string(name)};
  List names;
  names.kind = List::Kind::tuple;
  for (const Parameter& each : statement_.parameters) names.items.emplace_back(each.name);
  return names;
}

// ---- namespaces

Value Namespace::attribute(Renderer&, std::string_view name) {
  const Value* found = values.find(name);
  return found ? *found : Value(Undefined{std::string(name)});
}

// ---- loop

std::string LoopVariable::repr() const {
  return "<LoopContext " + std::to_string(index + 1) + "/" +
         std::to_string(elements_->items.size()) + ">";
}

Value LoopVariable::call(Renderer& renderer, Arguments& arguments) {
  if (!around_) fail("loop: expected a loop that is recursive");
  if (arguments.positional.size() != 1 || !arguments.named.empty())
    fail("loop: expected one argument, what to go over");
  return renderer.loop_again(statement_, around_, arguments.positional[0], loop_depth_ + 1);
}

Value LoopVariable::attribute(Renderer&, std::string_view name) {
  const auto& all = elements_->items;
  const auto count = static_cast<std::int64_t>(all.size()), at = static_cast<std::int64_t>(index);
  const std::pair<std::string_view, std::int64_t> numbers[] = {
      {"index", at + 1},          {"index0", at},
      {"revindex", count - at},   {"revindex0", count - at - 1},
      {"length", count},          {"depth", loop_depth_},
      {"depth0", loop_depth_ - 1}};
  for (const auto& [word, number] : numbers)
    if (name == word) return number;
  if (name == "first") return at == 0;
  if (name == "last") return at + 1 == count;
  if (name == "previtem" && index > 0) return all[index - 1];
  if (name == "nextitem" && index + 1 < all.size()) return all[index + 1];
  if (name == "cycle")
    return Value(std::make_shared<ObjectMethod>(shared_from_this(),
                                                [](Renderer&, Object& of, const Arguments& a) {
                                                  return static_cast<LoopVariable&>(of).cycle(a);
                                                }));
  if (name == "changed")
    return Value(std::make_shared<ObjectMethod>(
        shared_from_this(), [](Renderer& r, Object& of, const Arguments& a) -> Value {
          return static_cast<LoopVariable&>(of).changed(r, a);
        }));
  return Undefined{"loop." + std::string(name)};
}

Value LoopVariable::cycle(const Arguments& arguments) const {
  if (arguments.positional.empty()) fail("loop.cycle: expected values, found none");
  return arguments.positional[index % arguments.positional.size()];
}

// Whether the arguments are others than the last time.
bool LoopVariable::changed(Renderer& renderer, const Arguments& arguments) {
  std::string now;
  for (const Value& each : arguments.positional) now += repr_of(each, renderer.meter) + ",";
  if (std::exchange(asked_, true) && now == last_) return false;
  last_ = std::move(now);
  return true;
}

// ---- cycler

Value Cycler::attribute(Renderer&, std::string_view name) {
  if (name == "current") return items_.list()[at_];
  if (name == "next")
    return Value(std::make_shared<ObjectMethod>(
        shared_from_this(), [](Renderer&, Object& of, const Arguments&) {
          auto& cycler = static_cast<Cycler&>(of);
          const Value current = cycler.items_.list()[cycler.at_];
          cycler.at_ = (cycler.at_ + 1) % cycler.items_.list().size();
          return current;
        }));
  if (name == "reset")
    return Value(std::make_shared<ObjectMethod>(
        shared_from_this(), [](Renderer&, Object& of, const Arguments&) -> Value {
          static_cast<Cycler&>(of).at_ = 0;
          return {};
        }));
  return Undefined{std::string(name)};
}

}  // namespace quipu::jinja
