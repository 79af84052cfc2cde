#include <algorithm>
#include <cctype>
#include <charconv>

#include "quipu/error.h"
#include "text/jinja/syntax.h"

namespace quipu::jinja {
namespace {

// Of expressions and of blocks in blocks: what renders them recurses as deep.
constexpr int deepest = 100;

struct Token {
  enum class Kind { end, name, integer, real, string, sign };
  Kind kind = Kind::end;
  std::string text;
  int line = 0;
};

// Cuts the source into text and tags, and tags into tokens.
class Lexer {
 public:
  explicit Lexer(std::string_view source) {
    // Line ends become \n, and a last one is dropped.
    source_.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
      if (source[i] != '\r')
        source_ += source[i];
      else if (i + 1 == source.size() || source[i + 1] != '\n')
        source_ += '\n';
    }
    if (source_.ends_with('\n')) source_.pop_back();
  }

  enum class Tag { none, print, block };

  int line() const { return line_; }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::invalid, "template, line " + std::to_string(line_) + ": " + what);
  }

  /// The text up to the next tag, which is then open; comments and raw blocks are dealt with.
  std::string text(Tag& tag) {
    std::string out;
    for (;;) {
      const std::size_t open = source_.find('{', at_);
      const std::size_t at = next_tag(open);
      std::string_view part(source_.data() + at_, (at == npos ? source_.size() : at) - at_);
      if (strip_next_) {
        const std::size_t first = part.find_first_not_of(" \t\n\v\f");
        part.remove_prefix(first == npos ? part.size() : first);
      } else if (trim_next_ && part.starts_with('\n')) {
        part.remove_prefix(1);
        fresh_line_ = true;
      }
      const bool whole_text_gone = part.empty();
      count_lines(at_, at == npos ? source_.size() : at);
      if (at == npos) {
        out += part;
        at_ = source_.size();
        tag = Tag::none;
        return out;
      }
      const char kind = source_[at + 1];
      const char mark = at + 2 < source_.size() ? source_[at + 2] : ' ';
      if (mark == '-') {
        const std::size_t last = part.find_last_not_of(" \t\n\v\f");
        part = part.substr(0, last == npos ? 0 : last + 1);
      } else if (mark != '+' && kind != '{') {
        part = without_indent(part);
      }
      (void)whole_text_gone;
      out += part;
      at_ = at + 2 + (mark == '-' || mark == '+');
      strip_next_ = trim_next_ = fresh_line_ = false;
      if (kind == '#') {
        skip_comment();
        continue;
      }
      if (kind == '%' && raw(out)) continue;
      tag = kind == '{' ? Tag::print : Tag::block;
      closing_ = kind == '{' ? "}}" : "%}";
      braces_ = 0;
      return out;
    }
  }

  /// The next token of the open tag; `end` closes it.
  Token token() {
    while (at_ < source_.size() && std::isspace(static_cast<unsigned char>(source_[at_]))) {
      line_ += source_[at_] == '\n';
      ++at_;
    }
    Token token;
    token.line = line_;
    if (at_ >= source_.size()) fail("expected " + std::string(closing_) + ", found the end");
    const std::string_view rest(source_.data() + at_, source_.size() - at_);
    if (braces_ == 0)
      for (const char* const mark : {"-", "+", ""})
        if (rest.starts_with(std::string(mark) + std::string(closing_)) &&
            !(*mark == '+' && closing_ == "}}")) {
          at_ += std::string_view(mark).size() + 2;
          strip_next_ = *mark == '-';
          trim_next_ = *mark == 0 && closing_ == "%}";
          return token;
        }
    const char c = rest[0];
    if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') {
      token.kind = Token::Kind::name;
      while (at_ < source_.size() &&
             (std::isalnum(static_cast<unsigned char>(source_[at_])) || source_[at_] == '_'))
        token.text += source_[at_++];
    } else if (std::isdigit(static_cast<unsigned char>(c))) {
      number(token);
    } else if (c == '\'' || c == '"') {
      string(token);
    } else {
      sign(token, rest);
    }
    return token;
  }

 private:
  static constexpr std::size_t npos = std::string::npos;

  std::size_t next_tag(std::size_t open) const {
    for (; open != npos && open + 1 < source_.size(); open = source_.find('{', open + 1)) {
      const char next = source_[open + 1];
      if (next == '{' || next == '%' || next == '#') return open;
    }
    return npos;
  }

  void count_lines(std::size_t from, std::size_t to) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(from),
                                         source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
  }

  // lstrip_blocks: blanks between the start of a line and a block go.
  std::string_view without_indent(std::string_view part) const {
    const std::size_t line = part.rfind('\n');
    const std::size_t first = line == npos ? 0 : line + 1;
    const bool starts_line = line != npos || fresh_line_;
    if (starts_line && part.find_first_not_of(" \t\v\f", first) == npos)
      return part.substr(0, first);
    return part;
  }

  void skip_comment() {
    const std::size_t end = source_.find("#}", at_);
    if (end == npos) fail("expected #}, found the end");
    count_lines(at_, end);
    strip_next_ = end > at_ && source_[end - 1] == '-';
    trim_next_ = !strip_next_ && !(end > at_ && source_[end - 1] == '+');
    at_ = end + 2;
  }

  // {% raw %} … {% endraw %}, behind its opening mark: takes it and says so.
  bool raw(std::string& out) {
    const auto word = [&](std::size_t from, std::string_view name, std::size_t& end, char& mark) {
      from = source_.find_first_not_of(" \t\n", from);
      if (from == npos || source_.compare(from, name.size(), name) != 0) return false;
      end = source_.find_first_not_of(" \t\n", from + name.size());
      if (end == npos) return false;
      mark = source_[end] == '-' || source_[end] == '+' ? source_[end] : ' ';
      if (mark != ' ') ++end;
      if (source_.compare(end, 2, "%}") != 0) return false;
      end += 2;
      return true;
    };
    std::size_t body = 0;
    char mark = ' ';
    if (!word(at_, "raw", body, mark)) return false;
    for (std::size_t open = source_.find("{%", body); open != npos;
         open = source_.find("{%", open + 2)) {
      const char before = open + 2 < source_.size() ? source_[open + 2] : ' ';
      std::size_t end = 0;
      char after = ' ';
      if (!word(open + 2 + (before == '-' || before == '+'), "endraw", end, after)) continue;
      std::string_view text(source_.data() + body, open - body);
      if (mark == '-') {
        const std::size_t first = text.find_first_not_of(" \t\n");
        text.remove_prefix(first == npos ? text.size() : first);
      } else if (mark == ' ' && text.starts_with('\n')) {
        text.remove_prefix(1);
      }
      if (before == '-') {
        const std::size_t last = text.find_last_not_of(" \t\n");
        text = text.substr(0, last == npos ? 0 : last + 1);
      } else if (before != '+') {
        text = without_indent(text);
      }
      out += text;
      count_lines(at_, end);
      at_ = end;
      strip_next_ = after == '-';
      trim_next_ = after == ' ';
      return true;
    }
    fail("raw: expected endraw, found the end");
  }

  void number(Token& token) {
    const auto digits = [&] {
      while (at_ < source_.size() &&
             (std::isdigit(static_cast<unsigned char>(source_[at_])) || source_[at_] == '_')) {
        if (source_[at_] != '_') token.text += source_[at_];
        ++at_;
      }
    };
    token.kind = Token::Kind::integer;
    digits();
    if (at_ + 1 < source_.size() && source_[at_] == '.' &&
        std::isdigit(static_cast<unsigned char>(source_[at_ + 1]))) {
      token.kind = Token::Kind::real;
      token.text += source_[at_++];
      digits();
    }
    if (at_ < source_.size() && (source_[at_] == 'e' || source_[at_] == 'E')) {
      const std::size_t sign =
          at_ + 1 < source_.size() && (source_[at_ + 1] == '-' || source_[at_ + 1] == '+');
      if (at_ + 1 + sign < source_.size() &&
          std::isdigit(static_cast<unsigned char>(source_[at_ + 1 + sign]))) {
        token.kind = Token::Kind::real;
        token.text.append(source_, at_, 1 + sign);
        at_ += 1 + sign;
        digits();
      }
    }
  }

  void string(Token& token) {
    token.kind = Token::Kind::string;
    const char quote = source_[at_++];
    for (; at_ < source_.size() && source_[at_] != quote; ++at_) {
      line_ += source_[at_] == '\n';
      if (source_[at_] != '\\' || at_ + 1 == source_.size()) {
        token.text += source_[at_];
        continue;
      }
      escape(token.text);
    }
    if (at_ >= source_.size()) fail("expected the end of a string, found the end");
    ++at_;
  }

  // Python's escapes; a backslash before anything else stays.
  void escape(std::string& out) {
    const char c = source_[++at_];
    constexpr std::string_view names = "abfnrtv0\\'\"", values = "\a\b\f\n\r\t\v";
    const std::size_t index = names.find(c);
    if (c == '\n') return;
    if (index != npos && index < values.size()) {
      out += values[index];
    } else if (c == '0') {
      out += '\0';
    } else if (index != npos) {
      out += c;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const std::size_t size = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      unsigned code = hexadecimal(size);
      if (code >= 0xD800 && code < 0xDC00 && source_.compare(at_ + 1, 2, "\\u") == 0) {
        at_ += 2;
        code = 0x10000 + ((code - 0xD800) << 10) + (hexadecimal(4) - 0xDC00);
      }
      append_code_point(out, code);
    } else {
      (out += '\\') += c;
    }
  }
  unsigned hexadecimal(std::size_t size) {
    unsigned code = 0;
    const char* const first = source_.data() + std::min(at_ + 1, source_.size());
    const char* const last = source_.data() + std::min(at_ + 1 + size, source_.size());
    const auto [end, error] = std::from_chars(first, last, code, 16);
    if (error != std::errc() || end != first + size)
      fail("expected hexadecimal digits of an escape");
    at_ += size;
    return code;
  }
  void append_code_point(std::string& out, unsigned code) const {
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      fail("expected an escape that is a code point");
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | code >> 18);
      out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  void sign(Token& token, std::string_view rest) {
    token.kind = Token::Kind::sign;
    for (const char* const two : {"==", "!=", "<=", ">=", "//", "**"})
      if (rest.starts_with(two)) token.text = two;
    if (token.text.empty()) token.text = rest[0];
    if (std::string_view("+-*/%~<>=()[]{}.,:|").find(token.text[0]) == npos && token.text != "!=")
      fail("expected an expression, found '" + printable(token.text) + "'");
    at_ += token.text.size();
    if (token.text == "{" || token.text == "(" || token.text == "[") ++braces_;
    if ((token.text == "}" || token.text == ")" || token.text == "]") && braces_ > 0) --braces_;
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1, braces_ = 0;
  bool strip_next_ = false, trim_next_ = false, fresh_line_ = true;
  std::string_view closing_;
};

