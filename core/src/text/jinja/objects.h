// What is called or changes: functions, methods of a value, macros, namespaces, and loop.
#pragma once

#include "text/jinja/render.h"

namespace quipu::jinja {

/// range, dict and the like.
class Function final : public Object {
 public:
  using Call = Value (*)(Renderer&, const Arguments&);
  Function(std::string name, Call call) : name_(std::move(name)), call_(call) {}

  const char* type() const override { return "function"; }
  std::string repr() const override { return "<function " + name_ + ">"; }
  bool callable() const override { return true; }
  Value call(Renderer& renderer, Arguments& arguments) override {
    return call_(renderer, arguments);
  }

 private:
  std::string name_;
  Call call_;
};

/// A method of a value: text.upper.
class BoundMethod final : public Object {
 public:
  using Call = Value (*)(Renderer&, const Value&, const Arguments&);
  BoundMethod(std::string name, Value of, Call call)
      : name_(std::move(name)), of_(std::move(of)), call_(call) {}

  const char* type() const override { return "method"; }
  std::string repr() const override { return "<method " + name_ + ">"; }
  bool callable() const override { return true; }
  Value call(Renderer& renderer, Arguments& arguments) override;
  int depth() const override { return of_.depth() + 1; }

 private:
  std::string name_;
  Value of_;
  Call call_;
};

/// A macro, or the caller that a call block gives to one. The renderer keeps the scope around it.
class Macro final : public Object {
 public:
  Macro(const Statement& statement, std::shared_ptr<Scope> around)
      : statement_(statement), around_(std::move(around)) {}

  const char* type() const override { return "macro"; }
  std::string repr() const override;
  bool callable() const override { return true; }
  Value call(Renderer& renderer, Arguments& arguments) override;
  Value attribute(Renderer& renderer, std::string_view name) override;

 private:
  std::string name() const;

  const Statement& statement_;
  std::shared_ptr<Scope> around_;
};

/// The one thing that {% set x.y = … %} changes.
class Namespace final : public Object {
 public:
  Dict values;

  const char* type() const override { return "namespace"; }
  std::string repr() const override { return "<Namespace>"; }
  Value attribute(Renderer& renderer, std::string_view name) override;
};

/// `loop` in a loop.
class LoopVariable final : public Object, public std::enable_shared_from_this<LoopVariable> {
 public:
  /// `around` is kept by the renderer, and null unless the loop is recursive.
  LoopVariable(const Statement& statement, std::shared_ptr<const List> elements, int depth,
               std::shared_ptr<Scope> around)
      : statement_(statement), elements_(std::move(elements)), loop_depth_(depth),
        around_(std::move(around)) {}

  std::size_t index = 0;

  const char* type() const override { return "loop"; }
  std::string repr() const override;
  bool callable() const override { return around_ != nullptr; }
  Value call(Renderer& renderer, Arguments& arguments) override;
  Value attribute(Renderer& renderer, std::string_view name) override;
  int depth() const override { return elements_->depth + 1; }

 private:
  Value cycle(const Arguments& arguments) const;
  bool changed(Renderer& renderer, const Arguments& arguments);

  const Statement& statement_;
  std::shared_ptr<const List> elements_;
  int loop_depth_;
  std::shared_ptr<Scope> around_;
  bool asked_ = false;
  std::string last_;  ///< as text: values in here could hold this object, in ever longer chains
};

/// A method of an object that lives as long as it: loop.cycle, cycler.next.
class ObjectMethod final : public Object {
 public:
  using Call = Value (*)(Renderer&, Object&, const Arguments&);
  ObjectMethod(std::shared_ptr<Object> of, Call call) : of_(std::move(of)), call_(call) {}

  const char* type() const override { return "method"; }
  std::string repr() const override { return "<method>"; }
  bool callable() const override { return true; }
  Value call(Renderer& renderer, Arguments& arguments) override {
    return call_(renderer, *of_, arguments);
  }
  int depth() const override { return of_->depth() + 1; }

 private:
  std::shared_ptr<Object> of_;
  Call call_;
};

/// cycler('odd', 'even'): next(), reset() and current.
class Cycler final : public Object, public std::enable_shared_from_this<Cycler> {
 public:
  explicit Cycler(Value items) : items_(std::move(items)) {}

  const char* type() const override { return "cycler"; }
  std::string repr() const override { return "<Cycler>"; }
  Value attribute(Renderer& renderer, std::string_view name) override;
  int depth() const override { return items_.depth() + 1; }

 private:
  Value items_;
  std::size_t at_ = 0;
};

/// joiner(', '): nothing the first time, then the separator.
class Joiner final : public Object {
 public:
  explicit Joiner(std::string separator) : separator_(std::move(separator)) {}

  const char* type() const override { return "joiner"; }
  std::string repr() const override { return "<Joiner>"; }
  bool callable() const override { return true; }
  Value call(Renderer&, Arguments&) override {
    return std::exchange(used_, true) ? separator_ : std::string();
  }

 private:
  std::string separator_;
  bool used_ = false;
};

}  // namespace quipu::jinja
