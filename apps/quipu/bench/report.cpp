#include "bench/report.h"

#include <algorithm>
#include <cstdio>

#include "bench/kernel_table.h"
#include "bench/profile_table.h"

namespace quipu::app {
namespace {

json::value as_json(const Samples& samples) {
  return samples.empty() ? json::value(nullptr) : json::value(samples.median());
}

// The larger fraction belongs to the limit that is nearer.
bool read_is_nearer(const BenchResult& result) {
  if (result.of_peak.empty()) return true;
  return !result.of_read.empty() && result.of_read.median() >= result.of_peak.median();
}

// Median of the first test of a phase.
json::value headline(const BenchReport& report, Phase phase) {
  for (const BenchResult& result : report.results)
    if (result.test.phase == phase) return result.rate.median();
  return nullptr;
}

// Of a profiled test: the limits that stood beside its samples.
ProfileLimits limits_of(const BenchResult& result) {
  return {result.read_bytes.median(),
          result.multiply_adds.empty() ? 0 : result.multiply_adds.median()};
}

struct Profiles {
  explicit Profiles(const BenchReport& report) {
    for (const BenchResult& result : report.results) {
      if (!result.profile) continue;
      tests.push_back(result.test.name());
      all.push_back(&*result.profile);
    }
  }

  std::vector<std::string> tests;
  std::vector<const Profile*> all;
};

json::object to_json(const BenchResult& result) {
  const bool of_read = read_is_nearer(result);
  const Samples& fraction = of_read ? result.of_read : result.of_peak;
  json::object all{{"test", result.test.name()},
                   {"phase", result.test.phase == Phase::prefill ? "prefill" : "decode"},
                   {"tokens", result.test.tokens},
                   {"depth", result.test.depth},
                   {"batch", result.test.batch},
                   {"min", result.rate.min()},
                   {"median", result.rate.median()},
                   {"max", result.rate.max()},
                   {"limit", of_read ? "read" : "peak"},
                   {"fraction_of_limit", as_json(fraction)},
                   {"fraction_of_read", as_json(result.of_read)},
                   {"fraction_of_peak", as_json(result.of_peak)},
                   {"read_bytes_per_second", as_json(result.read_bytes)},
                   {"integer_multiply_adds_per_second", as_json(result.multiply_adds)}};
  if (result.profile)
    all["profile"] =
        to_json(profile_table(*result.profile, result.profile_seconds), limits_of(result));
  return all;
}

}  // namespace

json::object to_json(const BenchReport& report) {
  json::array tests;
  for (const BenchResult& result : report.results) tests.push_back(to_json(result));
  json::object all{{"version", QUIPU_VERSION},
                   {"model", report.model},
                   {"threads", report.facts.threads},
                   {"prefill_tokens_per_second", headline(report, Phase::prefill)},
                   {"decode_tokens_per_second", headline(report, Phase::decode)},
                   {"load_seconds", report.load_seconds},
                   {"first_token_seconds", report.first_token_seconds},
                   {"peak_rss_bytes", report.peak_rss},
                   {"weight_bytes_per_token", report.facts.weight_bytes},
                   {"read_bytes_per_second", report.read_bytes_per_second},
                   {"integer_multiply_adds_per_second", report.multiply_adds_per_second},
                   {"tests", std::move(tests)}};
  if (const Profiles profiles(report); !profiles.all.empty())
    all["kernels"] = to_json(kernel_table(profiles.all), profiles.tests);
  return all;
}

void print_report(const BenchReport& report) {
  char line[200];
  std::snprintf(line, sizeof line, "load %.3f s, first token %.3f s, peak memory %s, %u threads\n",
                report.load_seconds, report.first_token_seconds,
                readable_bytes(report.peak_rss).c_str(), report.facts.threads);
  print(line);
  std::snprintf(line, sizeof line, "machine: reads %.1f GB/s, %.0f int8 GOPS\n",
                report.read_bytes_per_second / 1e9, report.multiply_adds_per_second * 2 / 1e9);
  print(line);
  if (!report.results.empty())
    print("test            tok/s min    median       max   of the nearer limit, measured beside "
          "it\n");
  for (const BenchResult& result : report.results) {
    const bool of_read = read_is_nearer(result);
    const Samples& fraction = of_read ? result.of_read : result.of_peak;
    std::snprintf(line, sizeof line, "%-14s %10.1f %9.1f %9.1f   %3.0f %% of %s\n",
                  result.test.name().c_str(), result.rate.min(), result.rate.median(),
                  result.rate.max(), fraction.empty() ? 0 : 100 * fraction.median(),
                  of_read ? "a plain read" : "the integer peak");
    print(line);
  }
  const Profiles profiles(report);
  if (profiles.all.empty()) return;
  print("\n");
  for (const auto& text : lines(kernel_table(profiles.all), profiles.tests)) print(text + "\n");
  for (const BenchResult& result : report.results) {
    if (!result.profile) continue;
    print("\n");
    print(result.test.name());
    print(": ");
    for (const auto& text :
         lines(profile_table(*result.profile, result.profile_seconds), limits_of(result)))
      print(text + "\n");
  }
}

}  // namespace quipu::app