class Parser {
 public:
  explicit Parser(std::string_view source) : lexer_(source) {}

  Body all() {
    Body body;
    std::string end = statements(body, {}, 0);
    return body;
  }

 private:
  using Kind = Expression::Kind;

  [[noreturn]] void fail(const std::string& what) const { lexer_.fail(what); }

  // ---- tokens of the open tag

  void advance() { token_ = lexer_.token(); }
  bool is_sign(std::string_view text) const {
    return token_.kind == Token::Kind::sign && token_.text == text;
  }
  bool is_name(std::string_view text) const {
    return token_.kind == Token::Kind::name && token_.text == text;
  }
  bool take_sign(std::string_view text) {
    if (!is_sign(text)) return false;
    advance();
    return true;
  }
  bool take_name(std::string_view text) {
    if (!is_name(text)) return false;
    advance();
    return true;
  }
  void expect_sign(const char* text) {
    if (!take_sign(text)) fail(std::string("expected '") + text + "', found " + found());
  }
  std::string name() {
    if (token_.kind != Token::Kind::name) fail("expected a name, found " + found());
    std::string text = token_.text;
    advance();
    return text;
  }
  void expect_end() {
    if (token_.kind != Token::Kind::end) fail("expected the end of the tag, found " + found());
  }
  std::string found() const {
    return token_.kind == Token::Kind::end ? "the end of the tag"
                                           : "'" + printable(token_.text) + "'";
  }

