// Numbers and texts as nodes; the same language is one node.
#include "quipu/error.h"
#include "text/schema/compiler.h"
#include "text/schema/numbers.h"

namespace quipu::schema {

using grammar::NodeId;
using regular::Automaton;

// One node per language and way to write it: what is known of it is then known of all its places.
// The same object is known at sight.
template <class Make>
NodeId Compiler::shared(std::int64_t use, const Automaton& language, Make make) {
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

NodeId Compiler::number(const Shape& shape) {
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

NodeId Compiler::text(const Shape& shape) {
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

}  // namespace quipu::schema
