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
#include "engine/runner.h"
#include "engine/sequences.h"

namespace quipu {

class Scheduler {
 public:
  /// Requests take sequences 0 … options.sequences - 1 of the runner. Both outlive the scheduler.
  Scheduler(const Model& model, Runner& runner, const EngineOptions& options);

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
  };
  /// The tokens of one request within a batch.
  struct Part {
    Live* live;
    std::size_t first, count;
  };

  void admit();
  void retire();
  void plan_all();
  void plan_in_turns();
  void plan_decode(Live& live);
  void plan_prompt(Live& live);
  void run_all();
  void run_alone(Live& live);
  void deliver(std::span<const float> logits);
  void fail(Live& live, const std::string& why);

  const Model& model_;
  Runner& runner_;
  const EngineOptions options_;
  Sequences sequences_;
  std::deque<std::pair<RequestId, Request>> queue_;
  std::list<Live> live_;  // the next to have its turn first
  std::map<RequestId, Result> done_;
  RequestId last_id_ = 0;
  Batch batch_;
  std::vector<Part> parts_;  // of batch_, in its order
  bool stepping_ = false;
};

}  // namespace quipu
