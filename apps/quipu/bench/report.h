// What a benchmark says in the end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/compare.h"
#include "bench/tests.h"
#include "command.h"

namespace quipu::app {

struct BenchReport {
  std::string model;
  double load_seconds = 0, first_token_seconds = 0;
  std::uint64_t peak_rss = 0;  ///< bytes
  quipu_plan_facts facts{};
  double read_bytes_per_second = 0, multiply_adds_per_second = 0;  ///< 0 = not known
  std::vector<BenchResult> results;
};

/// The fields that tests/bench/README.md describes.
json::object to_json(const BenchReport& report);
void print_report(const BenchReport& report);

}  // namespace quipu::app
