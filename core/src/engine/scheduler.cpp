#include "engine/scheduler.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "quipu/error.h"

namespace quipu {

Scheduler::Scheduler(const Model& model, Runner& runner, const EngineOptions& options,
                     std::unique_ptr<Drafter> drafter)
    : model_(model), runner_(runner), options_(options), sequences_(runner, options.sequences),
      drafter_(std::move(drafter)) {}

RequestId Scheduler::submit(Request request) {
  const RequestId id = ++last_id_;
  if (request.max_tokens == 0) {
    Result& result = done_[id];
    result.reason = FinishReason::length;
    result.prompt_tokens = static_cast<std::uint32_t>(request.prompt.size());
  } else {
    queue_.emplace_back(id, std::move(request));
  }
  return id;
}

void Scheduler::cancel(RequestId id) {
  const auto queued = std::ranges::find(queue_, id, &std::pair<RequestId, Request>::first);
  if (queued != queue_.end()) {
    Result& result = done_[id];
    result.reason = FinishReason::cancelled;
    result.prompt_tokens = static_cast<std::uint32_t>(queued->second.prompt.size());
    queue_.erase(queued);
    return;
  }
  const auto found = std::ranges::find(live_, id, &Live::id);
  if (found == live_.end()) return;
  found->answer.finish(FinishReason::cancelled);
  // on_token may cancel; then the step that called it still holds on to the request.
  if (!stepping_) retire();
}

std::optional<Result> Scheduler::take(RequestId id) {
  const auto found = done_.find(id);
  if (found == done_.end()) return {};
  Result result = std::move(found->second);
  done_.erase(found);
  return result;
}

void Scheduler::forget_finished() {
  while (sequences_.forget_oldest()) {
  }
}

bool Scheduler::step() {
  if (stepping_) throw Error(ErrorCode::usage, "step: expected no call from within on_token");
  stepping_ = true;
  struct Done {
    bool& stepping;
    ~Done() { stepping = false; }
  } done{stepping_};
  retire();
  admit();
  if (!live_.empty()) run_all();
  retire();
  return !live_.empty() || !queue_.empty();
}

void Scheduler::admit() {
  while (!queue_.empty() && live_.size() < options_.sequences) {
    auto& [id, request] = queue_.front();
    const auto sequence = sequences_.take(request.prompt);
    if (!sequence) return;
    live_.push_back({id, *sequence,
                     Answer(std::move(request), model_.tokenizer(), runner_.width(),
                            sequences_.held(*sequence))});
    queue_.pop_front();
  }
}

// Finished requests leave; their sequences stay in the cache for prompts that begin like them.
void Scheduler::retire() {
  for (auto live = live_.begin(); live != live_.end();) {
    const auto here = live++;
    if (!here->answer.finished()) continue;
    sequences_.release(here->sequence);
    done_[here->id] = here->answer.take();
    live_.erase(here);
  }
}

void Scheduler::plan_decode(Live& live) {
  parts_.push_back({&live, batch_.size(), 1, true});
  batch_.add(*live.answer.next(), sequences_.held(live.sequence), live.sequence, true);
}

// After plan_decode(). Guesses only where they can pay: few tokens, none of a prompt beside them.
void Scheduler::plan_guesses(Live& live, std::size_t decoding) {
  const std::size_t held = sequences_.held(live.sequence);
  const std::size_t others = decoding - parts_.size() + batch_.size() - 1;
  std::size_t most = std::min<std::size_t>(RunCosts::most_tokens, runner_.batch());
  most -= std::min(most, others + 1);
  most = std::min({most, options_.context - held - 1, live.answer.tokens_left() - 1});
  const double each = drafter_->seconds_per_guess();
  most = best_guess_count(costs_, live.acceptance.best(), others, most, each);
  if (most == 0) return;
  drafter_->guess(live.sequence, sequences_.tokens(live.sequence), *live.answer.next(), most,
                  guesses_);
  // What is there costs no more guessing, only checking.
  const std::size_t count = best_guess_count(costs_, live.acceptance.rate(guesses_.kind), others,
                                             std::min(most, guesses_.tokens.size()), 0);
  for (std::size_t i = 0; i < count; ++i)
    batch_.add(guesses_.tokens[i], held + 1 + i, live.sequence, true);
  parts_.back().count += count;
  parts_.back().guess_kind = guesses_.kind;
}

void Scheduler::plan_prompt(Live& live) {
  const auto& prompt = live.answer.prompt();
  const std::size_t held = sequences_.held(live.sequence);
  const std::size_t count = std::min(prompt.size() - held, runner_.batch() - batch_.size());
  if (count == 0) return;
  parts_.push_back({&live, batch_.size(), count});
  for (std::size_t at = held; at < held + count; ++at)
    batch_.add(prompt[at], at, live.sequence, at + 1 == prompt.size());
}

// First a token of each sequence that decodes, so that none waits for another's prompt; then
// prompts, oldest first, as far as there is room.
void Scheduler::plan_all(bool guessing) {
  batch_.clear();
  parts_.clear();
  const auto decodes = [](const Live& live) { return live.answer.next().has_value(); };
  const auto decoding = static_cast<std::size_t>(std::ranges::count_if(live_, decodes));
  if (decoding >= runner_.batch()) {
    plan_in_turns();
    return;
  }
  guessing = guessing && drafter_ && decoding == live_.size();
  for (Live& live : live_) {
    if (!decodes(live)) continue;
    plan_decode(live);
    if (guessing) plan_guesses(live, decoding);
  }
  for (Live& live : live_)
    if (!decodes(live)) plan_prompt(live);
}

// Where decoding alone fills a batch, requests take turns, whatever they do: those that had theirs
// go to the end.
void Scheduler::plan_in_turns() {
  for (Live& live : live_) {
    if (batch_.size() == runner_.batch()) break;
    if (live.answer.next())
      plan_decode(live);
    else
      plan_prompt(live);
  }
  auto rest = live_.begin();
  std::advance(rest, static_cast<std::ptrdiff_t>(parts_.size()));
  live_.splice(live_.end(), live_, live_.begin(), rest);
}

void Scheduler::run_all() {
  std::span<const float> logits;
  plan_all();
  while (true) {
    try {
      if (run_and_time(logits) == QUIPU_OK) break;
    } catch (const Error& error) {
      // One request may be why. Alone, the others go on.
      if (parts_.size() == 1) {
        fail(*parts_[0].live, error.what());
        return;
      }
      const auto parts = parts_;
      for (const Part& part : parts) run_alone(*part.live);
      return;
    }
    // The cache is full. Guesses give way first, then what nobody uses, then the newest request.
    if (std::ranges::any_of(parts_, [](const Part& p) { return p.decodes && p.count > 1; })) {
      plan_all(false);
      continue;
    }
    if (sequences_.forget_oldest()) continue;
    fail(*std::ranges::max_element(live_, {}, &Live::id),
         "the cache of " + std::to_string(options_.cells) + " tokens is full");
    retire();
    if (live_.empty()) return;
    plan_all();
  }
  deliver(logits);
}

// Times matter to guesses alone.
quipu_status Scheduler::run_and_time(std::span<const float>& logits) {
  if (!drafter_) return runner_.run(batch_, logits);
  const auto start = std::chrono::steady_clock::now();
  const quipu_status status = runner_.run(batch_, logits);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  if (status == QUIPU_OK && std::ranges::all_of(parts_, &Part::decodes))
    costs_.ran(batch_.size(), spent.count());
  return status;
}

void Scheduler::run_alone(Live& live) {
  batch_.clear();
  parts_.clear();
  if (live.answer.next())
    plan_decode(live);
  else
    plan_prompt(live);
  std::span<const float> logits;
  try {
    // No room is no fault of the request's: it is tried again with the next step.
    if (runner_.run(batch_, logits) == QUIPU_OK) deliver(logits);
  } catch (const Error& error) {
    fail(live, error.what());
  }
}

void Scheduler::deliver(std::span<const float> logits) {
  for (const Part& part : parts_)
    for (std::size_t i = 0; i < part.count; ++i)
      sequences_.append(part.live->sequence, batch_.tokens[part.first + i]);
  std::size_t row = 0;
  for (const Part& part : parts_) {
    const auto wanted = static_cast<std::size_t>(std::ranges::count(
        std::span(batch_.wanted).subspan(part.first, part.count), std::uint8_t{1}));
    const auto rows = logits.subspan(row * runner_.width(), wanted * runner_.width());
    row += wanted;
    if (part.decodes)
      deliver_decoded(part, rows);
    else if (wanted && !part.live->answer.finished())  // cancelled by another's on_token
      part.live->answer.add(rows, sequences_.held(part.live->sequence) >= options_.context);
  }
}

// Each row is drawn from as long as the tokens before it are the answer's. What was guessed wrong
// leaves the cache.
void Scheduler::deliver_decoded(const Part& part, std::span<const float> rows) {
  Live& live = *part.live;
  const std::size_t before = sequences_.held(live.sequence) - part.count;
  std::size_t right = 0;
  while (right < part.count && !live.answer.finished() &&
         live.answer.next() == batch_.tokens[part.first + right]) {
    const auto row = rows.subspan(right * runner_.width(), runner_.width());
    ++right;
    live.answer.add(row, before + right >= options_.context);
  }
  right = std::max<std::size_t>(right, 1);  // 0: cancelled by another's on_token
  if (part.count > 1) {
    live.acceptance.checked(part.guess_kind, part.count - 1, right - 1);
    live.answer.note_guesses(part.count - 1, right - 1);
  } else {
    live.acceptance.passed();
  }
  if (right < part.count && !sequences_.rewind(live.sequence, before + right))
    fail(live, "the model's state cannot go back to before a guess; run it without a draft");
}

// What the cache holds of a request that failed is not trusted any more.
void Scheduler::fail(Live& live, const std::string& why) {
  live.answer.finish(FinishReason::failed, why);
  sequences_.forget(live.sequence);
}

}  // namespace quipu
