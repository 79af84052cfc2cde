#include "draft_options.h"

namespace quipu::app {

void add_draft_options(Options& options) {
  options.add()("draft", po::value<std::string>()->value_name("MODEL|ngram"),
                "guess ahead: a smaller model, or what followed before");
}

EngineOptions engine_with_draft(const Options& options, Registry& registry) {
  EngineOptions engine = options.engine();
  if (!options.has("draft")) return engine;
  const auto& draft = options.get<std::string>("draft");
  if (draft == "ngram")
    engine.draft.ngrams = true;
  else
    engine.draft.model =
        Model::make(open_model(draft, registry, Fetch::allowed, options.quiet()), registry);
  return engine;
}

std::string describe_guesses(const Result& result) {
  if (result.guessed_tokens == 0) return {};
  return "guessed " + std::to_string(result.guessed_tokens) + " tokens, " +
         std::to_string(result.held_guesses) + " held";
}

}  // namespace quipu::app
