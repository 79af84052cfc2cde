// Whether a model works, not merely loads: stages, each with its verdict, its time and what is
// wrong.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "command.h"

namespace quipu::app {

enum class Verdict { pass, warning, fail, skipped };
std::string_view to_string(Verdict verdict);

/// What became of the model's text: as the expectations say, of a kind that models with trained
/// weights give, or neither.
enum class TextVerdict { unknown, expected, plausible, odd, wrong };
std::string_view to_string(TextVerdict verdict);

/// One run of an expectation against a model.
struct Comparison {
  std::optional<double> max_abs, nmse, kl_mean, kl_max, top1_agreement;
  std::optional<std::size_t> first_difference;  ///< index of the first greedy token that differs
  std::optional<Token> expected_token, found_token;  ///< there
  bool passed = true;
  std::string message;
  std::string description;  ///< of the expectation: what it tests
};

struct StageResult {
  std::string_view stage;
  Verdict verdict = Verdict::skipped;
  double seconds = 0;
  std::vector<std::string> messages;
  int exit = exit_ok;  ///< what a failure means to scripts
  TextVerdict text = TextVerdict::unknown;
  std::vector<Comparison> comparisons;  ///< of "expect"
};

struct CheckOptions {
  std::vector<std::string> stages;  ///< empty = all
  std::optional<std::filesystem::path> expect;
  EngineOptions engine;
};

struct CheckReport {
  std::string model;          ///< as it was asked for
  std::string path;           ///< of its file, the first one of a split model; "" when not found
  std::uint64_t bytes = 0;    ///< of all its files
  std::string family;         ///< general.architecture, or ""
  std::string architecture;   ///< plugin that claimed it, or ""
  std::string formats;        ///< names of codecs, those of most weights first
  std::string template_name;  ///< what was used for chat; "" when the model has none
  std::vector<StageResult> stages;

  bool passed(bool strict) const { return exit(strict) == exit_ok; }
  int exit(bool strict) const;  ///< of the first failure
  double seconds() const;
  /// The worst verdict of these stages; skipped when none of them ran.
  Verdict worst(std::initializer_list<std::string_view> stages) const;
  /// What expectations say, else what the stage "run" does.
  TextVerdict text() const;
};

/// The stages in order.
const std::vector<std::string_view>& stage_names();

CheckReport check_model(const std::string& name, Registry& registry, const CheckOptions& options);

/// Names of the formats of the tensors, those of most weights first.
std::vector<std::string> formats_of(const ModelFile& file, const Registry& registry);

/// Runs every expectation of the file that is meant for the model at `path`.
std::vector<Comparison> compare_with_expectations(std::shared_ptr<const Model> model,
                                                  Registry& registry, EngineOptions options,
                                                  const std::filesystem::path& path,
                                                  const std::filesystem::path& file);

}  // namespace quipu::app