  // ---- statements

  /// Statements up to a tag of one of these names, which is then open behind its name; at the top,
  /// up to the end.
  std::string statements(Body& body, std::initializer_list<const char*> ends, int depth) {
    if (depth > deepest) fail("expected blocks nested at most 100 deep");
    for (;;) {
      Lexer::Tag tag;
      std::string text = lexer_.text(tag);
      if (!text.empty()) {
        Statement s{Statement::Kind::text};
        s.text = std::move(text);
        body.push_back(std::move(s));
      }
      if (tag == Lexer::Tag::none) {
        if (ends.size() > 0) fail(std::string("expected ") + *ends.begin() + ", found the end");
        return "";
      }
      const int line = lexer_.line();
      advance();
      if (tag == Lexer::Tag::print) {
        Statement s{Statement::Kind::print, line};
        s.expression = tuple();
        expect_end();
        body.push_back(std::move(s));
        continue;
      }
      const std::string word = name();
      for (const char* const end : ends)
        if (word == end) return word;
      body.push_back(statement(word, line, depth));
    }
  }

  void close(Body& body, const char* end, int depth) {
    statements(body, {end}, depth + 1);
    // A name may follow: endmacro greet.
    if (token_.kind == Token::Kind::name) advance();
    expect_end();
  }

  Statement statement(const std::string& word, int line, int depth) {
    Statement s{Statement::Kind::group, line};
    if (word == "if") {
      choice(s, depth);
    } else if (word == "for") {
      loop(s, depth);
    } else if (word == "set") {
      assign(s, depth);
    } else if (word == "macro") {
      s.kind = Statement::Kind::macro;
      s.text = name();
      parameters(s);
      expect_end();
      close(s.body, "endmacro", depth);
    } else if (word == "call") {
      s.kind = Statement::Kind::call;
      if (is_sign("(")) parameters(s);
      s.expression = expression();
      if (s.expression->kind != Kind::call) fail("call: expected a call of a macro");
      expect_end();
      close(s.body, "endcall", depth);
    } else if (word == "filter") {
      s.kind = Statement::Kind::filter;
      s.expression = filters(nullptr, true);
      expect_end();
      close(s.body, "endfilter", depth);
    } else if (word == "with") {
      s.kind = Statement::Kind::scope;
      while (token_.kind != Token::Kind::end) {
        std::string target = name();
        expect_sign("=");
        s.named.emplace_back(std::move(target), expression());
        if (!take_sign(",")) break;
      }
      expect_end();
      close(s.body, "endwith", depth);
    } else if (word == "generation") {
      expect_end();
      close(s.body, "endgeneration", depth);
    } else if (word == "break" || word == "continue") {
      s.kind = word == "break" ? Statement::Kind::leave : Statement::Kind::next;
      if (loops_ == 0) fail(word + ": expected a loop around it");
      expect_end();
    } else {
      fail("expected a tag that templates have, found '" + printable(word) + "'");
    }
    return s;
  }

