// The grammar that an answer follows, as the command line names it.
#pragma once

#include "command.h"
#include "quipu/grammar.h"

namespace quipu::app {

/// Declares --grammar.
void add_grammar_options(Options& options);

/// The grammar of --grammar FILE; null when it was not given. Throws what Grammar throws.
std::shared_ptr<const Grammar> grammar_of(const Options& options);

}  // namespace quipu::app
