// Entries of a codebook for 256 weights, and the scales of their groups: a weight is
// scale * (2 * level + 1) with a sign. A few divisors are tried in each group; levels that are no
// entry give way to the entry within reach that costs least. Definition: quantize_row_iq2_*_impl
// and quantize_row_iq3_*_impl of ggml (ggml-quants.c); sums and products are in its order, so that
// blocks are the same.
#pragma once

#include <cmath>

#include "codebook_block.h"
#include "lanes.h"
#include "nearest_entries.h"

namespace {

/// Which entries are fitted once more, to the best scale.
enum class Again {
  all,
  all_unless_fit,  ///< all of a group, unless all its levels are entries
  unfit            ///< those that gave way
};

struct CodebookOptions {
  int steps;       ///< divisors tried on either side of the plain one
  float step;      ///< their distance
  float smallest;  ///< a group that reaches less is zero
  Again again;
};

/// Groups have `Columns` weights.
template <int Columns, class Table>
class CodebookSearch {
 public:
  static constexpr int groups = 256 / Columns, width = Table::weights, entries = 256 / width,
                       entries_of_group = entries / groups;
  using Numbers = Lanes<groups>;

  float scale[groups];
  std::uint16_t entry[entries] = {};

  /// `weight` is how much an error counts.
  CodebookSearch(const Table& table, const Signed& x, const float* weight)
      : table_(table), row_(x.magnitude) {
    load_groups(x.magnitude, x_);
    load_groups(weight, weight_);
    for (int c = 0; c < Columns; ++c) weighted_[c] = weight_[c] * x_[c];
    for (int i = 0; i < 256; ++i) root_[i] = std::sqrt(weight[i]);
  }

  Numbers largest() const {
    Numbers found = x_[0];
    for (const auto& x : x_) found = larger(found, x);
    return found;
  }

  /// `reach`: what the highest level should meet. The signs of groups change that are zero or whose
  /// scale would be negative.
  void run(const Numbers& reach, const Numbers& first_scale, const CodebookOptions& options,
           std::uint8_t* signs) {
    const Numbers zero(0), one(1);
    bool wanted[entries], fits[entries];
    for (int e = 0; e < entries; ++e) {
      wanted[e] = !(reach[e / entries_of_group] < options.smallest);
      fits[e] = options.again != Again::all_unless_fit;
    }
    Numbers found = first_scale, best(0);
    for (int i = -options.steps; i <= options.steps; ++i) {
      const auto inverse =
          Numbers(static_cast<float>(highest) + static_cast<float>(i) * options.step) / reach;
      choose(inverse, one / inverse, wanted);
      const auto better = (sum_qq_ > zero) & (sum_xq_ * sum_xq_ > best * sum_qq_);
      found = select(better, sum_xq_ / sum_qq_, found);
      best = select(better, found * sum_xq_, best);
      for (int e = 0; e < entries; ++e)
        if (better[e / entries_of_group]) {
          entry[e] = trial_[e];
          fits[e] = fits_[e];
        }
    }

    const auto again = choose_again(found, fits, wanted, options.again);
    choose(one / found, found, wanted);
    found = select((again > zero) & (sum_qq_ > zero), sum_xq_ / sum_qq_, found);
    for (int e = 0; e < entries; ++e)
      if (wanted[e]) entry[e] = trial_[e];
    for (int g = 0; g < groups; ++g) {
      const bool vanishes = reach[g] < options.smallest, negative = found[g] < 0;
      scale[g] = vanishes ? 0 : std::abs(found[g]);
      for (int k = g * Columns / 8; k < (g + 1) * Columns / 8; ++k)
        signs[k] = static_cast<std::uint8_t>(vanishes ? 0 : negative ? ~signs[k] : signs[k]);
    }
  }

 private:
  static constexpr int top = Table::levels - 1, highest = 2 * top + 1;

  /// Finds entries for x * inverse where they are wanted, and sums up what those and the others are
  /// worth.
  void choose(const Numbers& inverse, const Numbers& with_scale, const bool (&wanted)[entries]) {
    const Numbers half(0.5f), one(1);
    float value[groups][Table::levels];
    for (int g = 0; g < groups; ++g)
      for (int level = 0; level <= top; ++level)
        value[g][level] = with_scale[g] * static_cast<float>(2 * level + 1);
    sum_xq_ = sum_qq_ = Numbers(0);
    for (int k = 0; k < entries_of_group; ++k) {
      Numbers level[width], point(0);
      for (int i = width - 1; i >= 0; --i) {
        level[i] = nearest_modulo(half * (inverse * x_[width * k + i] - one), 0, top);
        point = point * Numbers(Table::levels) + level[i];
      }
      for (int g = 0; g < groups; ++g) {
        const int e = g * entries_of_group + k, at = static_cast<int>(point[g]);
        if (!wanted[e])
          trial_[e] = entry[e];
        else if (fits_[e] = table_.has(at); fits_[e]) {
          trial_[e] = table_.first(at);
          continue;
        } else
          trial_[e] = table_.best(at, row_ + width * e, root_ + width * e, value[g]);
        const auto* levels = table_.levels_of(trial_[e]);
        for (int i = 0; i < width; ++i) level[i].set(g, levels[i]);
      }
      for (int i = 0; i < width; ++i) {
        const auto q = level[i] + level[i] + one;
        sum_xq_ += weighted_[width * k + i] * q;
        sum_qq_ += weight_[width * k + i] * q * q;
      }
    }
  }

  /// Says which entries are wanted again; returns 1 for groups with any.
  static Numbers choose_again(const Numbers& found, const bool (&fits)[entries],
                              bool (&wanted)[entries], Again again) {
    Numbers groups_again(0);
    for (int g = 0; g < groups; ++g) {
      bool all_fit = true, any = false;
      for (int k = 0; k < entries_of_group; ++k) all_fit &= fits[g * entries_of_group + k];
      for (int k = 0; k < entries_of_group; ++k) {
        const int e = g * entries_of_group + k;
        wanted[e] &= found[g] > 0 && (again == Again::all ||
                                      (!all_fit && (again == Again::all_unless_fit || !fits[e])));
        any |= wanted[e];
      }
      groups_again.set(g, any);
    }
    return groups_again;
  }

  const Table& table_;
  const float* row_;
  Numbers x_[Columns], weight_[Columns], weighted_[Columns];
  float root_[256];
  Numbers sum_xq_, sum_qq_;
  std::uint16_t trial_[entries];
  bool fits_[entries] = {};
};

}  // namespace
