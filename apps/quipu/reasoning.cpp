#include "reasoning.h"

#include <algorithm>
#include <array>
#include <utility>

namespace quipu::app {
namespace {

struct Pair {
  std::string_view open, close;
};

// As the chat templates of these models have them.
constexpr std::array pairs = {
    Pair{"<think>", "</think>"},                        // DeepSeek R1, Qwen 3, GLM, …
    Pair{"<seed:think>", "</seed:think>"},              // Seed-OSS
    Pair{"[THINK]", "[/THINK]"},                        // Magistral, Ministral 3
    Pair{"<think:opensource>", "</think:opensource>"},  // Hunyuan 3
    Pair{"<|START_THINKING|>", "<|END_THINKING|>"},     // Command A, R7B
    Pair{"<|inner_prefix|>", "<|inner_suffix|>"},       // Apertus
    Pair{"<|channel>thought", "<channel|>"},            // Gemma 4
};

// Command A writes its answer between markers, too.
constexpr std::string_view response = "<|START_RESPONSE|>";

// The channels of gpt-oss (OpenAI's harmony format):
//   <|channel|>analysis<|message|> … <|end|><|start|>assistant<|channel|>final<|message|> …
constexpr std::string_view channel = "<|channel|>", message = "<|message|>", end = "<|end|>",
                           start = "<|start|>";
constexpr std::string_view analysis = "analysis";
// A role, a recipient, a channel and a content type; anything longer is no header.
constexpr std::size_t longest_header = 256;

constexpr std::string_view white = " \t\r\n";

// How much of the end of `text` could be the beginning of `marker`.
std::size_t begun(std::string_view text, std::string_view marker) {
  for (std::size_t n = std::min(text.size(), marker.size() - 1); n > 0; --n)
    if (text.ends_with(marker.substr(0, n))) return n;
  return 0;
}

}  // namespace

ReasoningParser::ReasoningParser(std::string_view prompt) {
  const std::size_t last = prompt.find_last_not_of(white);
  prompt = prompt.substr(0, last == std::string_view::npos ? 0 : last + 1);
  for (const Pair& pair : pairs) {
    if (!prompt.ends_with(pair.open)) continue;
    state_ = State::reasoning;
    close_ = pair.close;
  }
  if (prompt.ends_with("<|channel|>analysis<|message|>")) {
    state_ = State::message;
    channel_ = AnswerPart::reasoning;
  }
}

std::vector<AnswerPart> ReasoningParser::push(std::string_view text) {
  pending_ += text;
  while (advance(false)) {
  }
  return std::exchange(parts_, {});
}

std::vector<AnswerPart> ReasoningParser::finish() {
  while (advance(true)) {
  }
  return std::exchange(parts_, {});
}

// Reasoning loses the white space at both ends, content what comes before it.
void ReasoningParser::add(AnswerPart::Kind kind, std::string_view text) {
  std::string whole;
  if (kind == AnswerPart::reasoning) {
    if (fresh_) text.remove_prefix(std::min(text.find_first_not_of(white), text.size()));
    const std::size_t last = text.find_last_not_of(white);
    const std::size_t size = last == std::string_view::npos ? 0 : last + 1;
    if (size) whole = std::exchange(space_, {}) + std::string(text.substr(0, size));
    space_ += text.substr(size);
  } else {
    whole = text;
  }
  if (whole.empty()) return;
  fresh_ = false;
  if (!parts_.empty() && parts_.back().kind == kind)
    parts_.back().text += whole;
  else
    parts_.push_back({kind, std::move(whole)});
}

// One step; false when more text is needed.
bool ReasoningParser::advance(bool last) {
  if (pending_.empty()) return false;
  switch (state_) {
  case State::start:
    return advance_start(last);
  case State::reasoning:
    return advance_to(close_, AnswerPart::reasoning, State::between, last);
  case State::between:
    return skip_space(last);
  case State::content:
    add(AnswerPart::content, std::exchange(pending_, {}));
    return false;
  case State::header:
    return advance_header(last);
  case State::message:
    return advance_to(end, channel_, State::header, last);
  }
  return false;
}

bool ReasoningParser::advance_start(bool last) {
  const std::size_t first = pending_.find_first_not_of(white);
  const std::string_view text =
      first == std::string::npos ? std::string_view() : std::string_view(pending_).substr(first);
  bool undecided = text.empty();
  for (const Pair& pair : pairs) {
    if (text.starts_with(pair.open)) {
      pending_.erase(0, first + pair.open.size());
      close_ = pair.close;
      state_ = State::reasoning;
      return true;
    }
    undecided = undecided || pair.open.starts_with(text);
  }
  if (text.starts_with(channel) || text.starts_with(response)) {
    state_ = text.starts_with(channel) ? State::header : State::between;
    pending_.erase(0, first);
    return true;
  }
  undecided = undecided || channel.starts_with(text) || response.starts_with(text);
  if (undecided && !last) return false;
  state_ = State::content;
  return true;
}

bool ReasoningParser::advance_to(std::string_view marker, AnswerPart::Kind kind, State next,
                                 bool last) {
  const std::size_t at = pending_.find(marker);
  if (at != std::string::npos) {
    add(kind, std::string_view(pending_).substr(0, at));
    pending_.erase(0, at + marker.size());
    space_.clear();
    fresh_ = true;
    state_ = next;
    return true;
  }
  const std::size_t held = last ? 0 : begun(pending_, marker);
  add(kind, std::string_view(pending_).substr(0, pending_.size() - held));
  pending_.erase(0, pending_.size() - held);
  return false;
}

bool ReasoningParser::skip_space(bool last) {
  pending_.erase(0, std::min(pending_.find_first_not_of(white), pending_.size()));
  if (pending_.starts_with(response)) {
    pending_.erase(0, response.size());
    state_ = State::between;
    return true;
  }
  if (!last && response.starts_with(pending_)) return false;
  state_ = State::content;
  return true;
}

bool ReasoningParser::advance_header(bool last) {
  const std::size_t at = pending_.find(message);
  if (at != std::string::npos) {
    open_channel(std::string_view(pending_).substr(0, at));
    pending_.erase(0, at + message.size());
    return true;
  }
  const std::string_view text = pending_;
  const bool marked = text.starts_with(start) || text.starts_with(channel) ||
                      start.starts_with(text) || channel.starts_with(text);
  if (marked && text.size() < longest_header) {
    // A header that never ends has no text.
    if (last) pending_.clear();
    return false;
  }
  state_ = State::content;
  return true;
}

void ReasoningParser::open_channel(std::string_view header) {
  const std::size_t at = header.find(channel);
  const bool thinks =
      at != std::string_view::npos && header.substr(at + channel.size()).starts_with(analysis);
  channel_ = thinks ? AnswerPart::reasoning : AnswerPart::content;
  state_ = State::message;
  fresh_ = true;
}

std::vector<Token> ReasoningParser::special_markers(const Tokenizer& tokenizer) {
  // A marker of several words is no token; each of its special ones is.
  std::vector<std::string_view> spellings = {channel, message, end, start, "<|channel>", response};
  for (const Pair& pair : pairs) spellings.insert(spellings.end(), {pair.open, pair.close});
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < tokenizer.size(); ++i) {
    const auto token = static_cast<Token>(i);
    if (tokenizer.is_special(token) && !tokenizer.ends_generation(token) &&
        std::ranges::find(spellings, tokenizer.spelling(token)) != spellings.end())
      tokens.push_back(token);
  }
  return tokens;
}

}  // namespace quipu::app
