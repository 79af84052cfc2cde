#include "text/jinja/builtins.h"

#include "quipu/error.h"
#include "text/jinja/objects.h"

namespace quipu::jinja {

Given::Given(const char* function, const Arguments& arguments,
             std::initializer_list<const char*> names, std::size_t required)
    : function_(function) {
  if (arguments.positional.size() > names.size())
    fail(std::string(function) + ": expected at most " + std::to_string(names.size()) +
         " arguments, found " + std::to_string(arguments.positional.size()));
  for (std::size_t i = 0; i < arguments.positional.size(); ++i)
    values_[i] = &arguments.positional[i];
  for (const auto& [key, value] : arguments.named) {
    std::size_t i = 0;
    while (i < names.size() && key != names.begin()[i]) ++i;
    if (i == names.size() || values_[i])
      fail(std::string(function) + ": expected arguments that it takes, found '" + printable(key) +
           "'");
    values_[i] = &value;
  }
  for (std::size_t i = 0; i < required; ++i)
    if (!values_[i])
      fail(std::string(function) + ": expected " + std::to_string(required) +
           (required == 1 ? " argument" : " arguments") + ", found fewer");
}

std::int64_t Given::integer(std::size_t i, std::int64_t otherwise) const {
  if (!values_[i]) return otherwise;
  if (!values_[i]->is_whole())
    fail(std::string(function_) + ": expected an integer, found " + values_[i]->type());
  return values_[i]->integer();
}

const std::string& Given::string(std::size_t i) const {
  if (!values_[i] || !values_[i]->is_string())
    fail(std::string(function_) + ": expected a string, found " +
         (values_[i] ? values_[i]->type() : "nothing"));
  return values_[i]->string();
}

Value made(Renderer& renderer, std::string text, bool safe) {
  renderer.meter.make(text.size());
  return {std::move(text), safe};
}

Value made(Renderer& renderer, List list) {
  renderer.meter.make_values(list.items.size());
  return list;
}

Value method(const Value& object, std::string_view name) {
  const Calls* methods = object.is_string() ? &string_methods()
                         : object.is_dict() ? &dict_methods()
                         : object.is_list() ? &list_methods()
                                            : nullptr;
  if (!methods) return Undefined{std::string(name)};
  const auto found = methods->find(name);
  if (found == methods->end()) return Undefined{std::string(name)};
  return Value(std::make_shared<BoundMethod>(std::string(name), object, found->second));
}

Call filter_named(std::string_view name) {
  for (const Calls* all : {&text_filters(), &number_filters(), &sequence_filters()})
    if (const auto found = all->find(name); found != all->end()) return found->second;
  return nullptr;
}

Value Renderer::filter(std::string_view name, const Value& value, const Arguments& given) {
  const Call call = filter_named(name);
  if (!call) fail("expected a filter that exists, found '" + printable(name) + "'");
  if (value.is_string()) meter.read_characters(value.string().size());
  return call(*this, value, given);
}

bool Renderer::test(std::string_view name, const Value& value, const Arguments& given) {
  const auto found = tests().find(name);
  if (found == tests().end()) fail("expected a test that exists, found '" + printable(name) + "'");
  return found->second(*this, value, given);
}

}  // namespace quipu::jinja
