#include "check.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "stages.h"

namespace quipu::app {
namespace {

using Clock = std::chrono::steady_clock;

// Of its first part; "" where a loader has files of no name.
std::string path_of(const ModelFile& file) {
  return file.parts().empty() ? std::string() : file.parts()[0].path.string();
}

void check_open(Subject& subject, StageResult& result) {
  if (subject.file->tensors().empty()) warn(result, "no tensors: a vocabulary only");
}

void check_plugins(Subject& subject, StageResult& result) {
  if (subject.file->tensors().empty()) return;
  subject.report = Model::examine(*subject.file, subject.registry);
  for (const auto& missing : subject.report.missing_plugins)
    fail(result, exit_unsupported, missing);
  subject.registry.backend(subject.options.engine.backend);
}

void check_expect(Subject& subject, StageResult& result) {
  if (subject.options.expect)
    result.comparisons =
        compare_with_expectations(subject.model(), subject.registry, subject.options.engine,
                                  path_of(*subject.file), *subject.options.expect);
  if (result.comparisons.empty()) {
    result.verdict = Verdict::skipped;
    return;
  }
  for (const auto& comparison : result.comparisons)
    if (!comparison.passed) fail(result, exit_no, comparison.message);
  result.text = result.verdict == Verdict::fail ? TextVerdict::wrong : TextVerdict::expected;
}

struct Stage {
  std::string_view name;
  void (*run)(Subject&, StageResult&);
};

constexpr Stage stages[] = {{"open", check_open},         {"plugins", check_plugins},
                            {"tensors", check_tensors},   {"tokenizer", check_tokenizer},
                            {"template", check_template}, {"run", check_run},
                            {"expect", check_expect}};

void describe(CheckReport& report, const Subject& subject) {
  const ModelFile& file = *subject.file;
  for (const auto& part : file.parts()) report.bytes += part.bytes;
  report.path = path_of(file);
  for (const auto& format : formats_of(file, subject.registry))
    report.formats += (report.formats.empty() ? "" : " ") + format;
  const auto family = file.metadata().find("general.architecture");
  if (family && family->type == QUIPU_VALUE_STRING)
    report.family = printable(*file.metadata().text("general.architecture"));
  report.architecture = subject.report.architecture;
  if (subject.chat) report.template_name = subject.chat->name();
}

}  // namespace

const std::shared_ptr<const Model>& Subject::model() {
  if (!model_) model_ = Model::make(file, registry);
  return model_;
}

const Model* Subject::model_if_whole() {
  try {
    return file->tensors().empty() ? nullptr : model().get();
  } catch (const Error&) {
    return nullptr;
  }
}

const Tokenizer& Subject::tokenizer(std::vector<std::string>* warnings) {
  if (!tokenizer_) tokenizer_ = Tokenizer::make(file->metadata(), warnings);
  return *tokenizer_;
}

void fail(StageResult& result, int exit, const std::string& message) {
  result.verdict = Verdict::fail;
  if (result.exit == exit_ok) result.exit = exit;
  result.messages.push_back(message);
}

void warn(StageResult& result, const std::string& message) {
  if (result.verdict == Verdict::pass) result.verdict = Verdict::warning;
  result.messages.push_back(message);
}

void note(StageResult& result, const std::string& message) {
  result.messages.push_back(message);
}

bool gives(const Model& model, std::string_view role) {
  const quipu_graph& graph = model.graph();
  return std::any_of(graph.outputs, graph.outputs + graph.output_count, [&](const auto& output) {
    return std::string_view(output.role.data, output.role.size) == role;
  });
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
  case Verdict::pass:
    return "pass";
  case Verdict::warning:
    return "warning";
  case Verdict::fail:
    return "fail";
  case Verdict::skipped:
    return "skipped";
  }
  return "skipped";
}

std::string_view to_string(TextVerdict verdict) {
  switch (verdict) {
  case TextVerdict::unknown:
    return "unknown";
  case TextVerdict::expected:
    return "expected";
  case TextVerdict::plausible:
    return "plausible";
  case TextVerdict::odd:
    return "odd";
  case TextVerdict::wrong:
    return "wrong";
  }
  return "unknown";
}

const std::vector<std::string_view>& stage_names() {
  static const auto names = [] {
    std::vector<std::string_view> all;
    for (const auto& stage : stages) all.push_back(stage.name);
    return all;
  }();
  return names;
}

std::vector<std::string> formats_of(const ModelFile& file, const Registry& registry) {
  std::map<std::string, std::uint64_t> weights;
  for (const auto& tensor : file.tensors()) {
    std::uint64_t count = 1;
    for (const auto axis : tensor.shape) count *= axis;
    const auto name = registry.codec_name(tensor.type);
    weights[name.empty() ? printable(tensor.type) : name] += count;
  }
  std::vector<std::string> names;
  for (const auto& [name, count] : weights) names.push_back(name);
  std::ranges::sort(names, [&](auto& a, auto& b) { return weights[a] > weights[b]; });
  return names;
}

CheckReport check_model(const std::string& name, Registry& registry, const CheckOptions& options) {
  CheckReport report;
  report.model = name;
  Subject subject(name, registry, options);
  const auto wanted = [&](std::string_view stage) {
    return options.stages.empty() ||
           std::ranges::find(options.stages, stage) != options.stages.end();
  };
  bool stopped = false;
  for (const auto& stage : stages) {
    if (!wanted(stage.name)) continue;
    StageResult result{stage.name};
    if (!stopped && !interrupted) {
      const auto start = Clock::now();
      result.verdict = Verdict::pass;
      try {
        if (!subject.file) subject.file = open_model(name, registry);
        stage.run(subject, result);
      } catch (const Error& error) {
        fail(result, exit_code(error.code()), error.what());
      }
      result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
      // What comes after stands on what came before; odd is not wrong.
      stopped = result.verdict == Verdict::fail;
    }
    report.stages.push_back(std::move(result));
  }
  if (subject.file) describe(report, subject);
  return report;
}

int CheckReport::exit(bool strict) const {
  for (const auto& stage : stages)
    if (stage.verdict == Verdict::fail) return stage.exit;
  for (const auto& stage : stages)
    if (strict && stage.verdict == Verdict::warning) return exit_no;
  return exit_ok;
}

double CheckReport::seconds() const {
  double sum = 0;
  for (const auto& stage : stages) sum += stage.seconds;
  return sum;
}

Verdict CheckReport::worst(std::initializer_list<std::string_view> names) const {
  Verdict worst = Verdict::skipped;
  for (const auto& stage : stages) {
    if (std::ranges::find(names, stage.stage) == names.end()) continue;
    if (stage.verdict == Verdict::skipped) continue;
    worst = worst == Verdict::skipped ? stage.verdict : std::max(worst, stage.verdict);
  }
  return worst;
}

TextVerdict CheckReport::text() const {
  TextVerdict text = TextVerdict::unknown;
  for (const auto& stage : stages)
    if (stage.text != TextVerdict::unknown) text = stage.text;
  return text;
}

}  // namespace quipu::app
