// A step by a code point becomes steps by the bytes of each of its spellings.
#include "text/schema/string_bytes.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace quipu::schema {
namespace {

using Id = std::int32_t;  // of a state over bytes; -1: nothing
using Edge = grammar::Dfa::Edge;

// Code points to states, constant in stretches. The last stretch ends with the code points.
class Step {
 public:
  Step(const regular::Automaton& texts, std::size_t state) {
    for (std::size_t i = 0; i < texts.alphabet.starts.size(); ++i) {
      const std::int32_t next =
          texts.next[state * texts.alphabet.count + texts.alphabet.classes[i]];
      if (!targets_.empty() && targets_.back() == next) continue;
      starts_.push_back(texts.alphabet.starts[i]);
      targets_.push_back(next);
    }
  }
  Id operator()(char32_t point) const noexcept { return targets_[stretch(point)]; }
  /// Whether all of these have the same target.
  bool constant(char32_t first, char32_t count) const noexcept {
    const std::size_t i = stretch(first);
    return i + 1 == starts_.size() || starts_[i + 1] >= first + count;
  }

 private:
  std::size_t stretch(char32_t point) const noexcept {
    return static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), point) -
                                    starts_.begin()) -
           1;
  }
  std::vector<char32_t> starts_;
  std::vector<Id> targets_;
};

bool has_short_escape(char32_t c) {
  return c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t';
}

class Builder {
 public:
  Builder(Spelling spelling, regular::Budget& budget) : spelling_(spelling), budget_(budget) {}

  grammar::Dfa dfa;

