#include "progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "quipu/error.h"

namespace quipu::app {
namespace {

constexpr std::size_t bar_width = 24;
constexpr std::string_view erase_line = "\r\x1b[K";

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

// "1:05": minutes and seconds.
std::string minutes(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  char text[32];
  std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  return text;
}

}  // namespace

ProgressBar::ProgressBar(bool shown) : shown_(shown && ::isatty(STDERR_FILENO)) {}

ProgressBar::~ProgressBar() {
  if (shown_ && drawn_ != Clock::time_point{})
    std::fwrite(erase_line.data(), 1, erase_line.size(), stderr);
}

void ProgressBar::show(std::uint64_t done, std::uint64_t total, std::string_view what) {
  const auto now = Clock::now();
  if (!shown_ || now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  const double share =
      total ? std::min(1.0, static_cast<double>(done) / static_cast<double>(total)) : 0.0;
  if (first_ > done) first_ = done;
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_width));
  const double seconds = std::chrono::duration<double>(now - start_).count();
  char percent[16];
  std::snprintf(percent, sizeof percent, "%3.0f %%", 100 * share);
  std::string line(1, '[');
  line.append(filled, '#').append(bar_width - filled, '.').append("] ").append(percent);
  const auto since = static_cast<double>(done - first_);
  if (since > 0.01 * static_cast<double>(total))
    line += ", " + minutes(seconds * static_cast<double>(total - std::min(done, total)) / since) +
            " left";
  line += "  " + printable(what, 200);
  line.resize(std::min(line.size(), terminal_width() - 1));
  line.insert(0, erase_line);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace quipu::app
