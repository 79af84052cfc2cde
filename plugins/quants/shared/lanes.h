// Numbers of several groups of weights side by side, lane g for group g: searches run for all
// groups at once, while the sums of each group keep the order of its columns, so that results do
// not depend on the instruction set.
#pragma once

#include <cstdint>

namespace {

using Four = float __attribute__((vector_size(16)));
using FourFlags = std::int32_t __attribute__((vector_size(16)));
using TwoFlags = std::int64_t __attribute__((vector_size(16)));

template <int Count>
struct Flags {
  static constexpr int parts = (Count + 3) / 4;
  FourFlags part[parts];

  friend Flags operator&(Flags a, const Flags& b) {
    for (int i = 0; i < parts; ++i) a.part[i] &= b.part[i];
    return a;
  }
  bool operator[](int lane) const { return part[lane / 4][lane % 4] != 0; }
  bool any() const {
    FourFlags all = part[0];
    for (int i = 1; i < parts; ++i) all |= part[i];
    const auto halves = reinterpret_cast<TwoFlags>(all);
    return halves[0] | halves[1];
  }
};

template <int Count>
struct Lanes {
  static constexpr int parts = (Count + 3) / 4;
  Four part[parts];

  Lanes() = default;
  Lanes(float value) {  // implicit, so that formulas read as they do for one number
    for (auto& p : part) p = Four{value, value, value, value};
  }

  float operator[](int lane) const { return part[lane / 4][lane % 4]; }
  void set(int lane, float value) { part[lane / 4][lane % 4] = value; }

  friend Lanes operator+(Lanes a, const Lanes& b) {
    for (int i = 0; i < parts; ++i) a.part[i] += b.part[i];
    return a;
  }
  friend Lanes operator-(Lanes a, const Lanes& b) {
    for (int i = 0; i < parts; ++i) a.part[i] -= b.part[i];
    return a;
  }
  friend Lanes operator-(Lanes a) {
    for (auto& p : a.part) p = -p;
    return a;
  }
  friend Lanes operator*(Lanes a, const Lanes& b) {
    for (int i = 0; i < parts; ++i) a.part[i] *= b.part[i];
    return a;
  }
  friend Lanes operator/(Lanes a, const Lanes& b) {
    for (int i = 0; i < parts; ++i) a.part[i] /= b.part[i];
    return a;
  }
  Lanes& operator+=(const Lanes& b) { return *this = *this + b; }

  friend Flags<Count> operator<(const Lanes& a, const Lanes& b) {
    Flags<Count> flags;
    for (int i = 0; i < parts; ++i) flags.part[i] = a.part[i] < b.part[i];
    return flags;
  }
  friend Flags<Count> operator>(const Lanes& a, const Lanes& b) { return b < a; }
  friend Flags<Count> operator==(const Lanes& a, const Lanes& b) {
    Flags<Count> flags;
    for (int i = 0; i < parts; ++i) flags.part[i] = a.part[i] == b.part[i];
    return flags;
  }
  friend Flags<Count> operator!=(const Lanes& a, const Lanes& b) {
    Flags<Count> flags;
    for (int i = 0; i < parts; ++i) flags.part[i] = a.part[i] != b.part[i];
    return flags;
  }
};

template <int Count>
Lanes<Count> select(const Flags<Count>& flags, Lanes<Count> yes, const Lanes<Count>& no) {
  for (int i = 0; i < Lanes<Count>::parts; ++i)
    yes.part[i] = flags.part[i] ? yes.part[i] : no.part[i];
  return yes;
}

template <int Count>
Lanes<Count> smaller(Lanes<Count> a, const Lanes<Count>& b) {
  for (int i = 0; i < Lanes<Count>::parts; ++i)
    a.part[i] = a.part[i] < b.part[i] ? a.part[i] : b.part[i];
  return a;
}

template <int Count>
Lanes<Count> larger(Lanes<Count> a, const Lanes<Count>& b) {
  for (int i = 0; i < Lanes<Count>::parts; ++i)
    a.part[i] = a.part[i] > b.part[i] ? a.part[i] : b.part[i];
  return a;
}

template <int Count>
Lanes<Count> magnitude(const Lanes<Count>& a) {
  return larger(a, -a);
}

/// To the nearest integer within the bounds: see rounding.h.
template <int Count>
Lanes<Count> nearest(const Lanes<Count>& x, float low, float high) {
  const auto integer = (x + 0x1.8p23f) - 0x1.8p23f;
  return smaller(larger(integer, Lanes<Count>(low)), Lanes<Count>(high));
}

/// The same for any number as ggml has it, whose integers have 23 bits: larger ones lose their
/// upper bits, an infinity and a NaN become negative or zero.
template <int Count>
Lanes<Count> nearest_modulo(Lanes<Count> x, float low, float high) {
  x = x + 0x1.8p23f;
  for (auto& p : x.part)
    p = reinterpret_cast<Four>((reinterpret_cast<FourFlags>(p) & 0x7fffff) | 0x4b000000);
  return smaller(larger(x - 0x1.8p23f, Lanes<Count>(low)), Lanes<Count>(high));
}

/// Column c of group g: lane g of table[c].
template <int Columns, int Count>
void load_groups(const float* x, Lanes<Count> (&table)[Columns]) {
  for (int c = 0; c < Columns; ++c) {
    table[c] = Lanes<Count>(0);
    for (int g = 0; g < Count; ++g) table[c].set(g, x[g * Columns + c]);
  }
}

template <int Columns, int Count>
void store_groups(const Lanes<Count> (&table)[Columns], std::uint8_t* q) {
  for (int c = 0; c < Columns; ++c)
    for (int g = 0; g < Count; ++g) q[g * Columns + c] = static_cast<std::uint8_t>(table[c][g]);
}

}  // namespace