  void choice(Statement& s, int depth) {
    s.kind = Statement::Kind::choice;
    for (std::string word = "if"; word != "endif";) {
      if (word == "else") {
        expect_end();
        word = statements(s.otherwise, {"endif"}, depth + 1);
        break;
      }
      auto condition = tuple();
      expect_end();
      s.branches.emplace_back(std::move(condition), Body());
      word = statements(s.branches.back().second, {"endif", "elif", "else"}, depth + 1);
    }
    expect_end();
  }

  std::vector<std::string> targets(bool attributes) {
    std::vector<std::string> names;
    const bool bracketed = take_sign("(");
    do {
      if (bracketed && is_sign(")")) break;
      std::string target = name();
      if (attributes && take_sign(".")) target += "." + name();
      names.push_back(std::move(target));
    } while (take_sign(","));
    if (bracketed) expect_sign(")");
    return names;
  }

  void loop(Statement& s, int depth) {
    s.kind = Statement::Kind::loop;
    s.targets = targets(false);
    if (!take_name("in")) fail("for: expected 'in', found " + found());
    s.expression = tuple(false);
    if (take_name("if")) s.condition = expression();
    s.recursive = take_name("recursive");
    expect_end();
    ++loops_;
    const std::string word = statements(s.body, {"endfor", "else"}, depth + 1);
    --loops_;
    if (word == "else") {
      expect_end();
      statements(s.otherwise, {"endfor"}, depth + 1);
    }
    expect_end();
  }

  void assign(Statement& s, int depth) {
    s.targets = targets(true);
    if (take_sign("=")) {
      s.kind = Statement::Kind::assign;
      s.expression = tuple();
      expect_end();
      return;
    }
    s.kind = Statement::Kind::assign_body;
    if (is_sign("|")) s.expression = filters(nullptr, false);
    expect_end();
    close(s.body, "endset", depth);
  }

  void parameters(Statement& s) {
    expect_sign("(");
    while (!is_sign(")")) {
      Parameter p{name(), nullptr};
      if (take_sign("=")) p.otherwise = expression();
      s.parameters.push_back(std::move(p));
      if (!take_sign(",")) break;
    }
    expect_sign(")");
  }

