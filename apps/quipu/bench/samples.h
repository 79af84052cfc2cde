// What was measured several times.
#pragma once

#include <algorithm>
#include <vector>

namespace quipu::app {

/// Never empty when asked.
class Samples {
 public:
  void add(double value) { values_.push_back(value); }
  bool empty() const noexcept { return values_.empty(); }

  double min() const { return *std::ranges::min_element(values_); }
  double max() const { return *std::ranges::max_element(values_); }
  /// Of an even number, the mean of the two in the middle.
  double median() const {
    auto sorted = values_;
    std::ranges::sort(sorted);
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

 private:
  std::vector<double> values_;
};

}  // namespace quipu::app
