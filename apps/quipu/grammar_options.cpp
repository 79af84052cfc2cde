#include "grammar_options.h"

namespace quipu::app {

void add_grammar_options(Options& options) {
  options.add()("grammar", po::value<std::string>()->value_name("FILE"),
                "the answer follows this grammar (GBNF)");
}

std::shared_ptr<const Grammar> grammar_of(const Options& options) {
  if (!options.has("grammar")) return nullptr;
  return Grammar::from_gbnf(read_all(options.get<std::string>("grammar")));
}

}  // namespace quipu::app
