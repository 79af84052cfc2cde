#include "bench/profile_table.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

namespace quipu::app {
namespace {

// "dot avx512", or "dot avx512 and panel avx512" where weights differ.
std::string kernel_of(const ProfileEntry& entry) {
  std::vector<std::string_view> found;
  std::string text;
  for (const auto& weight : entry.weights) {
    if (std::ranges::find(found, weight.kernel) != found.end()) continue;
    found.push_back(weight.kernel);
    text += (text.empty() ? "" : " and ") + weight.kernel;
  }
  return text;
}

std::string formatted(const char* format, double value) {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// Columns that say nothing of a row stay empty.
std::string of_limit(double found, double limit) {
  return found > 0 && limit > 0 ? formatted("%.0f%%", 100 * found / limit) : "";
}

double per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

}  // namespace

ProfileTable profile_table(const Profile& profile, double seconds) {
  ProfileTable table;
  table.seconds = std::max(seconds - profile.noting_seconds, profile.elapsed_seconds);
  table.runs = profile.runs;
  table.tokens = profile.tokens;
  table.threads = profile.threads;
  std::map<std::pair<std::string, std::string>, ProfileRow> kinds;
  double stages = 0;
  for (const ProfileEntry& entry : profile.entries) {
    const std::string kernel = kernel_of(entry);
    ProfileRow& row = kinds[{entry.op, kernel}];
    row.op = entry.op;
    row.kernel = kernel;
    row.calls += entry.calls;
    row.seconds += entry.elapsed_seconds;
    row.busy_seconds += entry.busy_seconds;
    row.waiting_seconds += entry.waiting_seconds;
    row.bytes += entry.bytes;
    row.multiply_adds += entry.multiply_adds;
    stages += entry.elapsed_seconds;
  }
  for (auto& [kind, row] : kinds) table.rows.push_back(std::move(row));
  std::ranges::stable_sort(table.rows, std::ranges::greater{}, &ProfileRow::seconds);
  const auto add = [&](const char* what, double rest) {
    ProfileRow row;
    row.op = what;
    row.calls = profile.runs;
    row.seconds = rest;
    table.rows.push_back(std::move(row));
  };
  add("before and after the stages", profile.elapsed_seconds - stages);
  add("outside the backend", table.seconds - profile.elapsed_seconds);
  return table;
}

std::vector<std::string> lines(const ProfileTable& table, const ProfileLimits& limits) {
  std::vector<std::string> text;
  const double tokens = static_cast<double>(std::max<std::uint64_t>(table.tokens, 1));
  const double runs = static_cast<double>(std::max<std::uint64_t>(table.runs, 1));
  double waiting = 0;
  for (const ProfileRow& row : table.rows) waiting += row.waiting_seconds;
  char line[256];
  std::snprintf(line, sizeof line,
                "%.1f us per token over %llu tokens in %llu runs; %u threads waited %.1f %% of it",
                table.seconds * 1e6 / tokens, static_cast<unsigned long long>(table.tokens),
                static_cast<unsigned long long>(table.runs), table.threads,
                table.seconds > 0 ? 100 * waiting / (table.seconds * table.threads) : 0.0);
  text.emplace_back(line);
  text.emplace_back(
      " us/token  share calls/run  waiting     GB/s of read     GOPS of peak  what: how");
  for (const ProfileRow& row : table.rows) {
    const double bytes = per_second(row.bytes, row.seconds);
    const double products = per_second(row.multiply_adds, row.seconds);
    std::snprintf(
        line, sizeof line, "%9.2f %5.1f%% %9.1f %8s %8s %7s %8s %7s  ", row.seconds * 1e6 / tokens,
        100 * table.share(row), static_cast<double>(row.calls) / runs,
        row.busy_seconds > 0 ? formatted("%.1f%%", 100 * table.waiting_share(row)).c_str() : "",
        bytes > 0 ? formatted("%.1f", bytes / 1e9).c_str() : "",
        of_limit(bytes, limits.read_bytes_per_second).c_str(),
        products > 0 ? formatted("%.1f", 2 * products / 1e9).c_str() : "",
        of_limit(products, limits.multiply_adds_per_second).c_str());
    text.push_back(line + row.op + (row.kernel.empty() ? "" : ": " + row.kernel));
  }
  return text;
}

json::object to_json(const ProfileTable& table, const ProfileLimits& limits) {
  json::array rows;
  for (const ProfileRow& row : table.rows) {
    json::object all{{"op", row.op},
                     {"kernel", row.kernel},
                     {"calls", row.calls},
                     {"seconds", row.seconds},
                     {"share", table.share(row)},
                     {"busy_seconds", row.busy_seconds},
                     {"waiting_seconds", row.waiting_seconds},
                     {"bytes", row.bytes},
                     {"multiply_adds", row.multiply_adds}};
    const auto fraction = [&](const char* name, std::uint64_t count, double limit) {
      const double found = per_second(count, row.seconds);
      all[name] = found > 0 && limit > 0 ? json::value(found / limit) : json::value(nullptr);
    };
    fraction("fraction_of_read", row.bytes, limits.read_bytes_per_second);
    fraction("fraction_of_peak", row.multiply_adds, limits.multiply_adds_per_second);
    rows.push_back(std::move(all));
  }
  return {{"seconds", table.seconds},
          {"runs", table.runs},
          {"tokens", table.tokens},
          {"threads", table.threads},
          {"rows", std::move(rows)}};
}

}  // namespace quipu::app
