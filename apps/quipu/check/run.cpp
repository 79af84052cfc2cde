// The stage "run": a forward pass, and whether what comes out of it is a language.
#include <algorithm>
#include <cmath>

#include "../interrupts.h"
#include "../likelihood.h"
#include "chat_prompt.h"
#include "quipu/embedder.h"
#include "stages.h"
#include "text_oddities.h"

namespace quipu::app {
namespace {

// NMSE of step-by-step logits against those of one batch, above which the two do not agree. Kernels
// for one token and for many add in different orders, and int8 activations turn such a difference
// into a step now and then.
constexpr double step_by_step_limit = 1e-3;

// Nats a token by which a sentence is likelier than its tokens in reverse: about 5 for trained
// models of 100 million weights and more, about 0 with random weights.
constexpr double order_limit = 1;
constexpr const char* sentence =
    "The sun rises in the east and sets in the west. Every morning people wake up, wash their "
    "hands and eat breakfast before they go to work.";

std::vector<Token> some_tokens(std::size_t count, std::size_t vocabulary) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<Token>((3 + 5 * i) % vocabulary));
  return tokens;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

void check_encoder(Subject& subject, const EngineOptions& options, std::size_t vocabulary,
                   StageResult& result) {
  Embedder embedder(subject.model(), subject.registry, options);
  const std::size_t count = std::min<std::size_t>(16, embedder.context());
  for (const float x : embedder.embed(some_tokens(count, vocabulary), Pooling::none))
    if (!std::isfinite(x)) {
      fail(result, exit_no, "embeddings: expected finite numbers, found " + short_number(x));
      return;
    }
}

// False when the rest would make no sense.
bool check_logits(Engine& engine, std::size_t vocabulary, StageResult& result) {
  const std::size_t count = std::min<std::size_t>(16, engine.context());
  const auto prompt = some_tokens(count, vocabulary);
  const auto batch = engine.logits(prompt);
  const auto steps = engine.logits(prompt, false, true);
  const std::size_t width = batch.size() / count;
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const bool finite = std::isfinite(batch[i]);
    if (!finite || !std::isfinite(steps[i])) {
      fail(result, exit_no,
           "logits: expected finite numbers, found " + short_number(finite ? steps[i] : batch[i]) +
               " after token " + std::to_string(i / width));
      return false;
    }
    difference += std::pow(static_cast<double>(batch[i]) - steps[i], 2);
    size += std::pow(static_cast<double>(batch[i]), 2);
  }
  const auto [least, most] = std::ranges::minmax_element(batch.begin(), batch.begin() + width);
  if (*least == *most) {
    fail(result, exit_no,
         "logits: expected different ones for different tokens, found " + short_number(*least) +
             " for all");
    return false;
  }
  if (difference > step_by_step_limit * size)
    fail(result, exit_no,
         "logits: expected the same from one batch and token by token, found an NMSE of " +
             short_number(difference / size));
  return true;
}

// Mean of -log p of every token but the first, in nats.
double surprise(Engine& engine, const std::vector<Token>& tokens) {
  const auto logits = engine.logits(tokens);
  const std::size_t width = logits.size() / tokens.size();
  double sum = 0;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
    sum -= log_likelihood({&logits[i * width], width}, tokens[i + 1]);
  return sum / static_cast<double>(tokens.size() - 1);
}

void check_order(Engine& engine, const Tokenizer& tokenizer, StageResult& result) {
  auto tokens = tokenizer.encode(sentence);
  if (tokens.size() > engine.context()) tokens.resize(engine.context());
  // Too few say nothing.
  if (tokens.size() < 12) return;
  const double forwards = surprise(engine, tokens);
  const bool begins = tokens[0] == tokenizer.bos();
  std::reverse(tokens.begin() + begins, tokens.end());
  const double backwards = surprise(engine, tokens);
  if (forwards > backwards - order_limit)
    warn(result, "a sentence is no likelier than in reverse: " + short_number(forwards) + " and " +
                     short_number(backwards) + " nats a token");
}

void check_answer(Subject& subject, Engine& engine, std::size_t vocabulary, StageResult& result) {
  Request request;
  const bool has_text = subject.tokenizer().kind() != "none";
  if (has_text)
    request.prompt =
        subject.chat
            ? message_tokens(subject.chat.get(), subject.tokenizer(), "Why is the sky blue?")
            : message_tokens(nullptr, subject.tokenizer(), "The sky is blue because");
  if (request.prompt.empty()) request.prompt = some_tokens(4, vocabulary);
  if (request.prompt.size() >= engine.context()) request.prompt.resize(engine.context() / 2);
  request.max_tokens = 48;
  request.sampling.temperature = 0;
  request.ignore_end = !has_text;
  const auto answer = run_until_interrupted(engine, std::move(request));
  if (answer.reason == FinishReason::failed) return fail(result, exit_no, answer.message);
  if (interrupted || !has_text) return;
  for (const auto& oddity :
       text_oddities(answer.tokens, answer.text, answer.reason == FinishReason::stop))
    warn(result, oddity + ": '" + printable(answer.text, 60) + "'");
}

}  // namespace

void check_run(Subject& subject, StageResult& result) {
  if (subject.file->tensors().empty()) {
    result.verdict = Verdict::skipped;
    return;
  }
  auto options = subject.options.engine;
  const Model& model = *subject.model();
  std::size_t vocabulary = model.tokenizer().size();
  if (!vocabulary) vocabulary = std::max(1u, model.facts().vocabulary);
  // Room for a template that says much before the question.
  if (!options.context) options.context = std::min(1024u, std::max(model.facts().context, 16u));
  if (!gives(model, "logits")) return check_encoder(subject, options, vocabulary, result);
  if (!subject.chat) {
    try {
      subject.chat = ChatTemplate::make(subject.file->metadata());
    } catch (const Error&) {
      // The stage "template" says what is wrong with it.
    }
  }
  Engine engine(subject.model(), subject.registry, options);
  if (!check_logits(engine, vocabulary, result) || interrupted) return;
  if (subject.tokenizer().kind() != "none") check_order(engine, subject.tokenizer(), result);
  check_answer(subject, engine, vocabulary, result);
  if (subject.tokenizer().kind() != "none" && result.verdict != Verdict::fail)
    result.text = result.verdict == Verdict::pass ? TextVerdict::plausible : TextVerdict::odd;
}

}  // namespace quipu::app
