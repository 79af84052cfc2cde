#include <algorithm>
#include <charconv>
#include <cmath>

#include "quipu/error.h"
#include "text/jinja/parser.h"

namespace quipu::jinja {
namespace {

// Templates of models nest some twenty deep. So many levels, each read by a dozen functions, and so
// long a row of attributes, calls and filters, each evaluated within the next, fit a stack of
// 256 KiB.
constexpr int deepest = 64, longest_row = 100;
constexpr std::size_t most_parts = 200'000;  // a hundred times what the longest template has

std::string too_deep(const char* what, int most) {
  return std::string("expected ") + what + " nested at most " + std::to_string(most) + " deep";
}

}  // namespace

Parser::Nested::Nested(Parser& parser, const char* what) : parser_(parser) {
  if (parser.nested_ >= deepest) parser.fail(too_deep(what, deepest));
  ++parser_.nested_;
}

void Parser::count() const {
  if (++parts_ > most_parts) fail("expected at most 200000 statements and expressions, found more");
}

ExpressionPtr Parser::make(Kind kind, std::string text) const {
  count();
  auto e = std::make_unique<Expression>();
  e->kind = kind;
  e->line = lexer_.line();
  e->text = std::move(text);
  return e;
}

void Parser::deepen(Expression& e, const ExpressionPtr& below) {
  if (!below) return;
  e.depth = std::max(e.depth, below->depth + 1);
  if (e.depth > longest_row) fail(too_deep("expressions", longest_row));
}

void Parser::add(Expression& e, ExpressionPtr child) {
  deepen(e, child);
  e.children.push_back(std::move(child));
}

ExpressionPtr Parser::join(ExpressionPtr e, ExpressionPtr child) {
  add(*e, std::move(child));
  return e;
}

ExpressionPtr Parser::tuple(bool choices) {
  auto first = choices ? expression() : either();
  if (!is_sign(",")) return first;
  auto all = join(make(Kind::tuple), std::move(first));
  while (take_sign(",")) {
    if (token_.kind == Token::Kind::end || is_sign(")") || is_name("recursive")) break;
    add(*all, choices ? expression() : either());
  }
  return all;
}

ExpressionPtr Parser::expression() {
  const Nested nested(*this, "expressions");
  auto value = either();
  while (take_name("if")) {
    auto e = join(make(Kind::choice), either());
    add(*e, std::move(value));
    add(*e, take_name("else") ? expression() : nullptr);
    value = std::move(e);
  }
  return value;
}

ExpressionPtr Parser::chain(Kind kind, const char* word, ExpressionPtr (Parser::*next)()) {
  auto first = (this->*next)();
  if (!is_name(word)) return first;
  auto all = join(make(kind), std::move(first));
  while (take_name(word)) add(*all, (this->*next)());
  return all;
}
ExpressionPtr Parser::either() {
  return chain(Kind::either, "or", &Parser::both);
}
ExpressionPtr Parser::both() {
  return chain(Kind::both, "and", &Parser::inverse);
}
ExpressionPtr Parser::inverse() {
  if (!is_name("not")) return compare();
  const Nested nested(*this, "expressions");
  advance();
  return join(make(Kind::inverse), inverse());
}

ExpressionPtr Parser::compare() {
  auto left = sum();
  ExpressionPtr all;
  for (;;) {
    std::string op;
    if (token_.kind == Token::Kind::sign &&
        (token_.text == "==" || token_.text == "!=" || token_.text == "<" || token_.text == "<=" ||
         token_.text == ">" || token_.text == ">=")) {
      op = token_.text;
      advance();
    } else if (take_name("in")) {
      op = "in";
    } else if (is_name("not")) {
      advance();
      if (!take_name("in")) fail("expected 'in' after 'not', found " + found());
      op = "not in";
    } else {
      return all ? std::move(all) : std::move(left);
    }
    if (!all) all = join(make(Kind::compare), std::move(left));
    all->operators.push_back(op);
    add(*all, sum());
  }
}

ExpressionPtr Parser::arithmetic(std::initializer_list<const char*> signs,
                                 ExpressionPtr (Parser::*next)()) {
  auto left = (this->*next)();
  ExpressionPtr all;
  for (;;) {
    const char* sign = nullptr;
    for (const char* const each : signs)
      if (is_sign(each)) sign = each;
    if (!sign) return all ? std::move(all) : std::move(left);
    advance();
    if (!all) all = join(make(Kind::binary), std::move(left));
    all->operators.emplace_back(sign);
    add(*all, (this->*next)());
  }
}
ExpressionPtr Parser::sum() {
  return arithmetic({"+", "-"}, &Parser::joined);
}
ExpressionPtr Parser::joined() {
  auto first = product();
  if (!is_sign("~")) return first;
  auto all = join(make(Kind::joined), std::move(first));
  while (take_sign("~")) add(*all, product());
  return all;
}
ExpressionPtr Parser::product() {
  return arithmetic({"*", "/", "//", "%"}, &Parser::power);
}
ExpressionPtr Parser::power() {
  return arithmetic({"**"}, &Parser::filtered_value);
}

// A sign binds closer than filters and powers: -1|abs is 1, -2 ** 2 is 4.
ExpressionPtr Parser::filtered_value() {
  return filters(signed_value());
}
ExpressionPtr Parser::signed_value() {
  if (!is_sign("-") && !is_sign("+")) return postfix(primary());
  const Nested nested(*this, "expressions");
  const Kind kind = is_sign("-") ? Kind::negative : Kind::positive;
  advance();
  return join(make(kind), signed_value());
}

ExpressionPtr Parser::primary() {
  switch (token_.kind) {
  case Token::Kind::name:
    return name_or_constant();
  case Token::Kind::string: {
    auto e = make(Kind::literal);
    std::string text;
    for (; token_.kind == Token::Kind::string; advance()) text += token_.text;
    e->value = std::move(text);
    return e;
  }
  case Token::Kind::integer:
  case Token::Kind::real:
    return number();
  default:
    break;
  }
  if (take_sign("(")) {
    if (take_sign(")")) return make(Kind::tuple);
    auto inside = tuple();
    expect_sign(")");
    return inside;
  }
  if (take_sign("[")) return list();
  if (take_sign("{")) return dict();
  fail("expected an expression, found " + found());
}

ExpressionPtr Parser::name_or_constant() {
  const std::string text = name();
  auto e = make(Kind::literal);
  if (text == "true" || text == "True")
    e->value = true;
  else if (text == "false" || text == "False")
    e->value = false;
  else if (text != "none" && text != "None")
    e = make(Kind::name, text);
  if (macro_ && e->kind == Kind::name) {
    macro_->takes_caller |= text == "caller";
    macro_->takes_varargs |= text == "varargs";
    macro_->takes_kwargs |= text == "kwargs";
  }
  return e;
}

ExpressionPtr Parser::number() {
  auto e = make(Kind::literal);
  const char* const first = token_.text.data();
  const char* const last = first + token_.text.size();
  std::int64_t whole = 0;
  double real = 0;
  if (token_.kind == Token::Kind::integer && std::from_chars(first, last, whole).ec == std::errc())
    e->value = whole;
  else if (token_.kind == Token::Kind::real) {
    // Past the largest it is infinite, as in Python.
    const auto error = std::from_chars(first, last, real).ec;
    e->value = error == std::errc()                         ? real
               : token_.text.find('-') == std::string::npos ? HUGE_VAL
                                                            : 0.0;
  } else
    fail("expected a number that 64 bits hold, found '" + printable(token_.text) + "'");
  advance();
  return e;
}

ExpressionPtr Parser::list() {
  auto list = make(Kind::list);
  while (!is_sign("]")) {
    add(*list, expression());
    if (!take_sign(",")) break;
  }
  expect_sign("]");
  return list;
}

ExpressionPtr Parser::dict() {
  auto dict = make(Kind::dict);
  while (!is_sign("}")) {
    add(*dict, expression());
    expect_sign(":");
    add(*dict, expression());
    if (!take_sign(",")) break;
  }
  expect_sign("}");
  return dict;
}

ExpressionPtr Parser::postfix(ExpressionPtr e) {
  for (;;) {
    if (take_sign(".")) {
      e = attribute(std::move(e));
    } else if (take_sign("[")) {
      e = subscript(std::move(e));
    } else if (is_sign("(")) {
      e = join(make(Kind::call), std::move(e));
      arguments(*e);
    } else {
      return e;
    }
  }
}

ExpressionPtr Parser::attribute(ExpressionPtr e) {
  if (token_.kind != Token::Kind::integer) return join(make(Kind::attribute, name()), std::move(e));
  auto index = number();
  e = join(make(Kind::item), std::move(e));
  add(*e, std::move(index));
  return e;
}

ExpressionPtr Parser::subscript(ExpressionPtr e) {
  ExpressionPtr parts[3];
  int part = 0;
  bool slice = false;
  while (!is_sign("]")) {
    if (take_sign(":")) {
      slice = true;
      if (++part > 2) fail("expected a slice of at most three parts");
    } else if (!parts[part]) {
      parts[part] = slice ? expression() : tuple();
    } else {
      fail("expected ']', found " + found());
    }
  }
  expect_sign("]");
  if (!slice && !parts[0]) fail("expected an index, found ']'");
  e = join(make(slice ? Kind::slice : Kind::item), std::move(e));
  for (int i = 0; i < (slice ? 3 : 1); ++i) add(*e, std::move(parts[i]));
  return e;
}

void Parser::arguments(Expression& call) {
  expect_sign("(");
  while (!is_sign(")")) {
    if (take_sign("*")) {
      if (call.spread || call.spread_named) fail("expected one '*' of arguments");
      call.spread = expression();
      deepen(call, call.spread);
    } else if (take_sign("**")) {
      if (call.spread_named) fail("expected one '**' of arguments");
      call.spread_named = expression();
      deepen(call, call.spread_named);
    } else {
      auto value = expression();
      if (value->kind == Kind::name && take_sign("=")) {
        auto given = expression();
        deepen(call, given);
        call.named.emplace_back(value->text, std::move(given));
      } else {
        if (call.spread || call.spread_named || !call.named.empty())
          fail("expected arguments by position before those by name");
        add(call, std::move(value));
      }
    }
    if (!take_sign(",")) break;
  }
  expect_sign(")");
}

std::string Parser::dotted_name() {
  std::string text = name();
  while (take_sign(".")) (text += '.') += name();
  return text;
}

ExpressionPtr Parser::filters(ExpressionPtr e) {
  for (;;) {
    if (take_sign("|")) {
      e = filter(std::move(e));
    } else if (take_name("is")) {
      e = test(std::move(e));
    } else if (is_sign("(")) {
      e = join(make(Kind::call), std::move(e));
      arguments(*e);
    } else {
      return e;
    }
  }
}

ExpressionPtr Parser::filter(ExpressionPtr e) {
  e = join(make(Kind::filter, dotted_name()), std::move(e));
  if (is_sign("(")) arguments(*e);
  return e;
}

ExpressionPtr Parser::test(ExpressionPtr e) {
  const bool negated = take_name("not");
  e = join(make(Kind::test, dotted_name()), std::move(e));
  const bool argument =
      token_.kind == Token::Kind::string || token_.kind == Token::Kind::integer ||
      token_.kind == Token::Kind::real || is_sign("[") || is_sign("{") ||
      (token_.kind == Token::Kind::name && !is_name("else") && !is_name("or") && !is_name("and"));
  if (is_sign("(")) {
    arguments(*e);
  } else if (argument) {
    if (is_name("is")) fail("expected one test of a value, found a second 'is'");
    add(*e, postfix(primary()));
  }
  return negated ? join(make(Kind::inverse), std::move(e)) : std::move(e);
}

}  // namespace quipu::jinja