  Id add_state() {
    budget_.spend(4);
    dfa.states.emplace_back();
    return static_cast<Id>(dfa.states.size() - 1);
  }
  static void put(std::vector<Edge>& edges, unsigned first, unsigned last, Id target) {
    if (target < 0) return;
    const auto t = static_cast<std::uint32_t>(target);
    if (!edges.empty() && edges.back().target == t && edges.back().last + 1u == first)
      edges.back().last = static_cast<std::uint8_t>(last);
    else
      edges.push_back({static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last), t});
  }
  // What follows inside a string, without the quote that ends it; `to_state` is added to targets.
  std::vector<Edge> characters(const Step& step) {
    std::vector<Edge> edges;
    for (char32_t c = 0x20; c < 0x80; ++c) {
      const auto byte = static_cast<unsigned>(c);
      if (c == '\\')
        put(edges, byte, byte, escapes(step));
      else if (c != '"')
        put(edges, byte, byte, leaf(step(c)));
    }
    for (unsigned lead = 0xC2; lead <= 0xDF; ++lead)
      put(edges, lead, lead, tail(step, (lead & 0x1F) << 6, 6, 0, 63));
    for (unsigned lead = 0xE0; lead <= 0xEF; ++lead)
      put(edges, lead, lead,
          tail(step, (lead & 0x0F) << 12, 12, lead == 0xE0 ? 0x20 : 0, lead == 0xED ? 0x1F : 63));
    for (unsigned lead = 0xF0; lead <= 0xF4; ++lead)
      put(edges, lead, lead,
          tail(step, (lead & 0x07) << 18, 18, lead == 0xF0 ? 0x10 : 0, lead == 0xF4 ? 0x0F : 63));
    return edges;
  }
  /// Where state i of the texts lies among the states over bytes.
  Id first_text_state = 0;

 private:
  Id leaf(Id text_state) const { return text_state < 0 ? -1 : text_state + first_text_state; }

  Id intern(std::vector<Edge> edges) {
    if (edges.empty()) return -1;
    std::vector<std::uint32_t> key;
    for (const Edge& each : edges) {
      key.push_back(static_cast<std::uint32_t>(each.first) << 8 | each.last);
      key.push_back(each.target);
    }
    const auto [place, fresh] = known_.try_emplace(std::move(key), -1);
    if (!fresh) return place->second;
    budget_.spend(edges.size());
    const Id id = add_state();
    dfa.states[static_cast<std::size_t>(id)].edges = std::move(edges);
    return place->second = id;
  }

  // The continuation bytes of code points from `low` on, `bits` of them; the first one goes from
  // 0x80 + from to 0x80 + to.
  Id tail(const Step& step, char32_t low, unsigned bits, unsigned from, unsigned to) {
    const char32_t part = char32_t{1} << (bits - 6);
    const bool uniform = step.constant(low + from * part, (to - from + 1) * part);
    const Id target = step(low + from * part);
    if (uniform && target < 0) return -1;
    const std::array<std::uint32_t, 4> key{static_cast<std::uint32_t>(target), bits, from, to};
    if (uniform)
      if (const auto found = uniform_.find(key); found != uniform_.end()) return found->second;
    std::vector<Edge> edges;
    for (unsigned i = from; i <= to; ++i)
      put(edges, 0x80 + i, 0x80 + i,
          bits == 6 ? leaf(step(low + i)) : tail(step, low + i * part, bits - 6, 0, 63));
    const Id id = intern(std::move(edges));
    if (uniform) uniform_.emplace(key, id);
    return id;
  }

  struct ByDigit {
    std::array<Id, 16> targets;
    ByDigit() { targets.fill(-1); }
  };
  Id digits(const ByDigit& by) {
    std::vector<Edge> edges;
    for (unsigned d = 0; d < 10; ++d) put(edges, '0' + d, '0' + d, by.targets[d]);
    for (unsigned d = 10; d < 16; ++d) put(edges, 'A' + d - 10, 'A' + d - 10, by.targets[d]);
    for (unsigned d = 10; d < 16; ++d) put(edges, 'a' + d - 10, 'a' + d - 10, by.targets[d]);
    return intern(std::move(edges));
  }
  // `count` hexadecimal digits for the code points from `low` on.
  Id hexadecimal(const Step& step, char32_t low, unsigned count) {
    const char32_t part = char32_t{1} << (4 * (count - 1));
    const bool uniform = step.constant(low, part * 16);
    const Id target = step(low);
    if (uniform && target < 0) return -1;
    const std::array<std::uint32_t, 4> key{static_cast<std::uint32_t>(target), 100 + count, 0, 0};
    if (uniform)
      if (const auto found = uniform_.find(key); found != uniform_.end()) return found->second;
    ByDigit by;
    for (unsigned d = 0; d < 16; ++d)
      by.targets[d] =
          count == 1 ? leaf(step(low + d)) : hexadecimal(step, low + d * part, count - 1);
    const Id id = digits(by);
    if (uniform) uniform_.emplace(key, id);
    return id;
  }
  Id byte(char c, Id target) {
    std::vector<Edge> edges;
    put(edges, static_cast<unsigned char>(c), static_cast<unsigned char>(c), target);
    return intern(std::move(edges));
  }
  // \uDC00 … \uDFFF after the first half of a pair: 1024 code points from `low` on.
  Id second_half(const Step& step, char32_t low) {
    ByDigit quarter, d;
    for (unsigned q = 0; q < 4; ++q) quarter.targets[0xC + q] = hexadecimal(step, low + q * 256, 2);
    d.targets[0xD] = digits(quarter);
    return byte('\\', byte('u', digits(d)));
  }
  Id first_half(const Step& step) {
    const bool uniform = step.constant(0x10000, 0x100000);
    ByDigit second;
    for (unsigned q = 0; q < 4; ++q) {
      ByDigit third;
      for (unsigned x = 0; x < 16; ++x) {
        ByDigit fourth;
        for (unsigned y = 0; y < 16; ++y) {
          if (uniform && y > 0) {
            fourth.targets[y] = fourth.targets[0];
            continue;
          }
          const char32_t half = q * 256 + x * 16 + y;
          fourth.targets[y] = second_half(step, 0x10000 + half * 1024);
        }
        third.targets[x] = uniform && x > 0 ? third.targets[0] : digits(fourth);
        if (uniform) {
          third.targets.fill(third.targets[0]);
          break;
        }
      }
      second.targets[8 + q] = digits(third);
    }
    for (unsigned x = 0; x < 8; ++x) second.targets[x] = hexadecimal(step, 0xD000 + x * 256, 2);
    return digits(second);
  }

  // After the backslash.
  Id escapes(const Step& step) {
    const auto to = [&](char32_t c) { return leaf(step(c)); };
    std::vector<Edge> edges;
    put(edges, '"', '"', to('"'));
    if (spelling_ == Spelling::any) put(edges, '/', '/', to('/'));
    put(edges, '\\', '\\', to('\\'));
    put(edges, 'b', 'b', to('\b'));
    put(edges, 'f', 'f', to('\f'));
    put(edges, 'n', 'n', to('\n'));
    put(edges, 'r', 'r', to('\r'));
    put(edges, 't', 't', to('\t'));
    ByDigit by;
    if (spelling_ == Spelling::any) {
      for (unsigned d = 0; d < 16; ++d)
        by.targets[d] = d == 0xD ? first_half(step) : hexadecimal(step, d * 0x1000, 3);
    } else {
      ByDigit third;
      for (unsigned high = 0; high < 2; ++high) {
        std::vector<Edge> fourth;
        for (unsigned d = 0; d < 16; ++d) {
          const char32_t c = high * 16 + d;
          if (!has_short_escape(c))
            put(fourth, static_cast<unsigned char>("0123456789abcdef"[d]),
                static_cast<unsigned char>("0123456789abcdef"[d]), to(c));
        }
        third.targets[high] = intern(std::move(fourth));
      }
      by.targets[0] = byte('0', digits(third));
    }
    put(edges, 'u', 'u', digits(by));
    return intern(std::move(edges));
  }

  Spelling spelling_;
  regular::Budget& budget_;
  std::map<std::vector<std::uint32_t>, Id> known_;
  std::map<std::array<std::uint32_t, 4>, Id> uniform_;
};

}  // namespace

