#include "check.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>

#include "quipu/chat_template.h"
#include "quipu/embedder.h"

namespace quipu::app {
namespace {

using Clock = std::chrono::steady_clock;

// What the stages hand on to each other.
struct Subject {
  const std::string& name;
  Registry& registry;
  const CheckOptions& options;
  std::shared_ptr<const ModelFile> file;
  ModelReport report;
  std::shared_ptr<const Model> model;

  // Made once, by the first stage that needs it.
  const Model& made() {
    if (!model) model = Model::make(file, registry);
    return *model;
  }
};

void fail(StageResult& result, int exit, const std::string& message) {
  result.verdict = Verdict::fail;
  if (result.exit == exit_ok) result.exit = exit;
  result.messages.push_back(message);
}

void warn(StageResult& result, const std::string& message) {
  if (result.verdict == Verdict::pass) result.verdict = Verdict::warning;
  result.messages.push_back(message);
}

void open(Subject& subject, StageResult& result) {
  subject.file = open_model(subject.name, subject.registry);
  if (subject.file->tensors().empty()) warn(result, "no tensors: a vocabulary only");
}

void plugins(Subject& subject, StageResult& result) {
  if (subject.file->tensors().empty()) return;
  subject.report = Model::examine(*subject.file, subject.registry);
  for (const auto& missing : subject.report.missing_plugins)
    fail(result, exit_unsupported, missing);
  subject.registry.backend(subject.options.engine.backend);
}

// The first weight that is not a finite number, if any.
std::optional<std::string> find_invalid(const TensorEntry& tensor, const quipu_codec& codec) {
  if (!tensor.data || tensor.shape.empty() || tensor.shape[0] == 0) return {};
  std::uint64_t rows = 1;
  for (std::size_t i = 1; i < tensor.shape.size(); ++i) rows *= tensor.shape[i];
  const std::uint64_t blocks = tensor.shape[0] / codec.block_columns * rows;
  const auto name = [&](std::uint64_t weight) {
    return printable(tensor.name) + ": expected finite numbers, found none at element " +
           std::to_string(weight);
  };
  if (QUIPU_HAS(&codec, find_invalid)) {
    const std::uint64_t block = codec.find_invalid(tensor.data, blocks);
    return block < blocks ? std::optional(name(block * codec.block_columns)) : std::nullopt;
  }
  const std::uint64_t at_once = std::max<std::uint64_t>(1, 4096 / codec.block_columns);
  std::vector<float> values(at_once * codec.block_columns);
  for (std::uint64_t block = 0; block < blocks; block += at_once) {
    const std::uint64_t count = std::min(at_once, blocks - block) * codec.block_columns;
    codec.dequantize(tensor.data + block * codec.block_bytes, count, values.data());
    for (std::uint64_t i = 0; i < count; ++i)
      if (!std::isfinite(values[i])) return name(block * codec.block_columns + i);
  }
  return {};
}

void tensors(Subject& subject, StageResult& result) {
  if (subject.file->tensors().empty()) return;
  validate(*subject.file, subject.registry);
  for (const auto& problem : subject.report.problems) fail(result, exit_invalid, problem);
  if (result.verdict == Verdict::fail) return;
  for (const auto& tensor : subject.file->tensors())
    if (const auto message = find_invalid(tensor, subject.registry.codec(tensor.type)))
      fail(result, exit_invalid, *message);
  for (const auto& name : subject.report.unused) warn(result, printable(name) + ": not used");
}

void tokenizer(Subject& subject, StageResult& result) {
  std::vector<std::string> warnings;
  const auto tokenizer = Tokenizer::make(subject.file->metadata(), &warnings);
  for (const auto& warning : warnings) warn(result, warning);
  if (tokenizer->kind() == "none") {
    warn(result, "tokenizer.ggml.model: none; the model takes and gives token ids, no text");
    return;
  }
  for (const std::string text :
       {"Hello, world! 123", " two  spaces\n\tand lines\n", "héllo 日本 🙂"}) {
    const auto decoded =
        tokenizer->decode(tokenizer->encode(text, {.add_special = false, .parse_special = false}));
    if (decoded != text)
      warn(result, "tokenizer: expected the round trip of '" + printable(text) + "', found '" +
                       printable(decoded) + "'");
  }
  if (tokenizer->eos() < 0) warn(result, "tokenizer.ggml.eos_token_id: no end-of-generation token");
}

// What a template may refuse: a system message, or turns that do not alternate.
void chat_template(Subject& subject, StageResult& result) {
  const auto chat = ChatTemplate::make(subject.file->metadata());
  if (!chat) {
    warn(result, "tokenizer.chat_template: none; prompts are sent as they are");
    return;
  }
  const ChatMessage system{"system", "You are terse."}, question{"user", "Hello?"},
      answer{"assistant", "Hello."};
  if (chat->render(std::vector{question}, true).find("Hello?") == std::string::npos)
    fail(result, exit_no,
         "tokenizer.chat_template: expected the message in the prompt, found none");
  chat->render(std::vector{question, answer, question}, true);
  try {
    chat->render(std::vector{system, question}, true);
  } catch (const TemplateRaised& raised) {
    warn(result, "tokenizer.chat_template: refuses a system message: " + printable(raised.what()));
  }
  if (result.messages.empty()) result.messages.emplace_back(chat->name());
}

// NMSE of step-by-step logits against those of one batch, above which the two do not agree. Kernels
// for one token and for many add in different orders, and int8 activations turn such a difference
// into a step now and then.
constexpr double step_by_step_limit = 1e-3;

bool gives(const Model& model, std::string_view role) {
  const quipu_graph& graph = model.graph();
  return std::any_of(graph.outputs, graph.outputs + graph.output_count, [&](const auto& output) {
    return std::string_view(output.role.data, output.role.size) == role;
  });
}

std::vector<Token> some_tokens(std::size_t count, std::size_t vocabulary) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<Token>((3 + 5 * i) % vocabulary));
  return tokens;
}

