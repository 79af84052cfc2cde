#include "quipu/logit_reader.h"

#include <algorithm>
#include <string>

#include "engine/check_tokens.h"
#include "engine/runner.h"
#include "quipu/error.h"

namespace quipu {
namespace {

constexpr std::uint32_t default_context = 4096;

// Of logits in memory at a time. Rows of a large vocabulary have half a megabyte, and a run of 64
// tokens is nearly as fast for each as one of 512.
constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr std::size_t fewest_rows = 64;

EngineOptions completed(EngineOptions options, const Model& model) {
  const std::uint32_t trained = model.facts().context;
  if (options.context == 0)
    options.context = trained ? std::min(trained, default_context) : default_context;
  const auto check = [](const char* name, std::uint32_t found, std::uint32_t most) {
    if (found < 1 || found > most)
      throw Error(ErrorCode::usage, std::string(name) + ": expected 1 to " + std::to_string(most) +
                                        ", found " + std::to_string(found));
  };
  check("context", options.context, 0x7FFFFFFF);
  check("sequences", options.sequences, 65535);
  if (options.batch != 0) check("batch", options.batch, 0x7FFFFFFF);
  options.cells = std::uint64_t{options.context} * options.sequences;
  return options;
}

}  // namespace

struct LogitReader::State {
  std::shared_ptr<const Model> model;
  EngineOptions options;
  Runner runner;
  const std::size_t most_rows;

  std::vector<std::vector<Token>> texts;
  std::size_t first = 0;
  std::size_t text = 0, position = 0;  // of the next token to run
  Batch batch;
  std::span<const float> rows;                              // of the last run
  std::vector<std::pair<std::size_t, std::size_t>> places;  // text and position of each of them
  std::size_t given = 0;                                    // rows that next() gave

  State(std::shared_ptr<const Model> m, Registry& registry, const EngineOptions& asked)
      : model(std::move(m)), options(completed(asked, *model)),
        runner(*model, registry, options, options.sequences),
        most_rows(std::max(fewest_rows, most_bytes / (runner.width() * sizeof(float)))) {
    // What was repacked would come back.
    if (!options.repack) model->file().populate(runner.facts().threads);
  }

  void check(const std::vector<Token>& tokens) const {
    if (tokens.empty() || tokens.size() > options.context)
      throw Error(ErrorCode::usage, "text: expected 1 to " + std::to_string(options.context) +
                                        " tokens, the context, found " +
                                        std::to_string(tokens.size()));
    check_ids("text", tokens, runner.width());
  }

  void run() {
    batch.clear();
    places.clear();
    given = 0;
    rows = {};
    while (text < texts.size() && batch.size() < runner.batch() && places.size() < most_rows) {
      const bool wanted = position >= first;
      batch.add(texts[text][position], position, static_cast<std::uint32_t>(text), wanted);
      if (wanted) places.emplace_back(text, position);
      if (++position == texts[text].size()) {
        ++text;
        position = 0;
      }
    }
    if (batch.size() && runner.run(batch, rows) != QUIPU_OK)
      throw Error(ErrorCode::memory,
                  "the cache of " + std::to_string(options.cells) + " tokens is full");
  }
};

LogitReader::LogitReader(std::shared_ptr<const Model> model, Registry& registry,
                         EngineOptions options)
    : state_(std::make_unique<State>(std::move(model), registry, options)) {}
LogitReader::~LogitReader() = default;

std::uint32_t LogitReader::context() const noexcept {
  return state_->options.context;
}
std::uint32_t LogitReader::width() const noexcept {
  return state_->runner.width();
}

void LogitReader::open(std::vector<std::vector<Token>> texts, std::size_t first) {
  State& s = *state_;
  if (texts.size() > s.options.sequences)
    throw Error(ErrorCode::usage, "texts: expected at most " + std::to_string(s.options.sequences) +
                                      ", found " + std::to_string(texts.size()));
  for (const auto& text : texts) s.check(text);
  for (std::uint32_t i = 0; i < s.options.sequences; ++i) s.runner.remove(i, 0);
  s.texts = std::move(texts);
  s.first = first;
  s.text = s.position = 0;
  s.places.clear();
  s.given = 0;
}

std::optional<LogitReader::Row> LogitReader::next() {
  State& s = *state_;
  while (s.given == s.places.size()) {
    if (s.text == s.texts.size()) return std::nullopt;
    s.run();
  }
  const std::size_t width = s.runner.width(), i = s.given++;
  return Row{s.places[i].first, s.places[i].second, s.rows.subspan(i * width, width)};
}

}  // namespace quipu
