// Goals become rules, shapes become nodes.
#include "text/schema/compile.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "quipu/error.h"
#include "text/grammar/compile.h"
#include "text/grammar/facts.h"
#include "text/schema/numbers.h"
#include "text/schema/shapes.h"
#include "text/schema/string_bytes.h"

namespace quipu::schema {
namespace {

using grammar::NodeId;
using regular::Automaton;

// Cells of all automata of a schema; about half a second.
constexpr std::size_t most_cells = 20'000'000;
constexpr std::size_t most_array_states = 4'096;  // of one array with `contains`
constexpr std::size_t most_counted_keys = 64;     // minProperties of answers with keys of any name
constexpr std::size_t most_alternatives = 64;     // of one object whose keys must be of some kind
constexpr std::uint32_t deepest_indent = 64;      // spaces; so that white space ends

class Compiler {
 public:
  Compiler(Shapes& shapes, const SchemaOptions& options)
      : shapes_(shapes), answers_(options.layout == SchemaOptions::Layout::compact_or_indented),
        listed_(options.order == SchemaOptions::Order::as_listed),
        spelling_(answers_ ? Spelling::plain : Spelling::any) {}

  grammar::Syntax compile() {
    empty_ = syntax_.add_bytes("");
    space_ = syntax_.add_automaton(white_space(""));
    comma_ = syntax_.add_automaton(white_space(","));
    colon_ = syntax_.add_automaton(colon());
    const NodeId root = rule_of(shapes_.goal({{Document::root}}));
    while (!waiting_.empty()) {
      const GoalId goal = waiting_.back();
      waiting_.pop_back();
      syntax_.rules[rules_.at(goal)].body = value(goal);
      if (syntax_.nodes.size() > grammar::Budget::nodes)
        throw Error(ErrorCode::invalid, "JSON schema: too much: its grammar has more than " +
                                            std::to_string(grammar::Budget::nodes) + " parts");
    }
    syntax_.root = answers_ ? root : sequence({space_, root, space_});
    return std::move(syntax_);
  }

 private:
  NodeId sequence(std::initializer_list<NodeId> parts) {
    return syntax_.add_sequence(std::span(parts.begin(), parts.size()));
  }
  NodeId choice(const std::vector<NodeId>& options) {
    return options.size() == 1 ? options[0] : syntax_.add_choice(options);
  }

  // `lead`, then: for checks any white space, for answers nothing, a space, or a new line and its
  // indentation. With anything before `lead`, too, for checks.
  grammar::Dfa white_space(std::string_view lead) const {
    grammar::Dfa out;
    const auto add = [&](bool accepting) {
      out.states.push_back({{}, accepting});
      return static_cast<std::uint32_t>(out.states.size() - 1);
    };
    const auto edge = [&](std::uint32_t from, char c, std::uint32_t to) {
      const auto byte = static_cast<std::uint8_t>(c);
      out.states[from].edges.push_back({byte, byte, to});
    };
    const auto blanks = [&](std::uint32_t state) {
      for (const char c : {'\t', '\n', '\r', ' '}) edge(state, c, state);
    };
    std::uint32_t state = add(lead.empty());
    if (!lead.empty()) {
      if (!answers_) blanks(state);
      const std::uint32_t after = add(true);
      edge(state, lead[0], after);
      state = after;
    }
    if (!answers_) {
      blanks(state);
      return out;
    }
    std::uint32_t line = add(true);
    const std::uint32_t space = add(true);
    edge(state, '\n', line);
    edge(state, ' ', space);
    for (std::uint32_t i = 0; i < deepest_indent; ++i) {
      const std::uint32_t next = add(true);
      edge(line, ' ', next);
      line = next;
    }
    return out;
  }

  grammar::Dfa colon() const {
    if (!answers_) return white_space(":");
    grammar::Dfa out;
    out.states.resize(3);
    out.states[0].edges = {{':', ':', 1}};
    out.states[1] = {{{' ', ' ', 2}}, true};
    out.states[2].accepting = true;
    return out;
  }

  NodeId rule_of(GoalId goal) {
    const auto [place, fresh] =
        rules_.try_emplace(goal, static_cast<std::uint32_t>(syntax_.rules.size()));
    if (fresh) {
      syntax_.rules.push_back({name_of(goal), grammar::no_node, 0});
      waiting_.push_back(goal);
    }
    return syntax_.add_rule(place->second);
  }

