// Which tokens run when: each step is one batch of all live requests.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/answer.h"
#include "engine/draft_budget.h"
#include "engine/drafter.h"
#include "engine/runner.h"
#include "engine/sequences.h"

namespace quipu {

class Scheduler {
 public:
  /// Requests take sequences 0 … options.sequences - 1 of the runner. Model and runner outlive the
  /// scheduler. `drafter` may be null.
  Scheduler(const Model& model, Runner& runner, const EngineOptions& options,
            std::unique_ptr<Drafter> drafter);

  RequestId submit(Request request);
  void cancel(RequestId id);
  /// Whether anything is left to do.
  bool step();
  std::optional<Result> take(RequestId id);
  bool busy() const noexcept { return !live_.empty(); }
  void forget_finished();

 private:
  struct Live {
    RequestId id;
    std::uint32_t sequence;
    Answer answer;
    Acceptance acceptance{};
  };
  /// The tokens of one request within a batch: some of its prompt, or the last of its answer and
  /// guesses of what follows, all of them wanted.
  struct Part {
    Live* live;
    std::size_t first, count;
    bool decodes = false;
    std::uint32_t guess_kind = 0;
  };

  void admit();
  void retire();
  void plan_all(bool guessing = true);
  void plan_in_turns();
  void plan_decode(Live& live);
  void plan_guesses(Live& live, std::size_t decoding);
  void plan_prompt(Live& live);
  void run_all();
  quipu_status run_and_time(std::span<const float>& logits);
  void run_alone(Live& live);
  void deliver(std::span<const float> logits);
  void deliver_decoded(const Part& part, std::span<const float> rows);
  void fail(Live& live, const std::string& why);

  const Model& model_;
  Runner& runner_;
  const EngineOptions options_;
  Sequences sequences_;
  std::deque<std::pair<RequestId, Request>> queue_;
  std::list<Live> live_;  // the next to have its turn first
  std::map<RequestId, Result> done_;
  RequestId last_id_ = 0;
  std::unique_ptr<Drafter> drafter_;
  RunCosts costs_;
  Guesses guesses_;
  Batch batch_;
  std::vector<Part> parts_;  // of batch_, in its order
  bool stepping_ = false;
};

}  // namespace quipu
