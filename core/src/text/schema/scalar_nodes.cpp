// Numbers and texts as nodes; the same language is one node.
#include "text/schema/compiler.h"
#include "text/schema/numbers.h"

namespace quipu::schema {
namespace {

using grammar::NodeId;
using regular::Automaton;

// Numbers are written in ASCII: code points are bytes.
grammar::Dfa bytes(const Automaton& written) {
  grammar::Dfa out;
  out.states.resize(written.states());
  for (std::size_t i = 0; i < written.states(); ++i) {
    out.states[i].accepting = written.labels[i] >= 0;
    auto& edges = out.states[i].edges;
    for (char32_t c = 0; c < 0x80; ++c) {
      const std::int32_t next = written.after(static_cast<std::int32_t>(i), c);
      if (next < 0) continue;
      const auto byte = static_cast<std::uint8_t>(c);
      const auto target = static_cast<std::uint32_t>(next);
      if (!edges.empty() && edges.back().last + 1 == byte && edges.back().target == target)
        edges.back().last = byte;
      else
        edges.push_back({byte, byte, target});
    }
  }
  return out;
}

}  // namespace

// What is known of a node is then known of all its places. The same object is known at sight.
NodeId Compiler::node_of(Use use, const Automaton& language,
                         const std::function<grammar::Dfa()>& make) {
  auto& seen = by_address_[{use, &language}];
  if (seen) return *seen;
  ContentKey key{static_cast<std::int64_t>(use), static_cast<std::int64_t>(language.states())};
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

NodeId Compiler::number(const Shape& shape) {
  static const Automaton all = all_numbers();
  const Automaton& set = shape.language ? *shape.language : all;
  return node_of(Use::number, set, [&] {
    return bytes(answers_ ? answers(set, shapes_.budget()) : spellings(set, shapes_.budget()));
  });
}

NodeId Compiler::text(const Shape& shape) {
  static const Automaton all = regular::everything();
  const Automaton& language = shape.language ? *shape.language : all;
  if (shape.least == 0 && !shape.most)
    return node_of(Use::text, language,
                   [&] { return string_bytes(language, spelling_, shapes_.budget()).dfa; });
  const NodeId character = node_of(Use::character, language, [&] {
    return character_bytes(language, spelling_, shapes_.budget());
  });
  auto& known = texts_[{character, shape.least, shape.most}];
  if (!known) {
    const NodeId quote = syntax_.add_bytes("\"");
    known = sequence({quote, repeat(character, shape.least, shape.most), quote});
  }
  return *known;
}

}  // namespace quipu::schema