  std::string name_of(GoalId goal) const {
    std::string out;
    for (const Literal& each : shapes_.literals(goal)) {
      if (!out.empty()) out += " and ";
      if (each.negated) out += "not ";
      out += each.value == no_value ? "nothing" : shapes_.schemas().document().pointer(each.value);
      if (out.size() > 200) break;
    }
    return out.empty() ? "anything" : out;
  }

  NodeId value(GoalId goal) {
    std::vector<NodeId> options;
    for (std::size_t kind = 0; kind < kinds; ++kind)
      for (const Shape& shape : shapes_.of(goal, static_cast<Kind>(kind))) {
        switch (shape.kind) {
        case Kind::null:
          options.push_back(syntax_.add_bytes("null"));
          break;
        case Kind::false_:
          options.push_back(syntax_.add_bytes("false"));
          break;
        case Kind::true_:
          options.push_back(syntax_.add_bytes("true"));
          break;
        case Kind::number:
          options.push_back(number(shape));
          break;
        case Kind::string:
          options.push_back(text(shape));
          break;
        case Kind::array:
          options.push_back(array(shape));
          break;
        case Kind::object:
          object(shape, options);
          break;
        }
      }
    return choice(options);
  }

  // One node per language and way to write it: what is known of it is then known of all its places.
  // The same object is known at sight.
  using ContentKey = std::vector<std::int64_t>;
  template <class Make>
  NodeId shared(std::int64_t use, const Automaton& language, Make make) {
    auto& seen = by_address_[{use, &language}];
    if (seen) return *seen;
    ContentKey key{use, static_cast<std::int64_t>(language.states())};
    key.insert(key.end(), language.labels.begin(), language.labels.end());
    key.insert(key.end(), language.next.begin(), language.next.end());
    key.insert(key.end(), language.alphabet.starts.begin(), language.alphabet.starts.end());
    key.insert(key.end(), language.alphabet.classes.begin(), language.alphabet.classes.end());
    shapes_.budget().spend(key.size());
    auto& node = automata_[std::move(key)];
    if (!node) node = syntax_.add_automaton(make());
    seen = node;
    return *node;
  }

  NodeId number(const Shape& shape) {
    static const Automaton all = all_numbers();
    const Automaton& set = shape.language ? *shape.language : all;
    return shared(0, set, [&] {
      const Automaton written =
          answers_ ? answers(set, shapes_.budget()) : spellings(set, shapes_.budget());
      grammar::Dfa out;
      out.states.resize(written.states());
      for (std::size_t i = 0; i < written.states(); ++i) {
        out.states[i].accepting = written.labels[i] >= 0;
        for (char32_t c = 0; c < 0x80; ++c) {
          const std::int32_t next = written.after(static_cast<std::int32_t>(i), c);
          const auto byte = static_cast<std::uint8_t>(c);
          auto& edges = out.states[i].edges;
          if (next < 0) continue;
          if (!edges.empty() && edges.back().last + 1 == byte &&
              edges.back().target == static_cast<std::uint32_t>(next))
            edges.back().last = byte;
          else
            edges.push_back({byte, byte, static_cast<std::uint32_t>(next)});
        }
      }
      return out;
    });
  }

  NodeId text(const Shape& shape) {
    static const Automaton all = regular::everything();
    const Automaton& language = shape.language ? *shape.language : all;
    if (shape.least == 0 && !shape.most)
      return shared(1, language,
                    [&] { return string_bytes(language, spelling_, shapes_.budget()).dfa; });
    const NodeId character =
        shared(2, language, [&] { return character_bytes(language, spelling_, shapes_.budget()); });
    auto& known = texts_[{character, shape.least, shape.most}];
    if (!known) {
      const NodeId quote = syntax_.add_bytes("\"");
      known = sequence({quote, repeat(character, shape.least, shape.most), quote});
    }
    return *known;
  }

  NodeId repeat(NodeId child, std::size_t least, std::optional<std::size_t> most) {
    if (least >= grammar::unbounded)
      throw Error(ErrorCode::invalid,
                  "JSON schema: expected a minimum below " + std::to_string(grammar::unbounded));
    return syntax_.add_repeat(child, static_cast<std::uint32_t>(least),
                              most && *most < grammar::unbounded ? static_cast<std::uint32_t>(*most)
                                                                 : grammar::unbounded);
  }

  static std::optional<std::size_t> less(std::optional<std::size_t> most, std::size_t by) {
    if (!most) return most;
    return *most > by ? *most - by : 0;
  }
  static std::size_t less(std::size_t least, std::size_t by) { return least > by ? least - by : 0; }

