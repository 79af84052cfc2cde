#include "interrupts.h"

#include <utility>

#include "command.h"

namespace quipu::app {

std::atomic<bool> interrupted{false};

Result run_until_interrupted(Engine& engine, Request request) {
  const RequestId id = engine.submit(std::move(request));
  for (bool more = true; more;) {
    if (interrupted.load()) engine.cancel(id);
    more = engine.step();
    if (auto result = engine.take(id)) return std::move(*result);
  }
  throw Error(ErrorCode::internal, "the engine stopped before the request was done");
}

InterruptsAreKept::InterruptsAreKept() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted.store(true); };
  sigemptyset(&action.sa_mask);  // no SA_RESTART: reads end
  sigaction(SIGINT, &action, &before_);
}

InterruptsAreKept::~InterruptsAreKept() {
  sigaction(SIGINT, &before_, nullptr);
}

}  // namespace quipu::app
