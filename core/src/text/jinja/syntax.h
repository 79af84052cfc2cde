// What a template consists of (Jinja 3.1, "Template Designer Documentation").
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace quipu::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  enum class Kind {
    literal,    // value
    name,       // text
    list,       // children
    tuple,      // children
    dict,       // children: key, value, key, value …
    attribute,  // children[0].text
    item,       // children[0][children[1]]
    slice,      // children[0][children[1]:children[2]:children[3]], null = left out
    call,       // children[0](children[1…], *spread, named…, **spread_named)
    filter,     // children[0]|text(as a call); children[0] null in a filter block
    test,       // children[0] is text(as a call)
    negative,   // -children[0]
    positive,   // +children[0]
    inverse,    // not children[0]
    binary,     // children[0] operators[0] children[1] operators[1] … from the left
    joined,     // children[0] ~ children[1] …
    compare,    // children[0] operators[0] children[1] and children[1] operators[1] …
    both,       // children[0] and children[1] …
    either,     // children[0] or children[1] …
    choice      // children[1] if children[0] else children[2], null = undefined
  };
  Kind kind;
  int line = 0;
  int depth = 1;  ///< of the tree below, this one included
  std::string text;
  Value value;
  std::vector<ExpressionPtr> children;
  std::vector<std::string> operators;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr spread, spread_named;
};

/// What a value is given to: a name, an attribute of a namespace, or several of these.
struct Target {
  std::string name, attribute;
  std::vector<Target> parts;
  bool several = false;
};

struct Statement;
using Body = std::vector<Statement>;

struct Parameter {
  std::string name;
  ExpressionPtr otherwise;
};

struct Statement {
  enum class Kind {
    text,         // text
    print,        // expression
    choice,       // branches, otherwise
    loop,         // for target in expression if condition: body, otherwise
    assign,       // set target = expression
    assign_body,  // set target|filters: body; expression holds the filters, if any
    macro,        // text(parameters): body
    call,         // call(parameters) expression: body
    filter,       // expression holds the filters: body
    scope,        // with: assignments, body; block and generation: body
    leave,        // break
    next          // continue
  };
  Kind kind = Kind::text;
  int line = 0;
  std::string text;
  ExpressionPtr expression, condition;
  Target target;
  bool recursive = false;
  /// What the body of a macro reads, and so what the macro takes.
  bool takes_caller = false, takes_varargs = false, takes_kwargs = false;
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  std::vector<Parameter> parameters;
  Body body, otherwise;
};

/// Throws Error{invalid}, with the line, for what is no template.
Body parse(std::string_view source);

}  // namespace quipu::jinja
