// How far long work is, on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace quipu::app {

/// A line on stderr that is drawn again and again; nothing where stderr is no terminal. It goes
/// away with the object.
class ProgressBar {
 public:
  /// `shown`: false draws nothing, as --quiet asks.
  explicit ProgressBar(bool shown);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// At most ten times a second. `what` is cut to fit.
  void show(std::uint64_t done, std::uint64_t total, std::string_view what);

 private:
  using Clock = std::chrono::steady_clock;

  bool shown_;
  std::uint64_t first_ = ~std::uint64_t{0};  // what was done when the bar was first drawn
  Clock::time_point start_ = Clock::now(), drawn_{};
};

}  // namespace quipu::app
