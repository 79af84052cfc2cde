#include "bench/compare.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace quipu::app {
namespace {

constexpr const char* totals[] = {"load_seconds", "first_token_seconds", "peak_rss_bytes"};

std::optional<double> number(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (!value || !value->is_number()) return {};
  const double found = value->to_number<double>();
  if (!(found > 0) || !std::isfinite(found)) return {};
  return found;
}

std::string name_of(const json::value& test) {
  return std::string(test.as_object().at("test").as_string());
}

std::optional<double> median_of(const json::object& bench, const std::string& name) {
  for (const json::value& test : bench.at("tests").as_array())
    if (name_of(test) == name) return number(test.as_object(), "median");
  return {};
}

std::string shown(const std::optional<double>& value, const char* format) {
  if (!value) return "-";
  char text[64];
  std::snprintf(text, sizeof text, format, *value);
  return text;
}

json::value as_json(const std::optional<double>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

}  // namespace

std::optional<double> Comparison::ratio() const {
  if (!ours || !theirs) return {};
  return *ours / *theirs;
}

json::object parse_bench(std::string_view text, const std::string& file) {
  const auto refuse = [&](const std::string& found) {
    throw Error(ErrorCode::invalid,
                printable(file) + ": expected JSON that quipu bench --json wrote, found " + found);
  };
  boost::system::error_code error;
  json::value document = json::parse(text, error);
  if (error) refuse("no JSON: " + error.message());
  if (!document.is_object()) refuse("JSON that is no object");
  json::object bench = std::move(document.as_object());
  const json::value* const tests = bench.if_contains("tests");
  if (!tests || !tests->is_array()) refuse("no list \"tests\"");
  std::size_t index = 0;
  for (const json::value& test : tests->as_array()) {
    const json::object* const object = test.if_object();
    const json::value* const name = object ? object->if_contains("test") : nullptr;
    if (!name || !name->is_string() || !number(*object, "median"))
      refuse("tests[" + std::to_string(index) + "] without a name or a median");
    ++index;
  }
  return bench;
}

std::vector<Comparison> compare(const json::object& ours, const json::object& theirs) {
  std::vector<Comparison> all;
  for (const char* name : totals) all.push_back({name, number(ours, name), number(theirs, name)});
  const auto add = [&](const json::object& of) {
    for (const json::value& test : of.at("tests").as_array()) {
      const std::string name = name_of(test);
      if (std::ranges::find(all, name, &Comparison::test) == all.end())
        all.push_back({name, median_of(ours, name), median_of(theirs, name)});
    }
  };
  add(ours);
  add(theirs);
  return all;
}

std::vector<std::string> lines(const std::vector<Comparison>& comparisons) {
  std::vector<std::string> text{
      "test                             this           other   this / other"};
  for (const Comparison& each : comparisons) {
    char line[160];
    std::snprintf(line, sizeof line, "%-20s %16s %15s %14s", printable(each.test).c_str(),
                  shown(each.ours, "%.6g").c_str(), shown(each.theirs, "%.6g").c_str(),
                  shown(each.ratio(), "%.3f").c_str());
    text.emplace_back(line);
  }
  return text;
}

json::array to_json(const std::vector<Comparison>& comparisons) {
  json::array all;
  for (const Comparison& each : comparisons)
    all.push_back({{"test", each.test},
                   {"this", as_json(each.ours)},
                   {"other", as_json(each.theirs)},
                   {"ratio", as_json(each.ratio())}});
  return all;
}

}  // namespace quipu::app