  NodeId array(const Shape& shape) {
    std::vector<NodeId> options;
    if (!shape.contains.empty()) {
      options.push_back(counted_array(shape));
    } else {
      if (shape.least == 0) options.push_back(answers_ ? empty_ : space_);
      if (shape.most != 0u) options.push_back(sequence({space_, items(shape), space_}));
    }
    return sequence({syntax_.add_bytes("["), choice(options), syntax_.add_bytes("]")});
  }

  // At least one item.
  NodeId items(const Shape& shape) {
    std::size_t prefix = 0;
    for (const Items& each : shape.items) prefix = std::max(prefix, each.prefix.size());
    if (shape.most) prefix = std::min(prefix, *shape.most);
    const NodeId rest = rule_of(shapes_.item_goal(shape, prefix));
    const NodeId another = sequence({comma_, rest});
    const std::size_t first = std::max<std::size_t>(prefix, 1);
    // From the back; what must be there stands side by side, what need not be in a choice.
    std::vector<NodeId> parts{repeat(another, less(shape.least, first), less(shape.most, first))};
    const auto joined = [&] {
      std::ranges::reverse(parts);
      return syntax_.add_sequence(parts);
    };
    for (std::size_t i = prefix; i-- > 1;) {
      parts.push_back(rule_of(shapes_.item_goal(shape, i)));
      parts.push_back(comma_);
      if (i < shape.least) continue;
      const NodeId optional = choice({empty_, joined()});
      parts = {optional};
    }
    parts.push_back(prefix == 0 ? rest : rule_of(shapes_.item_goal(shape, 0)));
    return joined();
  }

  // A rule per number of items so far and of those that match each `contains`.
  NodeId counted_array(const Shape& shape) {
    struct State {
      std::size_t items;
      std::vector<std::size_t> matches;
      auto operator<=>(const State&) const = default;
    };
    std::size_t enough = shape.least;
    for (const Items& each : shape.items) enough = std::max(enough, each.prefix.size());
    for (const Contains& each : shape.contains) enough = std::max(enough, each.from);
    if (shape.most) enough = std::max(enough, *shape.most);
    if (shape.contains.size() > 3)
      throw Error(ErrorCode::unsupported, shape.contains[0].where +
                                              ": more than three of these for one array are not "
                                              "supported");
    std::map<State, std::uint32_t> rules;
    std::vector<State> states;
    const auto rule = [&](const State& state) {
      const auto [place, fresh] =
          rules.try_emplace(state, static_cast<std::uint32_t>(syntax_.rules.size()));
      if (fresh) {
        if (states.size() >= most_array_states)
          throw Error(ErrorCode::unsupported,
                      shape.contains[0].where + ": arrays with such bounds are not supported");
        syntax_.rules.push_back({"items of " + shape.contains[0].where, grammar::no_node, 0});
        states.push_back(state);
      }
      return place->second;
    };
    // The states that one more item leads to, each with the item.
    const auto options = [&](const State& from, bool first) {
      std::vector<NodeId> out;
      if (shape.most && from.items >= *shape.most) return out;
      const std::size_t n = shape.contains.size();
      for (std::size_t set = 0; set < std::size_t{1} << n; ++set) {
        std::vector<Literal> wanted = shapes_.literals(shapes_.item_goal(shape, from.items));
        State to{std::min(from.items + 1, enough), from.matches};
        bool possible = true;
        for (std::size_t i = 0; i < n; ++i) {
          const Contains& each = shape.contains[i];
          const bool matches = (set >> i & 1) != 0;
          const bool open = from.items >= each.from && (each.most || from.matches[i] < each.least);
          if (!open) {
            possible &= !matches;
            continue;
          }
          Literal literal = each.item;
          if (!matches) literal.negated = !literal.negated;
          wanted.push_back(literal);
          if (!matches) continue;
          if (each.most && from.matches[i] >= *each.most) possible = false;
          to.matches[i] =
              each.most ? from.matches[i] + 1 : std::min(from.matches[i] + 1, each.least);
        }
        if (!possible) continue;
        const GoalId goal = shapes_.goal(std::move(wanted));
        if (shapes_.surely_empty(goal)) continue;
        const NodeId item = rule_of(goal), next = syntax_.add_rule(rule(to));
        out.push_back(first ? sequence({space_, item, next}) : sequence({comma_, item, next}));
      }
      return out;
    };
    const auto may_end = [&](const State& state) {
      if (state.items < shape.least) return false;
      for (std::size_t i = 0; i < shape.contains.size(); ++i)
        if (state.matches[i] < shape.contains[i].least) return false;
      return true;
    };
    const State none{0, std::vector<std::size_t>(shape.contains.size(), 0)};
    std::vector<NodeId> first = options(none, true);
    if (may_end(none)) first.push_back(answers_ ? empty_ : space_);
    for (std::size_t i = 0; i < states.size(); ++i) {
      const State state = states[i];
      std::vector<NodeId> next = options(state, false);
      if (may_end(state)) next.push_back(space_);
      const NodeId body = choice(next);
      syntax_.rules[rules.at(state)].body = body;
    }
    return choice(first);
  }

