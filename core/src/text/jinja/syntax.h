// What a template consists of (Jinja 3.1, "Template Designer Documentation").
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
    call,       // children[0](children[1…], named…), the last positional spread if `spread`
    filter,     // children[0]|text(children[1…], named…); children[0] null in a filter block
    test,       // children[0] is text(children[1…])
    negative,   // -children[0]
    inverse,    // not children[0]
    binary,     // children[0] text children[1]
    compare,    // children[0] operators[0] children[1] operators[1] …
    both,       // and
    either,     // or
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
  bool spread = false;
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
    loop,         // for targets in expression if condition: body, otherwise
    assign,       // set targets = expression
    assign_body,  // set targets|filters: body; expression holds the filters, if any
    macro,        // text(parameters): body
    call,         // call(parameters) expression: body
    filter,       // expression holds the filters: body
    scope,        // with: assignments in `named`, body
    group,        // body, rendered as it stands: generation
    leave,        // break
    next          // continue
  };
  Kind kind;
  int line = 0;
  std::string text;
  ExpressionPtr expression, condition;
  std::vector<std::string> targets;  ///< names; "ns.name" for an attribute
  bool recursive = false;
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  std::vector<Parameter> parameters;
  Body body, otherwise;
};

/// Throws invalid, with the line, for what is no template. Settings are those of chat templates:
/// trim_blocks and lstrip_blocks.
Body parse(std::string_view source);

}  // namespace quipu::jinja
