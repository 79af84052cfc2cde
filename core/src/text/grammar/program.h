// A compiled grammar: parts that call each other. A part is an automaton over bytes and calls; its
// states and what is to come after it make a stack of frames.
//
//   root ::= "[" (value ("," value)*)? "]"      part 0:  s0 -'['-> s1 -call value-> s2 -','-> s3 …
//
// A part never describes the empty text: where it could be empty, its caller has a way around it.
// So every call reads a byte, and a part that calls itself before it has read one is the only way
// to run for ever; such grammars are refused.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "text/grammar/syntax.h"

namespace quipu::grammar {

using PartId = std::uint32_t;
using StateId = std::uint32_t;
inline constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

enum class StateKind : std::uint8_t {
  plain,
  repeat,  ///< `index` of repeats, between two rounds; the frame carries how many there were
  // Of `index` of objects; the frame carries which members were seen.
  object_open,    ///< before '{'
  object_opened,  ///< behind it
  object_key,     ///< in a key, in state `position` of the object's keys
  object_value,   ///< before the value of member `position`
  object_after,   ///< behind a value
  object_close,   ///< before '}'
};

struct Program {
  struct Edge {
    std::uint8_t first, last;
    StateId target;
  };
  /// The part that comes next and where to go on behind it.
  struct Call {
    PartId part;
    StateId target;
  };
  struct State {
    StateKind kind = StateKind::plain;
    bool accepting = false;
    std::uint32_t index = 0, position = 0;
    std::uint32_t first_edge = 0, edges = 0, first_call = 0, calls = 0;
  };
  struct Part {
    StateId start = none;       ///< its frame carries 0, or for an object nothing seen
    std::uint32_t rule = none;  ///< whose text it stands in, for messages
  };
  struct Repeat {
    PartId body = none;
    std::uint32_t least = 0, most = unbounded;
    StateId state = none;
    /// The repeats of the same body that stand for this one far from its bounds: any number of
    /// times, and for ever.
    std::uint32_t free = none, endless = none;
    bool ends = true;  ///< false: for ever
  };
  /// A part that may be absent, and whether it may be left out.
  struct Optional {
    PartId part = none;
    bool skip = true;
  };
  struct Object {
    struct Member {
      Optional value;
      bool required = false, repeatable = false, usable = false;
    };
    /// Per state of the keys: its edges are edges[first_edge…], from the keys' own ids.
    std::vector<Dfa::State> keys;
    std::vector<std::vector<std::uint32_t>> keys_before;  ///< the states with an edge to this one
    std::vector<std::int32_t> key_member;
    std::vector<Member> members;
    std::uint32_t least = 0, most = unbounded;
    bool listed_order = false;
    Optional when_empty, before_first, after_key, between, before_close;
    /// Frames' states: one each, then one per state of the keys, then one per member.
    StateId open = none, opened = none, after = none, close = none, keys_at = none,
            values_at = none;
    // In listed order, per member and past the last: what lies from there on.
    std::vector<std::uint32_t> next_required, required_from, usable_from;
    std::vector<bool> endless_from;
  };

  std::vector<State> states;
  std::vector<Edge> edges;
  std::vector<Call> calls;
  std::vector<Part> parts;
  std::vector<Repeat> repeats;
  std::vector<Object> objects;
  std::vector<std::string> rule_names;
  StateId done = none;  ///< accepts, and nothing else
  PartId root = none;   ///< none: the empty text is all that there is
  bool empty_text = false;

  /// Bytes that no edge tells apart have the same class.
  std::array<std::uint8_t, 256> byte_class{};
  std::uint32_t byte_classes = 1;
};

}  // namespace quipu::grammar