  // ---- expressions, loosest first

  ExpressionPtr make(Kind kind, std::string text = {}) const {
    auto e = std::make_unique<Expression>();
    e->kind = kind;
    e->line = lexer_.line();
    e->text = std::move(text);
    return e;
  }
  template <class... Children>
  ExpressionPtr join(ExpressionPtr e, Children... children) {
    (add(*e, std::move(children)), ...);
    return e;
  }
  void add(Expression& e, ExpressionPtr child) {
    if (child) e.depth = std::max(e.depth, child->depth + 1);
    if (e.depth > deepest) fail("expected expressions nested at most 100 deep");
    e.children.push_back(std::move(child));
  }

  struct Nested {
    explicit Nested(Parser& parser) : parser(parser) {
      if (++parser.nested_ > deepest) parser.fail("expected expressions nested at most 100 deep");
    }
    ~Nested() { --parser.nested_; }
    Parser& parser;
  };

  /// An expression, or several with commas between them: a tuple.
  ExpressionPtr tuple(bool choices = true) {
    auto first = choices ? expression() : either();
    if (!is_sign(",")) return first;
    auto all = join(make(Kind::tuple), std::move(first));
    while (take_sign(",")) {
      if (token_.kind == Token::Kind::end || is_sign(")") || is_sign("=")) break;
      add(*all, choices ? expression() : either());
    }
    return all;
  }

  ExpressionPtr expression() {
    const Nested nested(*this);
    auto value = either();
    while (take_name("if")) {
      auto condition = either();
      ExpressionPtr otherwise = take_name("else") ? expression() : nullptr;
      value =
          join(make(Kind::choice), std::move(condition), std::move(value), std::move(otherwise));
    }
    return value;
  }

  ExpressionPtr either() {
    auto left = both();
    while (take_name("or")) left = join(make(Kind::either), std::move(left), both());
    return left;
  }
  ExpressionPtr both() {
    auto left = inverse();
    while (take_name("and")) left = join(make(Kind::both), std::move(left), inverse());
    return left;
  }
  ExpressionPtr inverse() {
    const Nested nested(*this);
    if (take_name("not")) return join(make(Kind::inverse), inverse());
    return compare();
  }

