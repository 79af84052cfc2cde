// quipu check: scriptable checks of one or many models.
#include <algorithm>
#include <sstream>

#include "../check/check.h"
#include "../check/report.h"
#include "../progress.h"
#include "command.h"

namespace quipu::app {
namespace {

constexpr const char* table_columns =
    "file,size,quantisation,architecture,loads,runs,text,template,seconds";

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

struct Models {
  std::vector<std::string> names;
  bool many;  // a table, though it may have one row
};

// A directory stands for the models in it.
Models expand(const std::vector<std::string>& words, Registry& registry) {
  Models models{{}, words.size() > 1};
  for (const auto& word : words) {
    std::error_code error;
    if (!std::filesystem::is_directory(word, error)) {
      models.names.push_back(word);
      continue;
    }
    const auto found = ModelFile::in_directory(word, registry);
    if (found.empty())
      throw Error(ErrorCode::invalid, printable(word) + ": expected a directory that holds models");
    for (const auto& path : found) models.names.push_back(path.string());
    models.many = true;
  }
  return models;
}

void say_failures(const CheckReport& report) {
  for (const auto& stage : report.stages)
    if (stage.verdict == Verdict::fail)
      say(report.model + ": " + std::string(stage.stage) + ": " +
          (stage.messages.empty() ? "failed" : stage.messages[0]));
}

std::string explanation() {
  std::string text = "Columns:\n";
  for (const auto& column : columns()) {
    std::string line = "  " + std::string(column.name);
    line.resize(16, ' ');
    text += line + std::string(column.what) + "\n";
  }
  return text;
}

int run(const std::vector<std::string>& words) {
  Options options(check_command);
  options.add()("expect", po::value<std::string>()->value_name("FILE"),
                "JSON of what the model must give")(
      "stages", po::value<std::string>()->value_name("A,B"),
      "some of open,plugins,tensors,tokenizer,template,run,expect")("strict",
                                                                    "warnings count as failures")(
      "format", po::value<std::string>()->value_name("F")->default_value("text"),
      "text or markdown")("columns", po::value<std::string>()->value_name("A,B"),
                          "of tables, see below");
  options.add_engine_options();
  options.explain(explanation());
  options.positional("MODEL", true);
  if (!options.parse(words)) return exit_ok;
  if (!options.has("MODEL")) options.required("MODEL");
  const bool strict = options.has("strict");
  const auto& format = options.get<std::string>("format");
  if (format != "text" && format != "markdown")
    throw Error(ErrorCode::usage,
                "--format: expected text or markdown, found " + printable(format));
  const auto chosen = parse_columns(
      options.has("columns") ? options.get<std::string>("columns")
                             : table_columns + std::string(format == "text" ? ",verdict" : ""));
  CheckOptions check;
  check.engine = options.engine();
  if (options.has("stages")) check.stages = split(options.get<std::string>("stages"));
  if (options.has("expect")) check.expect = options.get<std::string>("expect");

  const auto registry = options.registry();
  const auto models = expand(options.get<std::vector<std::string>>("MODEL"), *registry);
  const bool text = !options.json() && format == "text";
  const bool lines = text && (!models.many || options.verbose());
  std::vector<CheckReport> reports;
  int exit = exit_ok;
  for (const auto& name : models.names) {
    if (interrupted) return exit_interrupted;
    {
      ProgressBar bar(models.many && !options.quiet());
      bar.show(reports.size(), models.names.size(), name);
      reports.push_back(check_model(name, *registry, check));
    }
    const auto& report = reports.back();
    if (exit == exit_ok) exit = report.exit(strict);
    if (lines) print(to_text(report));
    if (!options.quiet()) say_failures(report);
  }
  if (options.json()) {
    json::array all;
    for (const auto& report : reports) all.push_back(to_json(report, strict));
    print_json(models.many ? json::value(std::move(all)) : std::move(all[0]));
  } else if (format == "markdown") {
    print(to_markdown(reports, chosen, strict));
  } else if (models.many) {
    print((lines ? "\n" : "") + to_table(reports, chosen, strict));
  }
  return exit;
}

}  // namespace

const Command check_command = {"check", "MODEL|DIR… [--expect FILE] [--stages A,B] [--strict]",
                               "Whether models work: container, plugins, tensors, a run", run};

}  // namespace quipu::app
