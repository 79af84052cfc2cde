// Ctrl-C: how work that can be stopped looks at it.
#pragma once

#include <csignal>

#include "quipu/engine.h"

namespace quipu::app {

/// Runs a request until it has finished or Ctrl-C was pressed. That cancels it, within one batch
/// also while its prompt runs.
Result run_until_interrupted(Engine& engine, Request request);

/// While it lives, Ctrl-C sets `interrupted` each time, ends a read() that waits, and never the
/// program.
class InterruptsAreKept {
 public:
  InterruptsAreKept();
  ~InterruptsAreKept();
  InterruptsAreKept(const InterruptsAreKept&) = delete;
  InterruptsAreKept& operator=(const InterruptsAreKept&) = delete;

 private:
  struct sigaction before_;
};

}  // namespace quipu::app
