// Objects: members by name, and other keys in classes of what their members have to match.
#include <map>
#include <set>
#include <tuple>

#include "quipu/error.h"
#include "text/regular/code_points.h"
#include "text/schema/compiler.h"

namespace quipu::schema {
namespace {

using grammar::NodeId;
using regular::Automaton;

constexpr std::size_t most_counted_keys = 64;  // minProperties of answers with keys of any name
constexpr std::size_t most_alternatives = 64;  // of one object whose keys must be of some kind

// All texts, labelled by their length modulo a number.
Automaton length_modulo(std::size_t divisor) {
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

}  // namespace

// The keys that an object may have, each with the member that it is of.
struct Compiler::Keys {
  struct Member {
    GoalId goal;
    bool repeatable;
    std::vector<bool> present;  // which languages of Shape::present have its keys
    bool required;
  };
  std::vector<Member> members;
  std::vector<std::u32string> names;         // as listed
  std::vector<std::int32_t> member_of_name;  // -1: that member may not be
};

Compiler::Keys Compiler::listed_keys(const Shape& shape) {
  Keys out;
  const auto add = [&](const std::string& name, bool required) {
    const GoalId goal = shapes_.member_goal(shape, name);
    out.names.push_back(regular::code_points(name));
    if (!required && shapes_.surely_empty(goal)) {
      out.member_of_name.push_back(-1);
      return;
    }
    Keys::Member member{goal, false, {}, required};
    for (const Language& each : shape.present)
      member.present.push_back(each->contains(out.names.back()));
    out.member_of_name.push_back(static_cast<std::int32_t>(out.members.size()));
    out.members.push_back(std::move(member));
  };
  std::set<std::string> listed;
  for (const auto& each : shape.members)
    for (const auto& [name, unused] : each->named)
      if (listed.insert(name).second) add(name, shape.required.contains(name));
  for (const std::string& name : shape.required)
    if (listed.insert(name).second) add(name, true);
  return out;
}

// Appends members for the other keys, in classes by what these have to match. Returns the language
// of all keys, each labelled with its member.
Automaton Compiler::with_other_keys(const Shape& shape, Keys& keys) {
  auto& members = keys.members;
  const std::size_t wanted = shape.present.size();
  const bool only_listed = answers_ && wanted == 0 && shape.least <= members.size();
  const Automaton named = regular::one_of(keys.names, shapes_.budget());
  static const Automaton all = regular::everything();
  std::vector<const Automaton*> parts{&named, &all};
  std::vector<Language> allowed;
  for (const Literal& each : shape.names) allowed.push_back(shapes_.texts(shapes_.goal({each})));
  for (const Language& each : allowed) parts.push_back(each.get());
  for (const Language& each : shape.present) parts.push_back(each.get());
  for (const auto& each : shape.members)
    for (const auto& [matching, unused] : each->patterns) parts.push_back(matching.get());
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
  Automaton out = regular::product(
      parts,
      [&](std::span<const std::int32_t> said) {
        return said[0] >= 0   ? keys.member_of_name[static_cast<std::size_t>(said[0])]
               : said[1] >= 0 ? other_key(said)
                              : -1;
      },
      shapes_.budget());
  if (counted) {
    const std::set<std::int32_t> drawn(out.labels.begin(), out.labels.end());
    if (drawn.size() - drawn.count(-1) < shape.least)
      throw Error(ErrorCode::unsupported,
                  "JSON schema: minProperties of " + std::to_string(shape.least) +
                      " are not supported for answers whose keys have so few lengths");
  }
  return out;
}

// Appends an alternative per way to have a key in each language that wants one.
void Compiler::object(const Shape& shape, std::vector<NodeId>& options) {
  Keys keys = listed_keys(shape);
  const StringBytes bytes = string_bytes(with_other_keys(shape, keys), spelling_, shapes_.budget());

  grammar::Object object;
  object.keys = bytes.dfa;
  object.key_member = bytes.labels;
  object.listed_order = listed_;
  if (shape.least >= grammar::unbounded)
    throw Error(ErrorCode::invalid,
                "JSON schema: expected minProperties below " + std::to_string(grammar::unbounded));
  object.least = static_cast<std::uint32_t>(shape.least);
  object.most = shape.most && *shape.most < grammar::unbounded
                    ? static_cast<std::uint32_t>(*shape.most)
                    : grammar::unbounded;
  object.when_empty = answers_ ? grammar::no_node : space_;
  object.before_first = object.before_close = space_;
  object.after_key = colon_;
  object.between = comma_;
  for (const Keys::Member& each : keys.members)
    object.members.push_back({rule_of(each.goal), each.required, each.repeatable});
  add_alternatives(shape, keys, std::move(object), options);
}

void Compiler::add_alternatives(const Shape& shape, const Keys& keys, grammar::Object object,
                                std::vector<NodeId>& options) {
  std::vector<grammar::Object> all;
  all.push_back(std::move(object));
  for (std::size_t i = 0; i < shape.present.size(); ++i) {
    std::vector<grammar::Object> more;
    for (const grammar::Object& each : all)
      for (std::size_t m = 0; m < keys.members.size(); ++m) {
        if (!keys.members[m].present[i]) continue;
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

}  // namespace quipu::schema
