// quipu check: scriptable checks of one or many models.
#include <algorithm>
#include <cstdio>
#include <sstream>

#include "../check/check.h"
#include "command.h"

namespace quipu::app {
namespace {

json::value to_json(std::optional<double> value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::value to_json(const Comparison& c) {
  json::object object{{"passed", c.passed},          {"max_abs", to_json(c.max_abs)},
                      {"nmse", to_json(c.nmse)},     {"kl_mean", to_json(c.kl_mean)},
                      {"kl_max", to_json(c.kl_max)}, {"top1_agreement", to_json(c.top1_agreement)}};
  if (c.first_difference)
    object["first_difference"] = *c.first_difference;
  else
    object["first_difference"] = nullptr;
  object["message"] = c.message;
  return object;
}

json::value to_json(const CheckReport& report, bool strict) {
  json::array stages;
  for (const auto& stage : report.stages) {
    json::array messages;
    for (const auto& message : stage.messages) messages.emplace_back(printable(message, 1000));
    json::object object{{"stage", stage.stage},
                        {"status", to_string(stage.verdict)},
                        {"seconds", stage.seconds},
                        {"message", messages.empty() ? json::value("") : messages[0]},
                        {"messages", messages}};
    if (!stage.comparisons.empty()) {
      json::array comparisons;
      for (const auto& comparison : stage.comparisons) comparisons.push_back(to_json(comparison));
      object["expect"] = std::move(comparisons);
    }
    stages.push_back(std::move(object));
  }
  return {{"model", printable(report.model, 4096)},
          {"family", report.family},
          {"architecture", report.architecture},
          {"formats", report.formats},
          {"passed", report.passed(strict)},
          {"exit", report.exit(strict)},
          {"stages", std::move(stages)}};
}

std::string to_text(const CheckReport& report) {
  std::string text = printable(report.model, 4096) + "\n";
  for (const auto& stage : report.stages) {
    char line[80];
    std::snprintf(line, sizeof line, "  %-10s %-8s %8.3f s", std::string(stage.stage).c_str(),
                  std::string(to_string(stage.verdict)).c_str(), stage.seconds);
    text += line;
    for (std::size_t i = 0; i < stage.messages.size(); ++i)
      text += (i ? "\n" + std::string(34, ' ') : "  ") + printable(stage.messages[i], 1000);
    text += "\n";
  }
  return text;
}

// Text of a table's cell: no bar ends it early.
std::string cell(std::string text) {
  std::ranges::replace(text, '|', '/');
  return " " + text + " |";
}

std::string to_markdown(const std::vector<CheckReport>& reports, bool strict) {
  std::string text = "| family | plugin | model | what it tests | formats | NMSE | verdict |\n"
                     "|---|---|---|---|---|---|---|\n";
  for (const auto& report : reports) {
    std::string nmse, description, verdict = "passes";
    for (const auto& stage : report.stages) {
      for (const auto& comparison : stage.comparisons) {
        description = comparison.description;
        if (!comparison.nmse) continue;
        char number[32];
        std::snprintf(number, sizeof number, "%.1e", *comparison.nmse);
        nmse = number;
      }
      if (stage.verdict == Verdict::fail || (strict && stage.verdict == Verdict::warning))
        if (verdict == "passes") verdict = "fails: " + std::string(stage.stage);
    }
    text += "|" + cell(report.family) + cell(report.architecture) +
            cell(printable(std::filesystem::path(report.model).stem().string())) +
            cell(printable(description, 200)) + cell(report.formats) + cell(nmse) + cell(verdict) +
            "\n";
  }
  return text;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) {
    if (std::ranges::find(stage_names(), word) == stage_names().end())
      throw Error(ErrorCode::usage, "--stages: no stage '" + printable(word) + "'");
    words.push_back(word);
  }
  return words;
}

int run(const std::vector<std::string>& words) {
  Options options(check_command);
  options.add()("expect", po::value<std::string>()->value_name("FILE"),
                "JSON of what the model must give")(
      "stages", po::value<std::string>()->value_name("A,B"),
      "some of open,plugins,tensors,tokenizer,template,run,expect")("strict",
                                                                    "warnings count as failures")(
      "format", po::value<std::string>()->value_name("F")->default_value("text"),
      "text or markdown");
  options.add_engine_options();
  options.positional("MODEL", true);
  if (!options.parse(words)) return exit_ok;
  if (!options.has("MODEL")) options.required("MODEL");
  const bool strict = options.has("strict");
  const auto& format = options.get<std::string>("format");
  if (format != "text" && format != "markdown")
    throw Error(ErrorCode::usage,
                "--format: expected text or markdown, found " + printable(format));
  CheckOptions check;
  check.engine = options.engine();
  if (options.has("stages")) check.stages = split(options.get<std::string>("stages"));
  if (options.has("expect")) check.expect = options.get<std::string>("expect");

  const auto registry = options.registry();
  std::vector<CheckReport> reports;
  int exit = exit_ok;
  for (const auto& name : options.get<std::vector<std::string>>("MODEL")) {
    if (interrupted) break;
    reports.push_back(check_model(name, *registry, check));
    const auto& report = reports.back();
    if (exit == exit_ok) exit = report.exit(strict);
    if (!options.json() && format == "text") print(to_text(report));
    if (!options.quiet())
      for (const auto& stage : report.stages)
        if (stage.verdict == Verdict::fail)
          say(report.model + ": " + std::string(stage.stage) + ": " +
              (stage.messages.empty() ? "failed" : stage.messages[0]));
  }
  if (options.json()) {
    json::array all;
    for (const auto& report : reports) all.push_back(to_json(report, strict));
    print_json(all.size() == 1 ? std::move(all[0]) : json::value(std::move(all)));
  } else if (format == "markdown") {
    print(to_markdown(reports, strict));
  }
  return exit;
}

}  // namespace

const Command check_command = {"check", "MODEL… [--expect FILE] [--stages A,B] [--strict]",
                               "Whether models work: container, plugins, tensors, a run", run};

}  // namespace quipu::app
