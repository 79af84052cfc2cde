#include "quipu/error.h"
#include "text/jinja/parser.h"

namespace quipu::jinja {
namespace {

Statement statement_of(Statement::Kind kind, int line = 0) {
  Statement s;
  s.kind = kind;
  s.line = line;
  return s;
}

bool is_refused_tag(std::string_view word) {
  for (const char* const each : {"include", "import", "from", "extends"})
    if (word == each) return true;
  return false;
}

}  // namespace

Body parse(std::string_view source) {
  return Parser(source).all();
}

Body Parser::all() {
  Body body;
  statements(body, {});
  return body;
}

std::string Parser::found() const {
  if (token_.kind == Token::Kind::end) return "the end of the tag";
  return "'" + printable(token_.text) + "'";
}
bool Parser::is_sign(std::string_view text) const {
  return token_.kind == Token::Kind::sign && token_.text == text;
}
bool Parser::is_name(std::string_view text) const {
  return token_.kind == Token::Kind::name && token_.text == text;
}
bool Parser::take_sign(std::string_view text) {
  const bool taken = is_sign(text);
  if (taken) advance();
  return taken;
}
bool Parser::take_name(std::string_view text) {
  const bool taken = is_name(text);
  if (taken) advance();
  return taken;
}
void Parser::expect_sign(std::string_view text) {
  if (!take_sign(text)) fail("expected '" + std::string(text) + "', found " + found());
}
void Parser::expect_end() {
  if (token_.kind != Token::Kind::end) fail("expected the end of the tag, found " + found());
}
std::string Parser::name() {
  if (token_.kind != Token::Kind::name) fail("expected a name, found " + found());
  std::string text = token_.text;
  advance();
  return text;
}

// Statements up to one of `ends`, whose word is returned; its tag is still open.
std::string Parser::statements(Body& body, std::initializer_list<const char*> ends) {
  const Nested nested(*this, "blocks");
  for (;;) {
    Lexer::Tag tag = Lexer::Tag::none;
    std::string text = lexer_.text(tag);
    if (!text.empty()) {
      Statement s = statement_of(Statement::Kind::text);
      s.text = std::move(text);
      body.push_back(std::move(s));
    }
    if (tag == Lexer::Tag::none) {
      if (ends.size() > 0) fail(std::string("expected ") + *ends.begin() + ", found the end");
      return "";
    }
    count();
    const int line = lexer_.line();
    advance();
    if (tag == Lexer::Tag::print) {
      Statement s = statement_of(Statement::Kind::print, line);
      s.expression = tuple();
      expect_end();
      body.push_back(std::move(s));
      continue;
    }
    const std::string word = name();
    for (const char* const end : ends)
      if (word == end) return word;
    body.push_back(statement(word));
    body.back().line = line;
  }
}

void Parser::close(Body& body, const char* end) {
  expect_end();
  statements(body, {end});
  expect_end();
}

void Parser::close_apart(Body& body, const char* end) {
  const int loops = std::exchange(loops_, 0);
  close(body, end);
  loops_ = loops;
}

Statement Parser::statement(const std::string& word) {
  Statement s = statement_of(Statement::Kind::scope);
  if (word == "if") {
    choice(s);
  } else if (word == "for") {
    loop(s);
  } else if (word == "set") {
    assign(s);
  } else if (word == "macro") {
    macro(s);
  } else if (word == "call") {
    call(s);
  } else if (word == "with") {
    with(s);
  } else if (word == "filter") {
    s.kind = Statement::Kind::filter;
    s.expression = filters(filter(nullptr));
    close_apart(s.body, "endfilter");
  } else if (word == "generation") {
    // What transformers marks as the assistant's: rendered as it stands.
    close_apart(s.body, "endgeneration");
  } else if (word == "block") {
    // Nothing extends a template, so a block is its body.
    const std::string block = name();
    expect_end();
    const int loops = std::exchange(loops_, 0);
    statements(s.body, {"endblock"});
    take_name(block);
    expect_end();
    loops_ = loops;
  } else if (word == "break" || word == "continue") {
    s.kind = word == "break" ? Statement::Kind::leave : Statement::Kind::next;
    if (loops_ == 0) fail(word + ": expected a loop around it");
    expect_end();
  } else if (is_refused_tag(word)) {
    fail(word + ": expected a template that stands alone, found one that reads another");
  } else {
    fail("expected a tag that templates have, found '" + printable(word) + "'");
  }
  return s;
}

void Parser::choice(Statement& s) {
  s.kind = Statement::Kind::choice;
  for (std::string word = "if"; word != "endif";) {
    if (word == "else") {
      expect_end();
      word = statements(s.otherwise, {"endif"});
      break;
    }
    auto condition = tuple(false);
    expect_end();
    s.branches.emplace_back(std::move(condition), Body());
    word = statements(s.branches.back().second, {"endif", "elif", "else"});
  }
  expect_end();
}

void Parser::loop(Statement& s) {
  s.kind = Statement::Kind::loop;
  s.target = target(false);
  if (!take_name("in")) fail("for: expected 'in', found " + found());
  s.expression = tuple(false);
  if (take_name("if")) s.condition = expression();
  s.recursive = take_name("recursive");
  expect_end();
  ++loops_;
  const std::string word = statements(s.body, {"endfor", "else"});
  --loops_;
  if (word == "else") {
    expect_end();
    statements(s.otherwise, {"endfor"});
  }
  expect_end();
}

void Parser::assign(Statement& s) {
  s.target = target(true);
  if (take_sign("=")) {
    s.kind = Statement::Kind::assign;
    s.expression = tuple();
    expect_end();
    return;
  }
  s.kind = Statement::Kind::assign_body;
  if (take_sign("|")) s.expression = filters(filter(nullptr));
  close_apart(s.body, "endset");
}

void Parser::macro(Statement& s) {
  s.kind = Statement::Kind::macro;
  s.text = name();
  Statement* const around = std::exchange(macro_, &s);
  parameters(s);
  close_apart(s.body, "endmacro");
  macro_ = around;
  // What the body of a macro in a macro reads, it may read from around it.
  if (!macro_) return;
  macro_->takes_caller |= s.takes_caller;
  macro_->takes_varargs |= s.takes_varargs;
  macro_->takes_kwargs |= s.takes_kwargs;
}

void Parser::call(Statement& s) {
  s.kind = Statement::Kind::call;
  if (is_sign("(")) parameters(s);
  s.expression = expression();
  if (s.expression->kind != Kind::call) fail("call: expected a call of a macro");
  close_apart(s.body, "endcall");
}

void Parser::with(Statement& s) {
  while (token_.kind != Token::Kind::end) {
    if (!s.assignments.empty()) expect_sign(",");
    Target to = target(false);
    expect_sign("=");
    s.assignments.emplace_back(std::move(to), expression());
  }
  close(s.body, "endwith");
}

void Parser::parameters(Statement& s) {
  expect_sign("(");
  while (!is_sign(")")) {
    Parameter p{name(), nullptr};
    if (p.name == "caller" && s.kind == Statement::Kind::macro)
      fail("macro: expected parameters that are not called 'caller'");
    for (const Parameter& other : s.parameters)
      if (other.name == p.name)
        fail("expected parameters of different names, found '" + printable(p.name) + "' twice");
    if (take_sign("="))
      p.otherwise = expression();
    else if (!s.parameters.empty() && s.parameters.back().otherwise)
      fail("expected a default for '" + printable(p.name) + "', as for the parameter before it");
    s.parameters.push_back(std::move(p));
    if (!is_sign(")")) expect_sign(",");
  }
  expect_sign(")");
}

Target Parser::single_target(bool attributes) {
  const Nested nested(*this, "targets");
  Target to;
  if (take_sign("(")) {
    to = target(attributes);
    expect_sign(")");
    return to;
  }
  to.name = name();
  for (const char* const word : {"true", "false", "none", "True", "False", "None", "loop", "in",
                                 "not", "and", "or", "is", "if", "else"})
    if (to.name == word && !(to.name == "loop" && loops_ == 0 && attributes))
      fail("expected a name that can be set, found '" + to.name + "'");
  if (attributes && take_sign(".")) to.attribute = name();
  return to;
}

Target Parser::target(bool attributes) {
  Target first = single_target(attributes);
  if (!is_sign(",")) return first;
  Target all;
  all.several = true;
  all.parts.push_back(std::move(first));
  while (take_sign(",")) {
    if (token_.kind == Token::Kind::end || is_sign("=") || is_sign(")") || is_name("in")) break;
    all.parts.push_back(single_target(attributes));
  }
  return all;
}

}  // namespace quipu::jinja
