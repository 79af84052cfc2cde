// Automata that read a number's digits and remember what a comparison or a remainder needs.
#include "text/schema/numbers.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "quipu/error.h"
#include "text/regular/regex.h"

namespace quipu::schema {
namespace {

using regular::Automaton;
using regular::Budget;

constexpr std::size_t most_digits = 1000;  // of a bound, zeros included
constexpr std::uint32_t largest_divisor = 10'000;

// Characters of numbers, each a class; class 0 has all others.
enum Symbol : std::uint32_t { other, digit_0, minus = 11, point, power, plus, symbols };

regular::Alphabet alphabet() {
  regular::Alphabet out{{0}, {other}, symbols};
  std::map<char32_t, std::uint32_t> classes{
      {'-', minus}, {'.', point}, {'e', power}, {'E', power}, {'+', plus}};
  for (std::uint32_t d = 0; d < 10; ++d) classes.emplace('0' + d, digit_0 + d);
  for (const auto& [character, id] : classes) {
    if (out.starts.back() == character) {
      out.classes.back() = id;
    } else {
      out.starts.push_back(character);
      out.classes.push_back(id);
    }
    out.starts.push_back(character + 1);
    out.classes.push_back(other);
  }
  return out;
}

// Makes an automaton out of states that are described by values of Key.
template <class Key>
class Maker {
 public:
  explicit Maker(Budget& budget) : budget_(budget) { out.alphabet = alphabet(); }

  Automaton out;

  std::int32_t id(const Key& key) {
    const auto [place, fresh] = ids_.try_emplace(key, static_cast<std::int32_t>(keys_.size()));
    if (fresh) {
      if (keys_.size() >= Budget::states) budget_.exceeded();
      keys_.push_back(key);
      budget_.spend(symbols);
    }
    return place->second;
  }
  // `step(key, symbol)` gives the id of the next state or -1, `label(key)` the label.
  template <class Step, class Label>
  Automaton finish(Step step, Label label) {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const Key key = keys_[i];
      out.labels.push_back(label(key));
      out.next.push_back(-1);
      for (std::uint32_t s = 1; s < symbols; ++s) out.next.push_back(step(key, Symbol{s}));
    }
    return regular::minimised(std::move(out), budget_);
  }

 private:
  Budget& budget_;
  std::map<Key, std::int32_t> ids_;
  std::vector<Key> keys_;
};

bool is_digit(Symbol s) {
  return s >= digit_0 && s < minus;
}

enum class Phase : std::uint8_t { start, sign, zero, whole, point, fraction, exponent };

// The phase after a symbol, by the syntax of numbers without exponents.
std::optional<Phase> next_phase(Phase phase, Symbol s) {
  switch (phase) {
  case Phase::start:
    if (s == minus) return Phase::sign;
    [[fallthrough]];
  case Phase::sign:
    if (is_digit(s)) return s == digit_0 ? Phase::zero : Phase::whole;
    return std::nullopt;
  case Phase::whole:
    if (is_digit(s)) return Phase::whole;
    [[fallthrough]];
  case Phase::zero:
    if (s == point) return Phase::point;
    return std::nullopt;
  case Phase::point:
  case Phase::fraction:
    if (is_digit(s)) return Phase::fraction;
    return std::nullopt;
  case Phase::exponent:
    break;
  }
  return std::nullopt;
}

bool may_end(Phase phase) {
  return phase == Phase::zero || phase == Phase::whole || phase == Phase::fraction;
}

// How the digits so far stand to the bound's.
enum Order : std::int32_t { below, same, above };

Automaton of_pattern(const std::string& pattern, Budget& budget) {
  return regular::search(pattern, "", budget);
}

}  // namespace

Automaton all_numbers() {
  Budget budget(1 << 20);
  return of_pattern(R"(^-?(0|[1-9]\d*)(\.\d+)?$)", budget);
}

Automaton integers() {
  Budget budget(1 << 20);
  return of_pattern(R"(^-?(0|[1-9]\d*)(\.0+)?$)", budget);
}