  // All texts, labelled by their length modulo a number.
  static Automaton length_modulo(std::size_t divisor) {
    Automaton out = regular::everything();
    out.next.clear();
    out.labels.clear();
    for (std::size_t i = 0; i < divisor; ++i) {
      out.labels.push_back(static_cast<std::int32_t>(i));
      out.next.push_back(static_cast<std::int32_t>((i + 1) % divisor));
      out.next.push_back(-1);
    }
    return out;
  }

  struct Member {
    GoalId goal;
    bool repeatable;
    std::vector<bool> present;  // which languages of Shape::present have its keys
    bool required;
  };

  // Appends an alternative per way to have a key in each language that wants one.
  void object(const Shape& shape, std::vector<NodeId>& options) {
    const std::size_t wanted = shape.present.size();
    std::vector<Member> members;
    std::vector<std::u32string> names;
    std::vector<std::int32_t> member_of_name;
    const auto add_name = [&](const std::string& name, bool required) {
      const GoalId goal = shapes_.member_goal(shape, name);
      names.push_back(regular::code_points(name));
      if (!required && shapes_.surely_empty(goal)) {
        member_of_name.push_back(-1);
        return;
      }
      Member member{goal, false, {}, required};
      for (const Language& each : shape.present)
        member.present.push_back(each->contains(names.back()));
      member_of_name.push_back(static_cast<std::int32_t>(members.size()));
      members.push_back(std::move(member));
    };
    std::set<std::string> listed;
    for (const auto& each : shape.members)
      for (const auto& [name, unused] : each->named)
        if (listed.insert(name).second) add_name(name, shape.required.contains(name));
    for (const std::string& name : shape.required)
      if (listed.insert(name).second) add_name(name, true);

    // The other keys, in classes by what their members have to match.
    const bool only_listed = answers_ && wanted == 0 && shape.least <= members.size();
    const Automaton named = regular::one_of(names, shapes_.budget());
    static const Automaton all = regular::everything();
    std::vector<const Automaton*> parts{&named, &all};
    std::vector<Language> allowed;
    for (const Literal& each : shape.names) allowed.push_back(shapes_.texts(shapes_.goal({each})));
    for (const Language& each : allowed) parts.push_back(each.get());
    for (const Language& each : shape.present) parts.push_back(each.get());
    for (const auto& each : shape.members)
      for (const auto& [keys, unused] : each->patterns) parts.push_back(keys.get());
    // Nothing remembers which other keys were drawn. Where that many different ones must come, each
    // class has one key of each length, modulo a number.
    const bool counted = answers_ && !only_listed && shape.least > 1;
    if (counted && shape.least > most_counted_keys)
      throw Error(ErrorCode::unsupported,
                  "JSON schema: minProperties above " + std::to_string(most_counted_keys) +
                      " are not supported for answers with keys that are not listed");
    const Automaton cycle = length_modulo(counted ? 2 * shape.least : 1);
    parts.push_back(&cycle);
    std::map<std::tuple<GoalId, std::vector<bool>, std::int32_t>, std::int32_t> classes;
    const auto other_key = [&](std::span<const std::int32_t> said) -> std::int32_t {
      std::size_t at = 2;
      for (std::size_t i = 0; i < allowed.size(); ++i)
        if (said[at++] < 0) return -1;
      std::vector<bool> present;
      for (std::size_t i = 0; i < wanted; ++i) present.push_back(said[at++] >= 0);
      std::vector<Literal> literals;
      bool mentioned = false, lists = false;
      for (const auto& each : shape.members) {
        bool matched = false;
        for (const auto& [unused, literal] : each->patterns)
          if (said[at++] >= 0) {
            literals.push_back(literal);
            matched = true;
          }
        if (!matched) literals.push_back(each->rest);
        mentioned |= matched || each->names_rest;
        lists |= !each->named.empty();
      }
      if (only_listed && lists && !mentioned) return -1;
      const GoalId goal = shapes_.goal(std::move(literals));
      const auto [place, fresh] = classes.try_emplace({goal, present, said.back()}, -1);
      if (fresh && !shapes_.surely_empty(goal)) {
        place->second = static_cast<std::int32_t>(members.size());
        members.push_back({goal, !counted, std::move(present), false});
      }
      return place->second;
    };
    // Whether there are other keys at all; without, the names are all.
    const Automaton keys = regular::product(
        parts,
        [&](std::span<const std::int32_t> said) {
          return said[0] >= 0   ? member_of_name[static_cast<std::size_t>(said[0])]
                 : said[1] >= 0 ? other_key(said)
                                : -1;
        },
        shapes_.budget());
    if (counted) {
      const std::set<std::int32_t> drawn(keys.labels.begin(), keys.labels.end());
      if (drawn.size() - drawn.count(-1) < shape.least)
        throw Error(ErrorCode::unsupported,
                    "JSON schema: minProperties of " + std::to_string(shape.least) +
                        " are not supported for answers whose keys have so few lengths");
    }
    const StringBytes bytes = string_bytes(keys, spelling_, shapes_.budget());

    grammar::Object object;
    object.keys = bytes.dfa;
    object.key_member = bytes.labels;
    object.listed_order = listed_;
    if (shape.least >= grammar::unbounded)
      throw Error(ErrorCode::invalid, "JSON schema: expected minProperties below " +
                                          std::to_string(grammar::unbounded));
    object.least = static_cast<std::uint32_t>(shape.least);
    object.most = shape.most && *shape.most < grammar::unbounded
                      ? static_cast<std::uint32_t>(*shape.most)
                      : grammar::unbounded;
    object.when_empty = answers_ ? grammar::no_node : space_;
    object.before_first = object.before_close = space_;
    object.after_key = colon_;
    object.between = comma_;
    for (const Member& each : members)
      object.members.push_back({rule_of(each.goal), each.required, each.repeatable});
    add_alternatives(shape, members, std::move(object), options);
  }

