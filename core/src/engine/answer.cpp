#include "engine/answer.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

namespace quipu {

Answer::Answer(Request request, const Tokenizer& tokenizer, std::size_t vocabulary,
               std::size_t reused)
    : request_(std::move(request)), tokenizer_(tokenizer),
      sampler_(request_.sampling, vocabulary, &tokenizer), text_(tokenizer, request_.spelled),
      stop_(request_.stop) {
  if (request_.grammar) grammar_.emplace(request_.grammar, tokenizer);
  for (const Token token : request_.prompt) sampler_.accept(token);
  if (!request_.banned.empty())
    banned_.emplace(request_.banned, vocabulary, [&](Token token) {
      const bool spelled = std::ranges::find(request_.spelled, token) != request_.spelled.end();
      return has_text(token) ? tokenizer_.piece(token, spelled) : std::string();
    });
  for (const Token token : std::span(request_.prompt).last(request_.answered)) {
    if (banned_) banned_->accept(token);
    if (grammar_) grammar_->accept(token);
    stop_.push(text_of(token));
  }
  result_.seed = sampler_.seed();
  result_.prompt_tokens = static_cast<std::uint32_t>(request_.prompt.size());
  result_.reused_tokens = static_cast<std::uint32_t>(reused);
}

void Answer::add(std::span<const float> logits, bool full) noexcept {
  try {
    draw(logits, full);
  } catch (const std::exception& error) {
    finish(FinishReason::failed, error.what());
  } catch (...) {
    finish(FinishReason::failed, "on_token threw something that is no exception");
  }
}

const TokenSet* Answer::allowed() {
  if (!grammar_) return banned_ ? &banned_->allowed() : nullptr;
  if (!banned_) return &grammar_->allowed();
  both_ = grammar_->allowed();
  both_ &= banned_->allowed();
  return &both_;
}

void Answer::draw(std::span<const float> logits, bool full) {
  const Token token = sampler_.sample(logits, allowed());
  if (first_token_ == Clock::time_point{}) first_token_ = Clock::now();
  if ((!request_.ignore_end || grammar_) && tokenizer_.ends_generation(token)) {
    // What was held back, in case it became a stop text or a code point, is text after all.
    show(stop_.push(text_.finish()) + stop_.finish());
    finish(FinishReason::stop);
    return;
  }
  sampler_.accept(token);
  if (banned_) banned_->accept(token);
  if (grammar_) grammar_->accept(token);
  result_.tokens.push_back(token);
  next_ = token;
  std::string text = stop_.push(text_of(token));
  FinishReason reason = reason_to_end(full);
  if (reason != FinishReason::none && !stop_.found()) {
    text += stop_.push(text_.finish());
    text += stop_.finish();
    if (stop_.found()) reason = FinishReason::stop;
  }
  result_.text += text;
  const bool go_on = !request_.on_token || request_.on_token(token, text);
  if (reason != FinishReason::none)
    finish(reason);
  else if (!go_on)
    finish(FinishReason::cancelled);
}

std::size_t Answer::tokens_left() const noexcept {
  if (request_.max_tokens < 0) return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>(request_.max_tokens) - result_.tokens.size();
}

// Ids beyond the tokenizer's are rows that pad the output: they have no text.
bool Answer::has_text(Token token) const {
  return static_cast<std::size_t>(token) < tokenizer_.size();
}

std::string Answer::text_of(Token token) {
  return has_text(token) ? text_.push(token) : std::string();
}

FinishReason Answer::reason_to_end(bool full) const {
  if (stop_.found() || (grammar_ && grammar_->finished())) return FinishReason::stop;
  if (request_.max_tokens >= 0 &&
      result_.tokens.size() >= static_cast<std::uint64_t>(request_.max_tokens))
    return FinishReason::length;
  return full ? FinishReason::context_full : FinishReason::none;
}

void Answer::show(const std::string& text) {
  if (text.empty()) return;
  result_.text += text;
  if (request_.on_token) request_.on_token(result_.tokens.back(), text);
}

void Answer::finish(FinishReason reason, std::string message) {
  if (finished()) return;
  result_.reason = reason;
  result_.message = std::move(message);
  const auto now = Clock::now();
  const auto seconds = [](Clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
  };
  const bool answered = first_token_ != Clock::time_point{};
  result_.prefill_seconds = seconds((answered ? first_token_ : now) - started_);
  result_.decode_seconds = answered ? seconds(now - first_token_) : 0;
}

}  // namespace quipu