Automaton compared(Relation relation, const Decimal& bound, const std::string& where,
                   Budget& budget) {
  const auto digits = static_cast<std::int64_t>(bound.digits.size());
  if (digits > std::int64_t{most_digits} || bound.exponent > std::int64_t{most_digits} ||
      bound.exponent < -std::int64_t{most_digits})
    throw Error(ErrorCode::unsupported, where + ": numbers of more than " +
                                            std::to_string(most_digits) +
                                            " digits are not supported");
  Decimal size = bound;
  size.negative = false;
  std::string whole = size.plain(), fraction;
  if (const auto at = whole.find('.'); at != std::string::npos) {
    fraction = whole.substr(at + 1);
    whole.resize(at);
  }
  // How many digits of the part that the phase is in have been read, capped one beyond the bound's;
  // how they compare.
  struct Key {
    Phase phase;
    bool negative;
    std::uint32_t read;
    Order order;
    auto operator<=>(const Key&) const = default;
  };
  const auto compare = [](Symbol s, char c) {
    const char d = static_cast<char>('0' + (s - digit_0));
    return d < c ? below : d > c ? above : same;
  };
  Maker<Key> maker(budget);
  maker.id({Phase::start, false, 0, same});
  const auto step = [&](const Key& key, Symbol s) -> std::int32_t {
    const auto phase = next_phase(key.phase, s);
    if (!phase) return -1;
    Key to = key;
    to.phase = *phase;
    if (s == minus) {
      to.negative = true;
    } else if (*phase == Phase::point) {
      // Fewer digits are less: neither side has leading zeros.
      if (key.read < whole.size()) to.order = below;
      if (key.read > whole.size()) to.order = above;
      to.read = 0;
    } else if (*phase == Phase::fraction) {
      if (key.order == same) {
        to.order = compare(s, key.read < fraction.size() ? fraction[key.read] : '0');
        to.read =
            std::min<std::uint32_t>(key.read + 1, static_cast<std::uint32_t>(fraction.size()));
      } else {
        to.read = 0;
      }
    } else if (key.read < whole.size()) {
      if (key.order == same) to.order = compare(s, whole[key.read]);
      ++to.read;
    } else {
      to.read = static_cast<std::uint32_t>(whole.size()) + 1;
      to.order = above;
    }
    return maker.id(to);
  };
  return maker.finish(step, [&](const Key& key) -> std::int32_t {
    if (!may_end(key.phase)) return -1;
    Order order = key.order;
    if (key.phase != Phase::fraction) {
      if (key.read < whole.size()) order = below;
      if (order == same && !fraction.empty()) order = below;
    } else if (order == same && key.read < fraction.size()) {
      order = below;
    }
    // The sizes are compared; now the signs.
    if (key.negative && !bound.negative)
      order = bound.zero() && order == same ? same : below;
    else if (!key.negative && bound.negative)
      order = above;
    else if (key.negative)
      order = order == below ? above : order == above ? below : same;
    switch (relation) {
    case Relation::less:
      return order == below ? 0 : -1;
    case Relation::at_most:
      return order != above ? 0 : -1;
    case Relation::equal:
      return order == same ? 0 : -1;
    case Relation::at_least:
      return order != below ? 0 : -1;
    case Relation::greater:
      return order == above ? 0 : -1;
    }
    return -1;
  });
}

Automaton multiples(const Decimal& divisor, const std::string& where, Budget& budget) {
  const auto refuse = [&] {
    throw Error(ErrorCode::unsupported, where + ": multiples of " + divisor.digits + "e" +
                                            std::to_string(divisor.exponent) +
                                            " are not supported");
  };
  if (divisor.digits.size() > 5 || divisor.exponent > 4 || divisor.exponent < -400) refuse();
  std::uint32_t modulus = 0;
  for (const char c : divisor.digits) modulus = modulus * 10 + static_cast<std::uint32_t>(c - '0');
  for (std::int64_t i = 0; i < divisor.exponent; ++i) modulus *= 10;
  if (modulus > largest_divisor) refuse();
  const auto places = static_cast<std::uint32_t>(divisor.exponent < 0 ? -divisor.exponent : 0);
  // The number without its point, modulo the divisor without its own.
  struct Key {
    Phase phase;
    std::uint32_t rest, read;  // digits after the point
    auto operator<=>(const Key&) const = default;
  };
  Maker<Key> maker(budget);
  maker.id({Phase::start, 0, 0});
  const auto step = [&](const Key& key, Symbol s) -> std::int32_t {
    const auto phase = next_phase(key.phase, s);
    if (!phase) return -1;
    Key to = key;
    to.phase = *phase;
    if (is_digit(s)) {
      if (*phase == Phase::fraction && key.read == places) return s == digit_0 ? maker.id(to) : -1;
      to.rest = (key.rest * 10 + (s - digit_0)) % modulus;
      if (*phase == Phase::fraction) ++to.read;
    }
    return maker.id(to);
  };
  return maker.finish(step, [&](const Key& key) -> std::int32_t {
    if (!may_end(key.phase)) return -1;
    std::uint32_t rest = key.rest;
    for (std::uint32_t i = key.read; i < places && rest; ++i) rest = rest * 10 % modulus;
    return rest == 0 ? 0 : -1;
  });
}