  void add_alternatives(const Shape& shape, const std::vector<Member>& members,
                        grammar::Object object, std::vector<NodeId>& options) {
    std::vector<grammar::Object> all;
    all.push_back(std::move(object));
    for (std::size_t i = 0; i < shape.present.size(); ++i) {
      std::vector<grammar::Object> more;
      for (const grammar::Object& each : all)
        for (std::size_t m = 0; m < members.size(); ++m) {
          if (!members[m].present[i]) continue;
          more.push_back(each);
          more.back().members[m].required = true;
          if (more.size() > most_alternatives)
            throw Error(ErrorCode::unsupported,
                        "JSON schema: too many ways to have the members that must be there");
        }
      all = std::move(more);
    }
    for (grammar::Object& each : all) options.push_back(syntax_.add_object(std::move(each)));
  }

  Shapes& shapes_;
  const bool answers_, listed_;
  const Spelling spelling_;
  grammar::Syntax syntax_;
  std::map<GoalId, std::uint32_t> rules_;
  std::vector<GoalId> waiting_;
  std::map<ContentKey, std::optional<NodeId>> automata_;
  // Shapes, which has the languages, outlives this.
  std::map<std::pair<std::int64_t, const Automaton*>, std::optional<NodeId>> by_address_;
  // By the node of a character and bounds.
  std::map<std::tuple<NodeId, std::size_t, std::optional<std::size_t>>, std::optional<NodeId>>
      texts_;
  NodeId empty_ = 0, space_ = 0, comma_ = 0, colon_ = 0;
};

}  // namespace

grammar::Syntax compile(std::string_view schema, const SchemaOptions& options) {
  const Document document = Document::parse(schema);
  const Schemas schemas(document);
  regular::Budget budget(most_cells, "JSON schema");
  Shapes shapes(schemas, budget);
  return Compiler(shapes, options).compile();
}

}  // namespace quipu::schema

namespace quipu {

std::shared_ptr<const Grammar> Grammar::from_json_schema(std::string_view schema,
                                                         SchemaOptions options) {
  const grammar::Syntax syntax = schema::compile(schema, options);
  if (!grammar::find_facts(syntax).productive[syntax.root])
    throw Error(ErrorCode::invalid,
                "JSON schema: expected one that some value satisfies, found one that none does");
  return grammar::compile(syntax);
}

}  // namespace quipu