StringBytes string_bytes(const regular::Automaton& texts, Spelling spelling,
                         regular::Budget& budget) {
  Builder builder(spelling, budget);
  const Id open = builder.add_state();
  builder.first_text_state = open + 1;
  for (std::size_t i = 0; i < texts.states(); ++i) builder.add_state();
  std::map<std::int32_t, Id> ends;
  for (const std::int32_t label : texts.labels)
    if (label >= 0 && !ends.contains(label)) ends.emplace(label, builder.add_state());
  Builder::put(builder.dfa.states[0].edges, '"', '"', builder.first_text_state);
  for (std::size_t i = 0; i < texts.states(); ++i) {
    auto edges = builder.characters(Step(texts, i));
    if (texts.labels[i] >= 0) {
      const auto quote = static_cast<unsigned>('"');
      const auto after =
          std::ranges::find_if(edges, [&](const Edge& e) { return e.first > quote; });
      edges.insert(after, {'"', '"', static_cast<std::uint32_t>(ends.at(texts.labels[i]))});
    }
    builder.dfa.states[i + 1].edges = std::move(edges);
  }
  StringBytes out{std::move(builder.dfa), {}};
  out.labels.assign(out.dfa.states.size(), -1);
  for (const auto& [label, id] : ends) {
    out.labels[static_cast<std::size_t>(id)] = label;
    out.dfa.states[static_cast<std::size_t>(id)].accepting = true;
  }
  return out;
}

grammar::Dfa character_bytes(const regular::Automaton& texts, Spelling spelling,
                             regular::Budget& budget) {
  regular::Automaton one;
  one.alphabet = texts.alphabet;
  for (std::size_t c = 0; c < texts.alphabet.count; ++c)
    one.next.push_back(texts.next[c] >= 0 ? 1 : -1);
  Builder builder(spelling, budget);
  builder.add_state();
  builder.add_state();
  auto edges = builder.characters(Step(one, 0));
  builder.dfa.states[0].edges = std::move(edges);
  builder.dfa.states[1].accepting = true;
  return std::move(builder.dfa);
}

}  // namespace quipu::schema
