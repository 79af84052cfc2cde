// --draft: who guesses tokens ahead of the model.
#pragma once

#include "command.h"

namespace quipu::app {

void add_draft_options(Options& options);

/// options.engine() with the draft that --draft names: none, "ngram", or a model, which is opened.
EngineOptions engine_with_draft(const Options& options, Registry& registry);

/// "guessed 40 tokens, 31 held", or "" when nothing was guessed.
std::string describe_guesses(const Result& result);

}  // namespace quipu::app
