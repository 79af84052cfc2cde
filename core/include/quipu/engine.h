// Runs a model for any number of sequences: continuous batching, prefix reuse, stop conditions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quipu/abi/backend.h"
#include "quipu/grammar.h"
#include "quipu/model.h"
#include "quipu/profile.h"
#include "quipu/sampler.h"

namespace quipu {

enum class KvType { f16 = QUIPU_KV_F16, q8_0 = QUIPU_KV_Q8_0, f32 = QUIPU_KV_F32 };

/// Who guesses the next tokens, for the model to check many in one run. Answers stay what they are.
struct DraftOptions {
  std::shared_ptr<const Model> model;  ///< a smaller one with the same vocabulary, or null
  bool ngrams = false;                 ///< without one: what followed the same tokens before
};

struct EngineOptions {
  std::string backend;          ///< "" = the preferred one
  std::uint32_t threads = 0;    ///< 0 = one per core
  std::uint32_t context = 0;    ///< tokens of the longest sequence; 0 = the model's, at most 4096
  std::uint32_t batch = 0;      ///< most tokens of one run; 0 = see Engine::batch()
  std::uint32_t sequences = 1;  ///< most sequences at a time
  std::uint64_t cells = 0;      ///< tokens that the cache holds; 0 = context * sequences
  KvType kv = KvType::f16;
  bool deterministic = false;  ///< QUIPU_PLAN_DETERMINISTIC
  /// QUIPU_PLAN_REPACK: for many sequences. The bytes of the file that were copied no longer take
  /// memory, where the loader can see to it.
  bool repack = false;
  DraftOptions draft;
};

enum class FinishReason { none, stop, length, context_full, cancelled, failed };

/// A prompt and how to continue it.
struct Request {
  std::vector<Token> prompt;     ///< not empty, fed as it is
  std::int64_t max_tokens = -1;  ///< -1 = until the context is full
  SamplerOptions sampling;
  std::vector<std::string> stop;    ///< texts that end the answer and are not part of it
  std::vector<std::string> banned;  ///< texts that the answer never has; 4096 bytes of them
  bool ignore_end = false;          ///< goes on after an end-of-generation token
  /// What the answer's text is a beginning of, and, when it ends by itself, one of; null: anything.
  /// When nothing can follow, the answer ends. `ignore_end` then has no say.
  std::shared_ptr<const Grammar> grammar;
  /// Of the prompt's last tokens, how many are an answer that goes on here: text, stop texts,
  /// bans and grammar continue from them.
  std::size_t answered = 0;
  /// Special tokens that the text has as the vocabulary spells them; all others have no text.
  std::vector<Token> spelled;
  /// Called in Engine::step for each token of the answer; false cancels. `text` is complete code
  /// points, may be empty.
  std::function<bool(Token token, std::string_view text)> on_token;
};

/// What became of a request. Times are seconds.
struct Result {
  std::vector<Token> tokens;
  std::string text;
  FinishReason reason = FinishReason::none;
  std::string message;  ///< of a failure
  std::uint64_t seed = 0;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t reused_tokens = 0;   ///< of the prompt, taken from the cache
  std::uint32_t guessed_tokens = 0;  ///< by the draft
  std::uint32_t held_guesses = 0;    ///< of them, those that became tokens of the answer
  double prefill_seconds = 0, decode_seconds = 0;
};

using RequestId = std::uint64_t;

/// What an engine takes beside the weights, which stay in their file or, repacked, take its place.
struct EngineNeeds {
  std::uint32_t context;  ///< tokens, of EngineOptions or the default
  std::uint64_t cache_bytes, scratch_bytes;
};

/// One plan and its cache. Used by one thread at a time.
class Engine {
 public:
  Engine(std::shared_ptr<const Model> model, Registry& registry, EngineOptions options = {});
  ~Engine();

  /// What an engine with these options would take, without bringing weights into memory. Throws as
  /// the constructor.
  static EngineNeeds measure(const Model& model, Registry& registry, const EngineOptions& options);

  const Model& model() const noexcept;
  std::uint32_t context() const noexcept;
  /// Most tokens of one run. Where EngineOptions leave it open: 512, or fewer where the results of
  /// so many would take much memory and the backend loses little.
  std::uint32_t batch() const noexcept;
  quipu_plan_facts facts() const;
  std::vector<std::string> explain() const;
  /// Begins to note what runs take, from nothing, or stops and forgets. False when the backend
  /// cannot.
  bool profile(bool on);
  /// What was noted so far. Throws usage when nothing is. Not to be called in a step, but for
  /// on_token.
  Profile profile() const;

  /// Queues a request; step() runs it. Throws usage when the prompt is empty, longer than the
  /// context or shorter than what is answered, or holds an id outside the vocabulary.
  RequestId submit(Request request);
  void cancel(RequestId id);
  /// Runs one batch made of all live requests: a token for each that decodes, and parts of prompts
  /// up to the batch size. False when nothing is left to do.
  bool step();
  /// A finished request's result; takes it out. nullopt while it runs.
  std::optional<Result> take(RequestId id);
  /// Submits, steps until it has finished, takes.
  Result run(Request request);

  /// Logits [tokens, vocabulary] after each token (or only after the last), from an empty context.
  /// With `step_by_step` the tokens are fed one at a time. Nothing of it stays in the cache.
  std::vector<float> logits(std::span<const Token> tokens, bool last_only = false,
                            bool step_by_step = false);

  /// Forgets every finished sequence whose cache was kept for reuse.
  void clear();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quipu
