// The scheduler: each step runs one batch of all live requests, samples where logits were wanted,
// and retires what is done.
#include "quipu/engine.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <utility>

#include "engine/runner.h"
#include "engine/sequences.h"
#include "engine/stop_texts.h"
#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t default_context = 4096;

EngineOptions completed(EngineOptions options, const Model& model) {
  if (options.context == 0) {
    const std::uint32_t trained = model.facts().context;
    options.context = trained ? std::min(trained, default_context) : default_context;
  }
  if (options.sequences == 0)
    throw Error(ErrorCode::usage, "sequences: expected at least 1, found 0");
  if (options.batch == 0) throw Error(ErrorCode::usage, "batch: expected at least 1, found 0");
  if (options.cells == 0) options.cells = std::uint64_t{options.context} * options.sequences;
  options.batch = static_cast<std::uint32_t>(std::min<std::uint64_t>(options.batch, options.cells));
  return options;
}

// A request that runs in a sequence.
struct Live {
  RequestId id;
  Request request;
  std::uint32_t sequence;
  Sampler sampler;
  TextStream text;
  StopTexts stop;
  Result result;
  std::optional<Token> next;  // sampled, not yet run
  std::size_t scheduled = 0;  // tokens of it in the batch that runs now
  Clock::time_point started = Clock::now(), first_token{};

  bool decoding() const noexcept { return next.has_value(); }
};

}  // namespace

struct Engine::State {
  std::shared_ptr<const Model> model;
  EngineOptions options;
  Runner runner;
  Sequences sequences;
  std::deque<std::pair<RequestId, Request>> queue;
  std::list<Live> live;
  std::map<RequestId, Result> done;
  RequestId last_id = 0;
  Batch batch;

  State(std::shared_ptr<const Model> m, Registry& registry, const EngineOptions& asked)
      : model(std::move(m)), options(completed(asked, *model)),
        // One more sequence than requests can take, for logits().
        runner(*model, registry, options, options.sequences + 1),
        sequences(runner, options.sequences) {
    model->file().populate(runner.facts().threads);
  }

  std::uint32_t spare_sequence() const noexcept { return options.sequences; }

  void check_tokens(std::span<const Token> tokens) const {
    if (tokens.empty())
      throw Error(ErrorCode::usage, "prompt: expected at least one token, found none");
    if (tokens.size() > options.context)
      throw Error(ErrorCode::usage, "prompt: expected at most " + std::to_string(options.context) +
                                        " tokens, the context, found " +
                                        std::to_string(tokens.size()));
    for (const Token token : tokens)
      if (token < 0 || static_cast<std::uint32_t>(token) >= runner.width())
        throw Error(ErrorCode::usage, "prompt: expected token ids below " +
                                          std::to_string(runner.width()) + ", found " +
                                          std::to_string(token));
  }

  void admit() {
    while (!queue.empty() && live.size() < options.sequences) {
      auto& [id, request] = queue.front();
      const auto sequence = sequences.take(request.prompt);
      if (!sequence) return;
      Sampler sampler(request.sampling, runner.width());
      for (const Token token : request.prompt) sampler.accept(token);
      Result result;
      result.seed = sampler.seed();
      result.prompt_tokens = static_cast<std::uint32_t>(request.prompt.size());
      result.reused_tokens = static_cast<std::uint32_t>(sequences.held(*sequence));
      StopTexts stop(request.stop);
      live.push_back({id,
                      std::move(request),
                      *sequence,
                      std::move(sampler),
                      TextStream(model->tokenizer()),
                      std::move(stop),
                      std::move(result),
                      {},
                      0});
      queue.pop_front();
    }
  }

  // First a token of each sequence that decodes, so that none waits for another's prompt; then
  // prompts, as far as there is room.
  void fill_batch() {
    batch.clear();
    for (auto& l : live) {
      l.scheduled = 0;
      if (!l.decoding() || batch.size() == options.batch) continue;
      batch.add(*l.next, sequences.held(l.sequence), l.sequence, true);
      l.scheduled = 1;
    }
    for (auto& l : live) {
      if (l.decoding()) continue;
      const auto& prompt = l.request.prompt;
      std::size_t at = sequences.held(l.sequence);
      for (; at < prompt.size() && batch.size() < options.batch; ++at, ++l.scheduled)
        batch.add(prompt[at], at, l.sequence, at + 1 == prompt.size());
    }
  }

  // What was held back, in case it became a stop text or a whole code point, is shown with the last
  // token.
  void release_text(Live& l) {
    std::string rest = l.stop.push(l.text.finish());
    rest += l.stop.finish();
    l.result.text += rest;
    if (!rest.empty() && l.request.on_token) l.request.on_token(l.result.tokens.back(), rest);
  }

  void finish(Live& l, FinishReason reason, const std::string& message = {}) {
    if (!l.stop.found() && !l.result.tokens.empty()) release_text(l);
    l.result.reason = reason;
    l.result.message = message;
    const auto now = Clock::now();
    const bool answered = l.first_token != Clock::time_point{};
    const auto seconds = [](auto duration) {
      return std::chrono::duration<double>(duration).count();
    };
    l.result.prefill_seconds = seconds((answered ? l.first_token : now) - l.started);
    l.result.decode_seconds = answered ? seconds(now - l.first_token) : 0;
    done[l.id] = std::move(l.result);
    sequences.release(l.sequence);
  }