  ExpressionPtr compare() {
    auto left = sum();
    ExpressionPtr all;
    for (;;) {
      std::string op;
      if (token_.kind == Token::Kind::sign &&
          (token_.text == "==" || token_.text == "!=" || token_.text == "<" ||
           token_.text == "<=" || token_.text == ">" || token_.text == ">=")) {
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

  ExpressionPtr binary(std::initializer_list<const char*> signs, ExpressionPtr (Parser::*next)()) {
    auto left = (this->*next)();
    for (;;) {
      const char* sign = nullptr;
      for (const char* const each : signs)
        if (is_sign(each)) sign = each;
      if (!sign) return left;
      advance();
      left = join(make(Kind::binary, sign), std::move(left), (this->*next)());
    }
  }
  ExpressionPtr sum() { return binary({"+", "-"}, &Parser::concatenation); }
  ExpressionPtr concatenation() { return binary({"~"}, &Parser::product); }
  ExpressionPtr product() { return binary({"*", "/", "//", "%"}, &Parser::signed_value); }

  ExpressionPtr signed_value() {
    const Nested nested(*this);
    if (take_sign("-")) return filters(join(make(Kind::negative), power_of_signed()), false);
    if (take_sign("+")) return filters(power_of_signed(), false);
    return filters(power(), false);
  }
  ExpressionPtr power_of_signed() {
    const Nested nested(*this);
    if (take_sign("-")) return join(make(Kind::negative), power_of_signed());
    return power();
  }
  ExpressionPtr power() {
    auto left = postfix(primary());
    if (take_sign("**")) return join(make(Kind::binary, "**"), std::move(left), signed_value());
    return left;
  }

  ExpressionPtr primary() {
    const Nested nested(*this);
    const Token token = token_;
    switch (token.kind) {
    case Token::Kind::name:
      advance();
      return word(token.text);
    case Token::Kind::string: {
      auto e = make(Kind::literal);
      std::string text;
      for (; token_.kind == Token::Kind::string; advance()) text += token_.text;
      e->value = std::move(text);
      return e;
    }
    case Token::Kind::integer:
    case Token::Kind::real: {
      advance();
      auto e = make(Kind::literal);
      const char* const end = token.text.data() + token.text.size();
      std::int64_t whole = 0;
      double real = 0;
      if (token.kind == Token::Kind::integer &&
          std::from_chars(token.text.data(), end, whole).ec == std::errc())
        e->value = whole;
      else if (std::from_chars(token.text.data(), end, real).ec == std::errc())
        e->value = real;
      else
        fail("expected a number that can be held, found '" + printable(token.text) + "'");
      return e;
    }
    default:
      break;
    }
    if (take_sign("(")) {
      if (take_sign(")")) return make(Kind::tuple);
      auto inside = tuple();
      expect_sign(")");
      return inside;
    }
    if (take_sign("[")) {
      auto list = make(Kind::list);
      while (!is_sign("]")) {
        add(*list, expression());
        if (!take_sign(",")) break;
      }
      expect_sign("]");
      return list;
    }
    if (take_sign("{")) {
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
    fail("expected an expression, found " + found());
  }

  ExpressionPtr word(const std::string& text) {
    auto e = make(Kind::literal);
    if (text == "true" || text == "True")
      e->value = true;
    else if (text == "false" || text == "False")
      e->value = false;
    else if (text != "none" && text != "None")
      return make(Kind::name, text);
    return e;
  }

  ExpressionPtr postfix(ExpressionPtr e) {
    for (;;) {
      if (take_sign(".")) {
        if (token_.kind == Token::Kind::integer) {
          auto index = make(Kind::literal);
          index->value = static_cast<std::int64_t>(std::atoll(token_.text.c_str()));
          advance();
          e = join(make(Kind::item), std::move(e), std::move(index));
        } else {
          e = join(make(Kind::attribute, name()), std::move(e));
        }
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

  ExpressionPtr subscript(ExpressionPtr e) {
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
    if (slice)
      return join(make(Kind::slice), std::move(e), std::move(parts[0]), std::move(parts[1]),
                  std::move(parts[2]));
    if (!parts[0]) fail("expected an index, found ']'");
    return join(make(Kind::item), std::move(e), std::move(parts[0]));
  }

  void arguments(Expression& call) {
    expect_sign("(");
    while (!is_sign(")")) {
      if (take_sign("*")) {
        add(call, expression());
        call.spread = true;
      } else if (take_sign("**")) {
        fail("expected arguments by position or name, found '**'");
      } else {
        auto value = expression();
        if (value->kind == Kind::name && take_sign("=")) {
          const std::string key = value->text;
          auto given = expression();
          call.depth = std::max(call.depth, given->depth + 1);
          if (call.depth > deepest) fail("expected expressions nested at most 100 deep");
          call.named.emplace_back(key, std::move(given));
        } else {
          if (call.spread) fail("expected nothing by position after '*'");
          add(call, std::move(value));
        }
      }
      if (!take_sign(",")) break;
    }
    expect_sign(")");
  }

  /// Filters and tests behind a value; in a filter block, the first filter has no '|' before it.
  ExpressionPtr filters(ExpressionPtr e, bool block) {
    for (;;) {
      if (block || take_sign("|")) {
        block = false;
        std::string text = name();
        while (take_sign(".")) text += "." + name();
        e = join(make(Kind::filter, text), std::move(e));
        if (is_sign("(")) arguments(*e);
      } else if (e && take_name("is")) {
        const bool negated = take_name("not");
        e = test(std::move(e));
        if (negated) e = join(make(Kind::inverse), std::move(e));
      } else if (e && is_sign("(")) {
        e = join(make(Kind::call), std::move(e));
        arguments(*e);
      } else {
        return e;
      }
    }
  }

  ExpressionPtr test(ExpressionPtr e) {
    std::string text = name();
    e = join(make(Kind::test, text), std::move(e));
    if (is_sign("(")) {
      arguments(*e);
    } else if (token_.kind != Token::Kind::end && token_.kind != Token::Kind::sign &&
               !is_name("else") && !is_name("or") && !is_name("and") && !is_name("is") &&
               !is_name("if") && !is_name("in") && !is_name("not") && !is_name("recursive")) {
      add(*e, postfix(primary()));
    } else if (is_sign("[") || is_sign("{")) {
      add(*e, postfix(primary()));
    }
    return e;
  }

  Lexer lexer_;
  Token token_;
  int nested_ = 0, loops_ = 0;
};

}  // namespace

Body parse(std::string_view source) {
  return Parser(source).all();
}

}  // namespace quipu::jinja
