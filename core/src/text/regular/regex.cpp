// Recursive descent to a tree, which becomes a non-deterministic automaton from the back.
#include "text/regular/regex.h"

#include <algorithm>
#include <map>

#include "quipu/error.h"
#include "text/regular/code_points.h"
#include "text/regular/nfa.h"

namespace quipu::regular {
namespace {

constexpr std::size_t deepest_group = 200;
constexpr std::uint32_t no_bound = ~std::uint32_t{0};

enum class Kind : std::uint8_t { set, concatenation, alternatives, repeat, assertion };

struct Node {
  Kind kind = Kind::concatenation;
  std::uint32_t set = 0;  // of a set, its index; of an assertion, Assertion
  std::uint32_t least = 0, most = 0;
  std::vector<std::uint32_t> children = {};
};

const Ranges digits{{'0', '9'}};
const Ranges word{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
// WhiteSpace and LineTerminator of ECMA-262.
const Ranges space{{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680},
                   {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                   {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
const Ranges line_ends{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

class Parser {
 public:
  Parser(std::u32string_view text, const std::string& where) : text_(text), where_(where) {}

  std::vector<Node> nodes;
  std::vector<Ranges> sets;

  std::uint32_t parse() {
    const std::uint32_t root = alternatives(0);
    if (at_ < text_.size()) fail("expected the end, found ')' without '('");
    return root;
  }

 private:
  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::invalid) const {
    throw Error(code, where_ + ": character " + std::to_string(at_ + 1) + ": " + what);
  }
  bool more() const { return at_ < text_.size(); }
  char32_t peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : U'\0';
  }
  bool take(std::u32string_view what) {
    if (text_.substr(at_, what.size()) != what) return false;
    at_ += what.size();
    return true;
  }
  std::uint32_t add(Node node) {
    nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(nodes.size() - 1);
  }
  std::uint32_t add_set(Ranges ranges) {
    const auto [place, fresh] =
        set_ids_.try_emplace(std::move(ranges), static_cast<std::uint32_t>(sets.size()));
    if (fresh) sets.push_back(place->first);
    return add({.kind = Kind::set, .set = place->second});
  }

  std::uint32_t alternatives(std::size_t depth) {
    if (depth > deepest_group)
      fail("expected groups at most " + std::to_string(deepest_group) + " deep");
    Node out{.kind = Kind::alternatives};
    do {
      Node sequence{.kind = Kind::concatenation};
      while (more() && peek() != '|' && peek() != ')') sequence.children.push_back(term(depth));
      out.children.push_back(sequence.children.size() == 1 ? sequence.children[0]
                                                           : add(std::move(sequence)));
    } while (take(U"|"));
    return out.children.size() == 1 ? out.children[0] : add(std::move(out));
  }

  std::uint32_t assertion(Assertion kind) {
    return add({.kind = Kind::assertion, .set = static_cast<std::uint32_t>(kind)});
  }

  std::uint32_t term(std::size_t depth) {
    // Assertions take no quantifier.
    if (take(U"^")) return unquantified(assertion(Assertion::start));
    if (take(U"$")) return unquantified(assertion(Assertion::end));
    if (take(U"\\b")) return unquantified(assertion(Assertion::word_boundary));
    if (take(U"\\B")) return unquantified(assertion(Assertion::no_word_boundary));
    return quantified(atom(depth));
  }

  std::uint32_t unquantified(std::uint32_t node) {
    if (is_quantifier()) fail("expected something to repeat, found an assertion before it");
    return node;
  }

  bool is_quantifier() {
    const std::size_t start = at_;
    std::uint32_t least, most;
    const bool is = quantifier(least, most);
    at_ = start;
    return is;
  }

  std::uint32_t number() {
    std::uint64_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = std::min<std::uint64_t>(value * 10 + (text_[at_] - U'0'), no_bound - 1);
      ++at_;
    }
    return static_cast<std::uint32_t>(value);
  }

  bool quantifier(std::uint32_t& least, std::uint32_t& most) {
    const std::size_t start = at_;
    if (take(U"*")) {
      least = 0, most = no_bound;
    } else if (take(U"+")) {
      least = 1, most = no_bound;
    } else if (take(U"?")) {
      least = 0, most = 1;
    } else if (peek() == '{' && peek(1) >= '0' && peek(1) <= '9') {
      ++at_;
      least = most = number();
      if (take(U",")) most = peek() == '}' ? no_bound : number();
      if (!take(U"}")) {
        at_ = start;
        return false;
      }
      if (most < least)
        fail("expected a range of repeats, found one whose end is before its start");
    } else {
      return false;
    }
    take(U"?");  // lazy: the same language
    return true;
  }

  std::uint32_t quantified(std::uint32_t node) {
    Node out{.kind = Kind::repeat, .children = {node}};
    if (!quantifier(out.least, out.most)) return node;
    if (is_quantifier()) fail("expected something to repeat, found a quantifier before it");
    return add(std::move(out));
  }

  std::uint32_t atom(std::size_t depth) {
    if (is_quantifier()) fail("expected something to repeat before the quantifier");
    const char32_t c = text_[at_++];
    switch (c) {
    case '.':
      return add_set(complement(line_ends));
    case '(':
      return group(depth);
    case '[':
      return add_set(bracketed());
    case '\\':
      return add_set(escape(false));
    case '{':
      // Python reads {,3} as {0,3}, ECMA-262 as the characters.
      if (peek() == ',') fail("expected a number of repeats, found ','");
      [[fallthrough]];
    default:
      return add_set({{c, c}});
    }
  }

  std::uint32_t group(std::size_t depth) {
    if (take(U"?=") || take(U"?!") || take(U"?<=") || take(U"?<!"))
      fail("look-around is not supported", ErrorCode::unsupported);
    if (take(U"?<")) {
      const std::size_t start = at_;
      while (more() && peek() != '>') ++at_;
      if (at_ == start || !take(U">")) fail("expected the name of a group");
    } else if (peek() == '?' && !take(U"?:")) {
      fail("groups with options are not supported", ErrorCode::unsupported);
    }
    const std::uint32_t inner = alternatives(depth + 1);
    if (!take(U")")) fail("expected ')', found the end");
    return inner;
  }

  char32_t hex(std::size_t count) {
    char32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char32_t c = peek();
      const char32_t digit = c >= '0' && c <= '9'   ? c - U'0'
                             : c >= 'a' && c <= 'f' ? c - U'a' + 10
                             : c >= 'A' && c <= 'F' ? c - U'A' + 10
                                                    : 16;
      if (digit == 16) fail("expected " + std::to_string(count) + " hexadecimal digits");
      value = value * 16 + digit;
      ++at_;
    }
    return value;
  }

  char32_t unicode_escape() {
    if (take(U"{")) {
      std::size_t size = 0;
      while (at_ + size < text_.size() && text_[at_ + size] != '}') ++size;
      if (size == 0 || size > 8) fail("expected a code point in braces");
      const char32_t value = hex(size);
      if (!take(U"}") || value > last_code_point) fail("expected a code point in braces");
      return value;
    }
    const char32_t high = hex(4);
    if (high >= 0xD800 && high < 0xDC00 && take(U"\\u")) {
      const char32_t low = hex(4);
      if (low < 0xDC00 || low > 0xDFFF) fail("expected the second half of a surrogate pair");
      return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    }
    return high;
  }

  Ranges property(bool negated) {
    if (!take(U"{")) fail("expected a property in braces");
    std::u32string name;
    while (more() && peek() != '}') name += text_[at_++];
    if (!take(U"}")) fail("expected '}' after a property");
    for (const std::u32string_view prefix : {U"General_Category=", U"gc="})
      if (name.starts_with(prefix)) name.erase(0, prefix.size());
    Ranges& ranges = properties_[name];
    if (ranges.empty())
      ranges = name == U"Any"     ? Ranges{{0, last_code_point}}
               : name == U"ASCII" ? Ranges{{0, 0x7F}}
                                  : general_category(utf8(name));
    if (ranges.empty())
      fail("the property " + printable(utf8(name)) + " is not supported", ErrorCode::unsupported);
    return negated ? complement(ranges) : ranges;
  }

  // After the backslash.
  Ranges escape(bool in_brackets) {
    if (!more()) fail("expected a character after '\\', found the end");
    const char32_t c = text_[at_++];
    switch (c) {
    case 'd':
      return digits;
    case 'D':
      return complement(digits);
    case 'w':
      return word;
    case 'W':
      return complement(word);
    case 's':
      return space;
    case 'S':
      return complement(space);
    case 'p':
    case 'P':
      return property(c == 'P');
    case 't':
      return {{'\t', '\t'}};
    case 'n':
      return {{'\n', '\n'}};
    case 'v':
      return {{'\v', '\v'}};
    case 'f':
      return {{'\f', '\f'}};
    case 'r':
      return {{'\r', '\r'}};
    case 'b':
      if (in_brackets) return {{'\b', '\b'}};
      break;
    case '0':
      if (peek() < '0' || peek() > '9') return {{0, 0}};
      fail("expected no digit after \\0");
    case 'c': {
      const char32_t letter = peek() | 0x20;
      if (letter < 'a' || letter > 'z') fail("expected a letter after \\c");
      ++at_;
      return {{letter & 0x1F, letter & 0x1F}};
    }
    case 'x': {
      const char32_t value = hex(2);
      return {{value, value}};
    }
    case 'u': {
      const char32_t value = unicode_escape();
      return {{value, value}};
    }
    case 'k':
      fail("back references are not supported", ErrorCode::unsupported);
    default:
      if (c >= '1' && c <= '9') fail("back references are not supported", ErrorCode::unsupported);
      if (c < 0x80 && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')) return {{c, c}};
    }
    fail("expected an escape of ECMA-262, found \\" + printable(utf8(std::u32string(1, c))));
  }

  // After '['.
  Ranges bracketed() {
    const bool negated = take(U"^");
    Ranges out;
    while (!take(U"]")) {
      Ranges first = member();
      // After a set, a '-' stands for itself.
      if (is_one(first) && peek() == '-' && at_ + 1 < text_.size() && peek(1) != ']') {
        ++at_;
        const Ranges last = member();
        if (!is_one(last)) fail("expected a character at the end of a range, found a set");
        if (last[0].first < first[0].first)
          fail("expected a range of characters, found one whose end is before its start");
        first[0].last = last[0].first;
      }
      out.insert(out.end(), first.begin(), first.end());
    }
    out = normalised(std::move(out));
    return negated ? complement(out) : out;
  }

  static bool is_one(const Ranges& set) { return set.size() == 1 && set[0].first == set[0].last; }

  Ranges member() {
    if (!more()) fail("expected ']', found the end");
    const char32_t c = text_[at_++];
    return c == '\\' ? escape(true) : Ranges{{c, c}};
  }

  std::u32string_view text_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::map<Ranges, std::uint32_t> set_ids_;
  std::map<std::u32string, Ranges> properties_;  // that were named
};

// Nodes to states, from the back: `next` is what comes after. As deep as groups are.
class Builder {
 public:
  Builder(const std::vector<Node>& nodes, Nfa& nfa) : nodes_(nodes), nfa_(nfa) {}

  std::uint32_t build(std::uint32_t id, std::uint32_t next) {
    const Node& node = nodes_[id];
    switch (node.kind) {
    case Kind::set:
      return nfa_.add_set(node.set, next);
    case Kind::assertion:
      return nfa_.add_assertion(static_cast<Assertion>(node.set), next);
    case Kind::concatenation:
      for (std::size_t i = node.children.size(); i-- > 0;) next = build(node.children[i], next);
      return next;
    case Kind::alternatives: {
      std::uint32_t out = build(node.children.back(), next);
      for (std::size_t i = node.children.size() - 1; i-- > 0;)
        out = nfa_.add_split(build(node.children[i], next), out);
      return out;
    }
    case Kind::repeat:
      break;
    }
    const std::uint32_t child = node.children[0], end = next;
    if (node.most == no_bound) {
      const std::uint32_t loop = nfa_.add_split(end, end);
      nfa_.redirect(loop, build(child, loop), end);
      next = loop;
    } else {
      for (std::uint32_t i = node.least; i < node.most; ++i)
        next = nfa_.add_split(build(child, next), end);
    }
    for (std::uint32_t i = 0; i < node.least; ++i) {
      const std::uint32_t before = build(child, next);
      if (before == next) break;  // the empty text, any number of times
      next = before;
    }
    return next;
  }

 private:
  const std::vector<Node>& nodes_;
  Nfa& nfa_;
};

}  // namespace

Automaton search(std::string_view pattern, const std::string& where, Budget& budget) {
  const std::u32string text = code_points(pattern);
  Parser parser(text, where);
  const std::uint32_t root = parser.parse();
  Nfa nfa(std::move(parser.sets), budget);
  const std::uint32_t found = nfa.add_found();
  const std::uint32_t inner = Builder(parser.nodes, nfa).build(root, found);
  const std::uint32_t start = nfa.add_split(inner, inner);
  nfa.redirect(start, inner, nfa.add_any(start));
  return minimised(nfa.determinised(start, word), budget);
}

}  // namespace quipu::regular