void run_encoder(Subject& subject, const EngineOptions& options, std::size_t vocabulary,
                 StageResult& result) {
  Embedder embedder(subject.model, subject.registry, options);
  const std::size_t count = std::min<std::size_t>(16, embedder.context());
  for (const float x : embedder.embed(some_tokens(count, vocabulary), Pooling::none))
    if (!std::isfinite(x)) {
      fail(result, exit_no, "embeddings: expected finite numbers, found " + std::to_string(x));
      return;
    }
}

void run(Subject& subject, StageResult& result) {
  if (subject.file->tensors().empty()) {
    result.verdict = Verdict::skipped;
    return;
  }
  auto options = subject.options.engine;
  const auto& model = subject.made();
  std::size_t vocabulary = model.tokenizer().size();
  if (!vocabulary) vocabulary = std::max(1u, model.facts().vocabulary);
  if (!options.context) options.context = std::min(128u, std::max(model.facts().context, 16u));
  if (!gives(model, "logits")) return run_encoder(subject, options, vocabulary, result);
  Engine engine(subject.model, subject.registry, options);
  const std::size_t count = std::min<std::size_t>(16, engine.context());
  const auto prompt = some_tokens(count, vocabulary);
  const auto batch = engine.logits(prompt);
  const auto steps = engine.logits(prompt, false, true);
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!std::isfinite(batch[i]) || !std::isfinite(steps[i])) {
      fail(result, exit_no, "logits: expected finite numbers, found " + std::to_string(batch[i]));
      return;
    }
    difference += std::pow(static_cast<double>(batch[i]) - steps[i], 2);
    size += std::pow(static_cast<double>(batch[i]), 2);
  }
  if (difference > step_by_step_limit * size)
    fail(result, exit_no,
         "logits: one batch and token by token differ, NMSE " + std::to_string(difference / size));
  Request request;
  request.prompt = {prompt.begin(),
                    prompt.begin() + std::min<std::ptrdiff_t>(4, std::ssize(prompt))};
  request.max_tokens = 24;
  request.sampling.temperature = 0;
  request.ignore_end = true;
  const auto answer = engine.run(std::move(request));
  if (answer.reason == FinishReason::failed) fail(result, exit_no, answer.message);
  if (answer.tokens.size() >= 16 &&
      std::all_of(answer.tokens.end() - 16, answer.tokens.end(),
                  [&](Token token) { return token == answer.tokens.back(); }))
    warn(result, "the greedy text repeats one token");
}

void expect(Subject& subject, StageResult& result) {
  if (!subject.options.expect) {
    result.verdict = Verdict::skipped;
    return;
  }
  subject.made();
  result.comparisons =
      compare_with_expectations(subject.model, subject.registry, subject.options.engine,
                                subject.name, *subject.options.expect);
  if (result.comparisons.empty()) result.verdict = Verdict::skipped;
  for (const auto& comparison : result.comparisons)
    if (!comparison.passed) fail(result, exit_no, comparison.message);
}

struct Stage {
  std::string_view name;
  void (*run)(Subject&, StageResult&);
};

constexpr Stage stages[] = {
    {"open", open},           {"plugins", plugins},        {"tensors", tensors},
    {"tokenizer", tokenizer}, {"template", chat_template}, {"run", run},
    {"expect", expect}};

}  // namespace

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
  CheckReport report{name, {}, {}, {}, {}};
  Subject subject{name, registry, options, nullptr, {}, nullptr};
  const auto wanted = [&](std::string_view stage) {
    return options.stages.empty() ||
           std::ranges::find(options.stages, stage) != options.stages.end();
  };
  bool stopped = false;
  for (const auto& stage : stages) {
    if (!wanted(stage.name)) continue;
    StageResult result{stage.name};
    if (!stopped) {
      const auto start = Clock::now();
      result.verdict = Verdict::pass;
      try {
        if (!subject.file && stage.run != open) subject.file = open_model(name, registry);
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
  if (subject.file) {
    for (const auto& format : formats_of(*subject.file, registry))
      report.formats += (report.formats.empty() ? "" : " ") + format;
    report.family = printable(subject.file->metadata().text("general.architecture").value_or(""));
    report.architecture = subject.report.architecture;
  }
  return report;
}

bool CheckReport::passed(bool strict) const {
  return exit(strict) == exit_ok;
}

int CheckReport::exit(bool strict) const {
  for (const auto& stage : stages)
    if (stage.verdict == Verdict::fail) return stage.exit;
  for (const auto& stage : stages)
    if (strict && stage.verdict == Verdict::warning) return exit_no;
  return exit_ok;
}

}  // namespace quipu::app
