#include "engine/scheduler.h"

#include <algorithm>
#include <iterator>

#include "quipu/error.h"

namespace quipu {

Scheduler::Scheduler(const Model& model, Runner& runner, const EngineOptions& options)
    : model_(model), runner_(runner), options_(options), sequences_(runner, options.sequences) {}

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
  parts_.push_back({&live, batch_.size(), 1});
  batch_.add(*live.answer.next(), sequences_.held(live.sequence), live.sequence, true);
}

void Scheduler::plan_prompt(Live& live) {
  const auto& prompt = live.answer.prompt();
  const std::size_t held = sequences_.held(live.sequence);
  const std::size_t count = std::min(prompt.size() - held, options_.batch - batch_.size());
  if (count == 0) return;
  parts_.push_back({&live, batch_.size(), count});
  for (std::size_t at = held; at < held + count; ++at)
    batch_.add(prompt[at], at, live.sequence, at + 1 == prompt.size());
}

// First a token of each sequence that decodes, so that none waits for another's prompt; then
// prompts, oldest first, as far as there is room.
void Scheduler::plan_all() {
  batch_.clear();
  parts_.clear();
  const auto decodes = [](const Live& live) { return live.answer.next().has_value(); };
  if (std::ranges::count_if(live_, decodes) >= std::int64_t{options_.batch}) {
    plan_in_turns();
    return;
  }
  for (Live& live : live_)
    if (decodes(live)) plan_decode(live);
  for (Live& live : live_)
    if (!decodes(live)) plan_prompt(live);
}

// Where decoding alone fills a batch, requests take turns, whatever they do: those that had theirs
// go to the end.
void Scheduler::plan_in_turns() {
  for (Live& live : live_) {
    if (batch_.size() == options_.batch) break;
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
      if (runner_.run(batch_, logits) == QUIPU_OK) break;
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
    // The cache is full. If it is so even without what nobody uses, the newest request gives way.
    if (sequences_.forget_oldest()) continue;
    fail(*std::ranges::max_element(live_, {}, &Live::id),
         "the cache of " + std::to_string(options_.cells) + " tokens is full");
    retire();
    if (live_.empty()) return;
    plan_all();
  }
  deliver(logits);
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
    if (!batch_.wanted[part.first + part.count - 1]) continue;
    const auto own = logits.subspan(row++ * runner_.width(), runner_.width());
    // Cancelled by another's on_token.
    if (part.live->answer.finished()) continue;
    part.live->answer.add(own, sequences_.held(part.live->sequence) >= options_.context);
  }
}

// What the cache holds of a request that failed is not trusted any more.
void Scheduler::fail(Live& live, const std::string& why) {
  live.answer.finish(FinishReason::failed, why);
  sequences_.forget(live.sequence);
}

}  // namespace quipu
