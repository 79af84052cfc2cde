// The grammar that an answer follows, as the command line names it.
#pragma once

#include "command.h"
#include "quipu/grammar.h"

namespace quipu::app {

/// Declares --grammar and --json-schema.
void add_grammar_options(Options& options);

/// The grammar of --grammar FILE or of --json-schema FILE|JSON, in which JSON is written as
/// `written` says; null when neither was given. Throws usage when both were, and what Grammar
/// throws.
std::shared_ptr<const Grammar> grammar_of(const Options& options, SchemaOptions written = {});

}  // namespace quipu::app
