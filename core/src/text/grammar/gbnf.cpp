// One pass over the text with a stack of open groups.
#include "text/grammar/gbnf.h"

#include <unordered_map>

#include "quipu/error.h"
#include "text/grammar/gbnf_text.h"
#include "text/grammar/utf8_ranges.h"

namespace quipu::grammar {
namespace {

void append_utf8(std::string& text, std::uint32_t code_point) {
  const CodePoints one{code_point, code_point};
  for (const auto& bytes : byte_ranges(std::span(&one, 1)))
    for (std::uint32_t i = 0; i < bytes.size; ++i) text += static_cast<char>(bytes.at[i].first);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}
  Syntax parse(std::string_view root);

 private:
  /// What stands between parentheses, or is a rule's body.
  struct Group {
    std::size_t position = 0;
    std::vector<NodeId> options;   // before the last '|'
    std::vector<NodeId> sequence;  // after it
  };

  void parse_rule();
  NodeId parse_body();
  bool parse_item();
  void parse_repeats();
  void parse_braces(NodeId item, std::size_t position);
  NodeId parse_literal();
  NodeId parse_class();
  NodeId close_group();
  std::uint32_t rule_of(std::string_view name, std::size_t position);
  NodeId checked(NodeId node) const;

  GbnfText text_;
  Syntax syntax_;
  std::vector<Group> groups_;
  std::unordered_map<std::string, std::uint32_t> rules_;
  std::vector<std::size_t> first_use_;  // per rule
};

NodeId Parser::checked(NodeId node) const {
  if (syntax_.nodes.size() > Budget::nodes)
    text_.refuse("at most " + std::to_string(Budget::nodes) + " things in a grammar", "more",
                 text_.position());
  return node;
}

std::uint32_t Parser::rule_of(std::string_view name, std::size_t position) {
  const auto [at, fresh] =
      rules_.try_emplace(std::string(name), static_cast<std::uint32_t>(syntax_.rules.size()));
  if (fresh) {
    syntax_.rules.push_back({.name = std::string(name)});
    first_use_.push_back(position);
  }
  return at->second;
}

void Parser::parse_rule() {
  const std::size_t position = text_.position();
  const std::string_view name = text_.name();
  if (name.empty()) text_.refuse("a rule's name");
  text_.skip_space(false);
  if (!text_.take("::=")) text_.refuse("'::='");
  const std::uint32_t rule = rule_of(name, position);
  if (syntax_.rules[rule].body != no_node)
    text_.refuse("a rule that is new",
                 printable(name, 60) + ", which line " + std::to_string(syntax_.rules[rule].line) +
                     " has already",
                 position);
  text_.skip_space(true);
  syntax_.rules[rule].line = text_.line_of(position);
  const NodeId body = parse_body();
  syntax_.rules[rule].body = body;
  if (!text_.at_end() && text_.peek() != '\n' && text_.peek() != '\r')
    text_.refuse("something to match, '|' or the end of the line");
}

NodeId Parser::parse_body() {
  groups_.clear();
  groups_.push_back({.position = text_.position()});
  for (;;) {
    text_.skip_space(groups_.size() > 1);
    if (text_.take("|")) {
      auto& group = groups_.back();
      group.options.push_back(checked(syntax_.add_sequence(group.sequence)));
      group.sequence.clear();
      text_.skip_space(true);
    } else if (text_.peek() == '(') {
      if (groups_.size() > Budget::depth)
        text_.refuse("at most " + std::to_string(Budget::depth) + " groups in each other", "more",
                     text_.position());
      groups_.push_back({.position = text_.position()});
      text_.take("(");
    } else if (groups_.size() > 1 && text_.take(")")) {
      const NodeId group = close_group();
      groups_.back().sequence.push_back(group);
      parse_repeats();
    } else if (!parse_item()) {
      break;
    }
  }
  if (groups_.size() > 1)
    text_.refuse("')' for the '(' at " +
                 text_.place(groups_.back().position)
                     .substr(8, text_.place(groups_.back().position).size() - 10));
  return close_group();
}

NodeId Parser::close_group() {
  Group group = std::move(groups_.back());
  groups_.pop_back();
  if (group.options.empty() && group.sequence.size() == 1) return group.sequence[0];
  const NodeId last = checked(syntax_.add_sequence(group.sequence));
  if (group.options.empty()) return last;
  group.options.push_back(last);
  return checked(syntax_.add_choice(group.options));
}

// False where nothing that can be matched begins.
bool Parser::parse_item() {
  NodeId item = no_node;
  const std::size_t position = text_.position();
  const char c = text_.peek();
  if (c == '"')
    item = parse_literal();
  else if (c == '[')
    item = parse_class();
  else if (text_.take("."))
    item = syntax_.add_characters(all_but({}));
  else if (c == '<' || (c == '!' && text_.peek(1) == '<'))
    throw Error(ErrorCode::unsupported,
                text_.place(position) +
                    "expected characters, found a token: <…> and !<…> are not supported");
  else if (const std::string_view name = text_.name(); !name.empty())
    item = syntax_.add_rule(rule_of(name, position));
  else
    return false;
  groups_.back().sequence.push_back(checked(item));
  parse_repeats();
  return true;
}

// '*', '+', '?' and braces after what was matched last.
void Parser::parse_repeats() {
  for (;;) {
    text_.skip_space(groups_.size() > 1);
    NodeId& item = groups_.back().sequence.back();
    const std::size_t position = text_.position();
    if (text_.take("*"))
      item = syntax_.add_repeat(item, 0, unbounded);
    else if (text_.take("+"))
      item = syntax_.add_repeat(item, 1, unbounded);
    else if (text_.take("?"))
      item = syntax_.add_repeat(item, 0, 1);
    else if (text_.take("{"))
      parse_braces(item, position);
    else
      return;
    checked(item);
  }
}

void Parser::parse_braces(NodeId item, std::size_t position) {
  text_.skip_space(groups_.size() > 1);
  std::uint32_t least = 0, most = unbounded;
  const bool from_none = text_.peek() == ',';
  if (!from_none) least = text_.number();
  text_.skip_space(groups_.size() > 1);
  if (text_.take(",")) {
    text_.skip_space(groups_.size() > 1);
    if (from_none || text_.peek() != '}') most = text_.number();
  } else {
    most = least;
  }
  text_.skip_space(groups_.size() > 1);
  if (!text_.take("}")) text_.refuse("'}'");
  if (most < least)
    text_.refuse("a range of repeats", std::to_string(least) + " to " + std::to_string(most),
                 position);
  groups_.back().sequence.back() = syntax_.add_repeat(item, least, most);
}

NodeId Parser::parse_literal() {
  const std::size_t position = text_.position();
  text_.take("\"");
  std::string bytes;
  while (!text_.take("\"")) {
    if (text_.at_end()) text_.refuse("'\"' at the end of a literal", "the end", position);
    append_utf8(bytes, text_.character());
  }
  return syntax_.add_bytes(bytes);
}

NodeId Parser::parse_class() {
  const std::size_t position = text_.position();
  text_.take("[");
  const bool negated = text_.take("^");
  std::vector<CodePoints> ranges;
  while (!text_.take("]")) {
    if (text_.at_end()) text_.refuse("']' at the end of a class", "the end", position);
    const std::size_t start = text_.position();
    const std::uint32_t first = text_.character();
    std::uint32_t last = first;
    if (text_.peek() == '-' && text_.peek(1) != ']') {
      text_.take("-");
      last = text_.character();
    }
    if (last < first) text_.refuse("a range that goes up", "one that goes down", start);
    ranges.push_back({first, last});
  }
  if (ranges.empty()) text_.refuse("a character in a class", "none", position);
  return syntax_.add_characters(negated ? all_but(std::move(ranges)) : tidy(std::move(ranges)));
}

Syntax Parser::parse(std::string_view root) {
  text_.skip_space(true);
  while (!text_.at_end()) {
    parse_rule();
    text_.skip_space(true);
  }
  for (std::size_t i = 0; i < syntax_.rules.size(); ++i)
    if (syntax_.rules[i].body == no_node)
      text_.refuse("a rule named " + printable(syntax_.rules[i].name, 60), "none", first_use_[i]);
  const auto at = rules_.find(std::string(root));
  if (at == rules_.end())
    text_.refuse("a rule named " + printable(root, 60), "none", text_.position());
  syntax_.root = checked(syntax_.add_rule(at->second));
  return std::move(syntax_);
}

}  // namespace

Syntax parse_gbnf(std::string_view text, std::string_view root) {
  if (text.size() > Budget::text_bytes)
    throw Error(ErrorCode::invalid, "grammar: expected at most " +
                                        std::to_string(Budget::text_bytes) + " bytes, found " +
                                        std::to_string(text.size()));
  return Parser(text).parse(root);
}

}  // namespace quipu::grammar
