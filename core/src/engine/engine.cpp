// Engine: options completed, requests checked, the parts put together.
#include "quipu/engine.h"

#include <algorithm>
#include <utility>

#include "engine/check_tokens.h"
#include "engine/runner.h"
#include "engine/scheduler.h"
#include "quipu/error.h"
#include "quipu/registry.h"
#include "text/banned_texts.h"

namespace quipu {
namespace {

constexpr std::uint32_t default_context = 4096;

void check(const char* option, std::uint32_t found, std::uint32_t most) {
  if (found < 1 || found > most)
    throw Error(ErrorCode::usage, std::string(option) + ": expected 1 to " + std::to_string(most) +
                                      ", found " + std::to_string(found));
}

EngineOptions completed(EngineOptions options, const Model& model) {
  if (options.context == 0) {
    const std::uint32_t trained = model.facts().context;
    options.context = trained ? std::min(trained, default_context) : default_context;
  }
  // Positions are 32-bit integers with a sign, sequences are few.
  check("context", options.context, 0x7FFFFFFF);
  check("sequences", options.sequences, 65535);
  if (options.batch != 0) check("batch", options.batch, 0x7FFFFFFF);
  if (options.cells == 0) options.cells = std::uint64_t{options.context} * options.sequences;
  return options;
}

std::unique_ptr<Drafter> drafter(const Model& model, Registry& registry,
                                 const EngineOptions& options) {
  if (options.draft.model) {
    EngineOptions own = options;
    own.repack = false;  // it decodes one token at a time
    return make_model_drafter(*options.draft.model, model, registry, own);
  }
  return options.draft.ngrams ? make_ngram_drafter() : nullptr;
}

}  // namespace

struct Engine::State {
  std::shared_ptr<const Model> model;
  EngineOptions options;
  Runner runner;
  Scheduler scheduler;
  Batch batch;  // of logits()

  State(std::shared_ptr<const Model> m, Registry& registry, const EngineOptions& asked)
      : model(std::move(m)), options(completed(asked, *model)),
        // One more sequence than requests can take, for logits().
        runner(*model, registry, options, options.sequences + 1),
        scheduler(*model, runner, options, drafter(*model, registry, options)) {
    // What was repacked would come back.
    if (!options.repack) model->file().populate(runner.facts().threads);
  }

  std::uint32_t spare_sequence() const noexcept { return options.sequences; }

  void check(std::span<const Token> tokens) const {
    check_tokens("prompt", tokens, options.context, runner.width());
  }
};

Engine::Engine(std::shared_ptr<const Model> model, Registry& registry, EngineOptions options)
    : state_(std::make_unique<State>(std::move(model), registry, options)) {}
Engine::~Engine() = default;

const Model& Engine::model() const noexcept {
  return *state_->model;
}
std::uint32_t Engine::context() const noexcept {
  return state_->options.context;
}
std::uint32_t Engine::batch() const noexcept {
  return state_->runner.batch();
}
EngineNeeds Engine::measure(const Model& model, Registry& registry, const EngineOptions& options) {
  EngineOptions whole = completed(options, model);
  whole.repack = false;
  const Runner runner(model, registry, whole, whole.sequences + 1);
  const quipu_plan_facts facts = runner.facts();
  return {whole.context, facts.cache_bytes, facts.scratch_bytes};
}

quipu_plan_facts Engine::facts() const {
  return state_->runner.facts();
}
std::vector<std::string> Engine::explain() const {
  return state_->runner.explain();
}

bool Engine::profile(bool on) {
  return state_->runner.profile(on);
}
Profile Engine::profile() const {
  return state_->runner.profile();
}

RequestId Engine::submit(Request request) {
  state_->check(request.prompt);
  if (request.answered > request.prompt.size())
    throw Error(ErrorCode::usage,
                "answered: expected at most " + std::to_string(request.prompt.size()) +
                    ", the tokens of the prompt, found " + std::to_string(request.answered));
  // All throw here what would else end a step.
  BannedTexts::check(request.banned);
  Sampler(request.sampling, state_->runner.width());
  state_->model->tokenizer();
  return state_->scheduler.submit(std::move(request));
}

void Engine::cancel(RequestId id) {
  state_->scheduler.cancel(id);
}

bool Engine::step() {
  return state_->scheduler.step();
}

std::optional<Result> Engine::take(RequestId id) {
  return state_->scheduler.take(id);
}

Result Engine::run(Request request) {
  const RequestId id = submit(std::move(request));
  for (bool more = true; more;) {
    more = step();
    if (auto result = take(id)) return std::move(*result);
  }
  throw Error(ErrorCode::internal, "the engine stopped before the request was done");
}

std::vector<float> Engine::logits(std::span<const Token> tokens, bool last_only,
                                  bool step_by_step) {
  auto& s = *state_;
  s.check(tokens);
  if (s.scheduler.busy()) throw Error(ErrorCode::usage, "logits: expected no request under way");
  clear();
  std::vector<float> out;
  const std::size_t rows = last_only ? 1 : tokens.size();
  try {
    out.reserve(rows * s.runner.width());
  } catch (const std::exception&) {
    throw Error(ErrorCode::memory, "logits: no memory for " + std::to_string(rows) + " rows of " +
                                       std::to_string(s.runner.width()) + " floats");
  }
  const std::size_t most = step_by_step ? 1 : s.runner.batch();
  struct Forget {
    State& state;
    // Of a cache that is no good any more, the next run will tell.
    ~Forget() {
      try {
        state.runner.remove(state.spare_sequence(), 0);
      } catch (const Error&) {
      }
    }
  } forget{s};
  for (std::size_t at = 0; at < tokens.size();) {
    s.batch.clear();
    for (; at < tokens.size() && s.batch.size() < most; ++at)
      s.batch.add(tokens[at], at, s.spare_sequence(), !last_only || at + 1 == tokens.size());
    std::span<const float> logits;
    if (s.runner.run(s.batch, logits) != QUIPU_OK)
      throw Error(ErrorCode::memory,
                  "the cache of " + std::to_string(s.options.cells) + " tokens is full");
    out.insert(out.end(), logits.begin(), logits.end());
  }
  return out;
}

void Engine::clear() {
  state_->scheduler.forget_finished();
}

}  // namespace quipu