  // Takes one sampled token into the answer; true when the request is finished.
  bool accept(Live& l, std::span<const float> logits) {
    Token token = 0;
    try {
      token = l.sampler.sample(logits);
    } catch (const Error& error) {
      finish(l, FinishReason::failed, error.what());
      return true;
    }
    if (l.first_token == Clock::time_point{}) l.first_token = Clock::now();
    const auto& tokenizer = model->tokenizer();
    if (!l.request.ignore_end && tokenizer.ends_generation(token)) {
      finish(l, FinishReason::stop);
      return true;
    }
    l.sampler.accept(token);
    l.result.tokens.push_back(token);
    // Ids beyond the tokenizer's are rows that pad the output: they have no text.
    const bool has_text = static_cast<std::size_t>(token) < tokenizer.size();
    const std::string shown = l.stop.push(has_text ? l.text.push(token) : std::string());
    l.result.text += shown;
    const bool go_on = !l.request.on_token || l.request.on_token(token, shown);
    if (l.stop.found()) {
      finish(l, FinishReason::stop);
      return true;
    }
    if (!go_on) {
      finish(l, FinishReason::cancelled);
      return true;
    }
    if (l.request.max_tokens >= 0 &&
        l.result.tokens.size() >= static_cast<std::uint64_t>(l.request.max_tokens)) {
      finish(l, FinishReason::length);
      return true;
    }
    if (sequences.held(l.sequence) >= options.context) {
      finish(l, FinishReason::context_full);
      return true;
    }
    l.next = token;
    return false;
  }

  // The cache is full even without the sequences that nobody uses: the newest request gives way.
  void fail_newest() {
    Live& l = live.back();
    finish(l, FinishReason::failed,
           "the cache of " + std::to_string(options.cells) + " tokens is full");
    sequences.drop(l.sequence);
    live.pop_back();
  }

  bool step() {
    admit();
    if (live.empty()) return false;
    std::span<const float> logits;
    fill_batch();
    while (runner.run(batch, logits) == QUIPU_E_MEMORY) {
      if (sequences.forget_oldest()) continue;
      fail_newest();
      if (live.empty()) return !queue.empty();
      fill_batch();
    }
    std::size_t row = 0, at = 0;
    // Rows come in the order of the batch: decoding requests first, then prompts.
    for (const bool decoding : {true, false})
      for (auto l = live.begin(); l != live.end();) {
        const auto here = l++;
        if (here->scheduled == 0 || here->decoding() != decoding) continue;
        const std::size_t count = std::exchange(here->scheduled, 0);
        for (std::size_t i = 0; i < count; ++i)
          sequences.append(here->sequence, batch.tokens[at + i]);
        const bool wanted = batch.wanted[at + count - 1];
        at += count;
        if (!wanted) continue;
        here->next.reset();
        if (accept(*here, logits.subspan(row++ * runner.width(), runner.width()))) live.erase(here);
      }
    return !live.empty() || !queue.empty();
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
quipu_plan_facts Engine::facts() const {
  return state_->runner.facts();
}
std::vector<std::string> Engine::explain() const {
  return state_->runner.explain();
}

RequestId Engine::submit(Request request) {
  state_->check_tokens(request.prompt);
  Sampler(request.sampling, state_->runner.width());  // throws when the options make no sense
  const RequestId id = ++state_->last_id;
  if (request.max_tokens == 0) {
    state_->done[id].reason = FinishReason::length;
    return id;
  }
  state_->queue.emplace_back(id, std::move(request));
  return id;
}

void Engine::cancel(RequestId id) {
  auto& s = *state_;
  if (std::erase_if(s.queue, [&](const auto& queued) { return queued.first == id; })) {
    s.done[id].reason = FinishReason::cancelled;
    return;
  }
  const auto found = std::ranges::find(s.live, id, &Live::id);
  if (found == s.live.end()) return;
  s.finish(*found, FinishReason::cancelled);
  s.live.erase(found);
}

bool Engine::step() {
  return state_->step();
}

std::optional<Result> Engine::take(RequestId id) {
  const auto found = state_->done.find(id);
  if (found == state_->done.end()) return {};
  Result result = std::move(found->second);
  state_->done.erase(found);
  return result;
}

Result Engine::run(Request request) {
  const RequestId id = submit(std::move(request));
  while (true) {
    if (auto result = take(id)) return std::move(*result);
    const bool more = step();
    if (!more && !state_->done.contains(id))
      throw Error(ErrorCode::internal, "the engine stopped before the request was done");
  }
}

std::vector<float> Engine::logits(std::span<const Token> tokens, bool last_only,
                                  bool step_by_step) {
  auto& s = *state_;
  s.check_tokens(tokens);
  if (!s.live.empty()) throw Error(ErrorCode::usage, "logits: expected no request under way");
  clear();
  std::vector<float> out;
  const std::size_t most = step_by_step ? 1 : s.options.batch;
  try {
    for (std::size_t at = 0; at < tokens.size();) {
      s.batch.clear();
      for (; at < tokens.size() && s.batch.size() < most; ++at)
        s.batch.add(tokens[at], at, s.spare_sequence(), !last_only || at + 1 == tokens.size());
      std::span<const float> rows;
      if (s.runner.run(s.batch, rows) != QUIPU_OK)
        throw Error(ErrorCode::memory,
                    "the cache of " + std::to_string(s.options.cells) + " tokens is full");
      out.insert(out.end(), rows.begin(), rows.end());
    }
  } catch (...) {
    s.runner.remove(s.spare_sequence(), 0);
    throw;
  }
  s.runner.remove(s.spare_sequence(), 0);
  return out;
}

void Engine::clear() {
  while (state_->sequences.forget_oldest()) {
  }
}

}  // namespace quipu
