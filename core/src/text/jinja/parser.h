// Tokens to statements and expressions, as Jinja 3.1 reads them (parser.py).
#pragma once

#include <initializer_list>
#include <string>

#include "text/jinja/lexer.h"
#include "text/jinja/syntax.h"

namespace quipu::jinja {

class Parser {
 public:
  explicit Parser(std::string_view source) : lexer_(source) {}
  Body all();

 private:
  using Kind = Expression::Kind;
  class Nested;

  [[noreturn]] void fail(const std::string& what) const { lexer_.fail(what); }
  void advance() { token_ = lexer_.token(); }
  std::string found() const;
  bool is_sign(std::string_view text) const;
  bool is_name(std::string_view text) const;
  bool take_sign(std::string_view text);
  bool take_name(std::string_view text);
  void expect_sign(std::string_view text);
  void expect_end();
  std::string name();

  // statement_parser.cpp
  std::string statements(Body& body, std::initializer_list<const char*> ends);
  void close(Body& body, const char* end);
  /// A body that break and continue do not leave.
  void close_apart(Body& body, const char* end);
  Statement statement(const std::string& word);
  void choice(Statement& s);
  void loop(Statement& s);
  void assign(Statement& s);
  void macro(Statement& s);
  void call(Statement& s);
  void with(Statement& s);
  void parameters(Statement& s);
  Target target(bool attributes);
  Target single_target(bool attributes);

  // expression_parser.cpp, loosest first
  /// One more statement or expression: even a row of them has an end.
  void count() const;
  ExpressionPtr make(Kind kind, std::string text = {}) const;
  void add(Expression& e, ExpressionPtr child);
  void deepen(Expression& e, const ExpressionPtr& below);
  ExpressionPtr join(ExpressionPtr e, ExpressionPtr child);
  /// An expression, or several with commas between them.
  ExpressionPtr tuple(bool choices = true);
  ExpressionPtr expression();
  ExpressionPtr chain(Kind kind, const char* word, ExpressionPtr (Parser::*next)());
  ExpressionPtr either();
  ExpressionPtr both();
  ExpressionPtr inverse();
  ExpressionPtr compare();
  ExpressionPtr arithmetic(std::initializer_list<const char*> signs,
                           ExpressionPtr (Parser::*next)());
  ExpressionPtr sum();
  ExpressionPtr joined();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr filtered_value();
  ExpressionPtr signed_value();
  ExpressionPtr primary();
  ExpressionPtr name_or_constant();
  ExpressionPtr number();
  ExpressionPtr list();
  ExpressionPtr dict();
  ExpressionPtr postfix(ExpressionPtr e);
  ExpressionPtr attribute(ExpressionPtr e);
  ExpressionPtr subscript(ExpressionPtr e);
  void arguments(Expression& call);
  /// Filters and tests behind a value.
  ExpressionPtr filters(ExpressionPtr e);
  ExpressionPtr filter(ExpressionPtr e);
  ExpressionPtr test(ExpressionPtr e);
  std::string dotted_name();

  Lexer lexer_;
  Token token_;
  int nested_ = 0, loops_ = 0;
  mutable std::size_t parts_ = 0;  ///< statements and expressions so far
  Statement* macro_ = nullptr;     ///< whose body is read
};

/// Of expressions, and of blocks in blocks: what reads and renders them recurses as deep.
class Parser::Nested {
 public:
  Nested(Parser& parser, const char* what);
  ~Nested() { --parser_.nested_; }

 private:
  Parser& parser_;
};

}  // namespace quipu::jinja
