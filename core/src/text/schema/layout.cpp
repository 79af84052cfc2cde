// White space as automata over bytes.
#include "text/schema/layout.h"

#include <cstdint>

namespace quipu::schema {
namespace {

constexpr std::uint32_t deepest_indent = 64;  // spaces; so that white space ends

}  // namespace

grammar::Dfa white_space(std::string_view lead, SchemaOptions::Layout layout) {
  const bool anywhere = layout == SchemaOptions::Layout::any;
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
    if (anywhere) blanks(state);
    const std::uint32_t after = add(true);
    edge(state, lead[0], after);
    state = after;
  }
  if (anywhere) {
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

grammar::Dfa colon(SchemaOptions::Layout layout) {
  if (layout == SchemaOptions::Layout::any) return white_space(":", layout);
  grammar::Dfa out;
  out.states.resize(3);
  out.states[0].edges = {{':', ':', 1}};
  out.states[1] = {{{' ', ' ', 2}}, true};
  out.states[2].accepting = true;
  return out;
}

}  // namespace quipu::schema
