// What the quantisers of IQ1_S and IQ1_M share. A weight is scale * (level - 1 + shift), of three
// levels, and the shift is an eighth up or down. Sorted weights fall into three runs, one for each
// level, so that all splits can be tried. Definition: quantize_row_iq1_s_impl and
// quantize_row_iq1_m_impl of ggml (ggml-quants.c); sums and products are in its order, so that
// blocks are the same.
#pragma once

#include <cfloat>

#include "codebook_block.h"
#include "iq1_codebook.h"
#include "lanes.h"
#include "nearest_entries.h"

namespace {

using Iq1Table = NearestEntries<2, 2048>;

inline const Iq1Table& iq1_table() {
  static const Iq1Table table(iq1_codebook, 3);
  return table;
}

constexpr float shifted_levels[2][3] = {{-0.875f, 0.125f, 1.125f}, {-1.125f, -0.125f, 0.875f}};

/// The best split of each group so far.
template <int Count>
struct BestSplit {
  Lanes<Count> scale{0}, score{-FLT_MAX}, number{-1};

  void offer(const Lanes<Count>& sum_xq, const Lanes<Count>& sum_qq, int candidate) {
    const auto better = (sum_qq > Lanes<Count>(0)) & (sum_xq * sum_xq > score * sum_qq);
    if (!better.any()) return;
    scale = select(better, sum_xq / sum_qq, scale);
    score = select(better, scale * sum_xq, score);
    number = select(better, Lanes<Count>(static_cast<float>(candidate)), number);
  }
};

/// Of each group the columns by ascending weight, equal ones in turn.
template <int Columns, int Count>
void sort_columns(const Lanes<Count> (&x)[Columns], std::uint8_t (&order)[Count][Columns]) {
  Lanes<Count> rank[Columns];
  for (int i = 0; i < Columns; ++i) {
    rank[i] = Lanes<Count>(static_cast<float>(i));
    for (int j = 0; j < i; ++j) {
      const auto before = select(x[i] < x[j], Lanes<Count>(1), Lanes<Count>(0));
      rank[i] = rank[i] - before;
      rank[j] += before;
    }
  }
  for (int g = 0; g < Count; ++g)
    for (int i = 0; i < Columns; ++i)
      order[g][static_cast<int>(rank[i][g])] = static_cast<std::uint8_t>(i);
}

/// Of each group the sums of its first 0 to `Sums - 1` terms.
template <int Sums, int Count>
void running_sums(const float* terms, Lanes<Count> (&sums)[Sums]) {
  Lanes<Count> column[Sums - 1];
  load_groups(terms, column);
  sums[0] = Lanes<Count>(0);
  for (int i = 1; i < Sums; ++i) sums[i] = sums[i - 1] + column[i - 1];
}

/// A group with its split: levels become entries, and the scale follows where that moves them.
template <int Columns>
struct Iq1Group {
  static constexpr int parts = Columns / 8;
  float scale = 0;
  bool down[parts] = {};  ///< the shift of each entry
  std::uint16_t entry[parts] = {};

  void split(const float* x, const float* weight, const std::uint8_t* order, int first,
             int second) {
    std::uint8_t level[Columns];
    for (int j = 0; j < Columns; ++j)
      level[order[j]] = static_cast<std::uint8_t>((j >= first) + (j >= second));
    if (scale < 0) {
      scale = -scale;
      for (auto& l : level) l = static_cast<std::uint8_t>(2 - l);
      for (auto& d : down) d = !d;
    }
    const auto& table = iq1_table();
    bool all_fit = true;
    for (int k = 0; k < parts; ++k) {
      int point = 0;
      for (int i = 7; i >= 0; --i) point = 3 * point + level[8 * k + i];
      const auto& shifted = shifted_levels[down[k]];
      const float value[3] = {scale * shifted[0], scale * shifted[1], scale * shifted[2]};
      all_fit &= table.has(point);
      entry[k] = static_cast<std::uint16_t>(
          table.has(point) ? table.first(point)
                           : table.best(point, x + 8 * k, weight + 8 * k, value));
    }
    if (all_fit) return;
    float sum_xq = 0, sum_qq = 0;
    add(x, weight, 1, sum_xq, sum_qq);
    if (sum_xq > 0 && sum_qq > 0) scale = sum_xq / sum_qq;
  }

  /// The sums of a regression, of weights `factor` times as large.
  void add(const float* x, const float* weight, float factor, float& sum_xq, float& sum_qq) const {
    const auto& table = iq1_table();
    for (int i = 0; i < Columns; ++i) {
      const auto* levels = table.levels_of(entry[i / 8]);
      const float q = shifted_levels[down[i / 8]][levels[i % 8]] * factor;
      sum_xq += weight[i] * q * x[i];
      sum_qq += weight[i] * q * q;
    }
  }
};

}  // namespace