Automaton one_of(std::span<const Decimal> numbers, const std::string& where, Budget& budget) {
  if (numbers.empty()) return regular::nothing();
  std::string pattern = "^(?:";
  for (const Decimal& number : numbers) {
    if (number.exponent > std::int64_t{most_digits} || number.exponent < -std::int64_t{most_digits})
      throw Error(ErrorCode::unsupported, where + ": numbers of more than " +
                                              std::to_string(most_digits) +
                                              " digits are not supported");
    if (&number != &numbers.front()) pattern += '|';
    if (number.zero()) pattern += "-?";
    std::string plain = number.plain();
    const auto at = plain.find('.');
    if (at == std::string::npos)
      plain += "(?:\\.0+)?";
    else
      plain.replace(at, 1, "\\.") += "0*";
    pattern += plain;
  }
  return of_pattern(pattern + ")$", budget);
}

Automaton other_numbers(const Automaton& set, Budget& budget) {
  static const Automaton all = all_numbers();
  return regular::difference(all, set, budget);
}

Automaton answers(const Automaton& set, Budget& budget) {
  static const auto of = [](const char* pattern) {
    Budget enough(1 << 22);
    return of_pattern(pattern, enough);
  };
  // 20 digits hold every 64-bit integer and every double's 17.
  static const Automaton whole = of(R"(^(0|-?[1-9]\d{0,19})$)");
  static const Automaton real = of(R"(^(0|-?[1-9]\d{0,19}|-?(0|[1-9]\d{0,19})\.\d{1,20})$)");
  static const Automaton any_whole = of(R"(^(0|-?[1-9]\d*)$)");
  static const Automaton free =
      of(R"(^(0|-?[1-9]\d{0,19}|-?(0|[1-9]\d{0,19})\.\d{1,20})([eE][+-]?\d{1,2})?$)");
  if (other_numbers(set, budget).empty()) return free;
  static const Automaton integer = integers();
  const bool is_whole = regular::difference(set, integer, budget).empty();
  Automaton out = regular::intersection(set, is_whole ? whole : real, budget);
  if (out.empty() && is_whole) out = regular::intersection(set, any_whole, budget);
  return out.empty() ? set : out;
}

namespace {

constexpr int near_power = 20;  // exponents up to here go with any mantissa
constexpr int far_power = 400;  // a double's go to 308

// Exponents that are accepted after a mantissa: bit k + near_power.
using Powers = std::vector<bool>;

// What may follow inside an exponent. In `digits`: whether it may end, then for each further digit,
// then for each two.
struct PowerKey {
  enum Phase : std::uint8_t { nothing, sign, zeros, digits } phase = nothing;
  std::vector<bool>
      accepted;  // by exponent: before the sign Powers, until a digit is not 0 from 0 on
  auto operator<=>(const PowerKey&) const = default;

  bool hopeless() const { return std::ranges::find(accepted, true) == accepted.end(); }
  bool ends() const { return phase >= zeros && accepted[0]; }
  std::optional<PowerKey> after(Symbol s) const {
    PowerKey to;
    if (phase == nothing) {
      const auto middle = accepted.begin() + near_power;
      to.phase = sign;
      if (s == minus)
        to.accepted.assign(std::make_reverse_iterator(middle + 1), accepted.rend());
      else
        to.accepted.assign(middle, accepted.end());
      return is_digit(s) ? to.after(s) : to;
    }
    if (!is_digit(s)) return std::nullopt;
    const std::size_t d = s - digit_0;
    if (phase != digits && d == 0) return PowerKey{zeros, accepted};
    to.phase = digits;
    // Powers have at most three digits.
    const bool first = phase != digits;
    const std::size_t one = first ? d : 1 + d, ten = first ? d * 10 : 11 + d * 10,
                      hundred = d * 100;
    const auto take = [&](std::size_t begin, std::size_t count) {
      for (std::size_t i = begin; i < begin + count; ++i)
        to.accepted.push_back(i < accepted.size() && accepted[i]);
    };
    take(one, 1);
    take(ten, 10);
    if (first) take(hundred, 100);
    while (!to.accepted.empty() && !to.accepted.back()) to.accepted.pop_back();
    if (to.accepted.empty()) return std::nullopt;
    return to;
  }
};

// Runs the set's automaton over the number that mantissa and exponent make, for all exponents at
// once: `shifted[i]` is the state when the point stands near_power - i digits before its place in
// the mantissa, `unpointed` the state without a point.
struct MantissaKey {
  Phase phase = Phase::start;
  bool negative = false;
  int after_point = 0;          // digits, capped at near_power + 1
  std::int32_t unpointed = -1;  // -2: only zeros so far
  std::vector<std::int32_t> shifted;
  PowerKey power;  // of phase exponent
  auto operator<=>(const MantissaKey&) const = default;
};

}  // namespace

Automaton spellings(const Automaton& set, Budget& budget) {
  if (other_numbers(set, budget).empty()) {
    static const Automaton all = [] {
      Budget enough(1 << 20);
      return of_pattern(R"(^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$)", enough);
    }();
    return all;
  }
  const auto run = [&](std::int32_t state, char32_t c) {
    return state < 0 ? -1 : set.after(state, c);
  };
  const auto accepts = [&](std::int32_t state) {
    return state >= 0 && set.labels[static_cast<std::size_t>(state)] >= 0;
  };
  const auto signed_start = [&](bool negative) { return negative ? run(0, '-') : 0; };
  // The state without a point, with the 0 that stands for no digits.
  const auto whole = [&](const MantissaKey& key) {
    return key.unpointed == -2 ? run(signed_start(key.negative), '0') : key.unpointed;
  };
  const auto powers = [&](const MantissaKey& key) {
    Powers out(near_power + far_power + 1, false);
    if (!may_end(key.phase)) return out;
    const int digits = key.after_point;
    for (int k = -near_power; k <= std::min(digits - 1, near_power); ++k)
      out[static_cast<std::size_t>(k + near_power)] =
          accepts(key.shifted[static_cast<std::size_t>(k + near_power)]);
    if (digits > near_power) return out;
    std::int32_t state = whole(key);
    for (int k = digits; k <= far_power; ++k) {
      const std::int32_t next = key.unpointed == -2 ? state : run(state, '0');
      if (next == state) {
        std::fill(out.begin() + k + near_power, out.end(), accepts(state));
        break;
      }
      out[static_cast<std::size_t>(k + near_power)] = accepts(state);
      state = next;
    }
    return out;
  };
  const auto feed = [&](MantissaKey& key, char32_t digit, bool in_fraction) {
    // The point may have stood here: shifted gets one more.
    const std::size_t here = static_cast<std::size_t>(near_power + key.after_point);
    if (key.after_point <= near_power && here < key.shifted.size())
      key.shifted[here] = run(whole(key), '.');
    for (auto& state : key.shifted) state = run(state, digit);
    if (key.unpointed != -2 || digit != '0')
      key.unpointed = run(key.unpointed == -2 ? signed_start(key.negative) : key.unpointed, digit);
    if (in_fraction) {
      key.after_point = std::min(key.after_point + 1, near_power + 1);
      if (key.after_point > near_power) key.unpointed = -1;
    } else {
      // Each place is now one digit further from the point.
      key.shifted.erase(key.shifted.begin());
      key.shifted.insert(key.shifted.begin() + near_power, -1);
    }
  };

  Maker<MantissaKey> maker(budget);
  MantissaKey start;
  start.unpointed = -2;
  start.shifted.assign(2 * near_power + 1, -1);
  const auto with_zeros = [&](MantissaKey key) {
    // The point before all digits, with zeros between.
    std::int32_t state = run(whole(key), '.');
    for (int i = near_power - 1; i >= 0; --i) {
      state = run(state, '0');
      key.shifted[static_cast<std::size_t>(i)] = state;
    }
    return key;
  };
  maker.id(start);
  const auto step = [&](const MantissaKey& key, Symbol s) -> std::int32_t {
    budget.spend(key.shifted.size() / 8 + 1);
    MantissaKey to;
    to.phase = Phase::exponent;
    if (key.phase == Phase::exponent) {
      auto after = s == point || s == power ? std::nullopt : key.power.after(s);
      if (!after || after->hopeless()) return -1;
      to.power = std::move(*after);
      return maker.id(to);
    }
    if (s == power) {
      to.power.accepted = powers(key);
      return to.power.hopeless() ? -1 : maker.id(to);
    }
    const auto phase = next_phase(key.phase, s);
    if (!phase) return -1;
    to = key;
    if (s == minus) to.negative = true;
    if (is_digit(s)) {
      if (key.phase == Phase::start || key.phase == Phase::sign) to = with_zeros(to);
      feed(to, '0' + (s - digit_0), *phase == Phase::fraction);
    }
    to.phase = *phase;
    const bool hopeless =
        to.unpointed == -1 && std::ranges::all_of(to.shifted, [](std::int32_t q) { return q < 0; });
    return hopeless && is_digit(s) ? -1 : maker.id(to);
  };
  return maker.finish(step, [&](const MantissaKey& key) -> std::int32_t {
    if (key.phase == Phase::exponent) return key.power.ends() ? 0 : -1;
    return powers(key)[near_power] ? 0 : -1;
  });
}

}  // namespace quipu::schema
