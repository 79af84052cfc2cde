#include "grammar_options.h"

namespace quipu::app {

void add_grammar_options(Options& options) {
  options.add()("grammar", po::value<std::string>()->value_name("FILE"),
                "the answer follows this grammar (GBNF)")(
      "json-schema", po::value<std::string>()->value_name("FILE|JSON"),
      "the answer is JSON that this schema describes");
}

std::shared_ptr<const Grammar> grammar_of(const Options& options, SchemaOptions written) {
  if (options.has("json-schema")) {
    if (options.has("grammar"))
      throw Error(ErrorCode::usage, "expected --grammar or --json-schema, found both");
    const auto said = options.get<std::string>("json-schema");
    return Grammar::from_json_schema(said.starts_with('{') ? said : read_all(said), written);
  }
  if (!options.has("grammar")) return nullptr;
  return Grammar::from_gbnf(read_all(options.get<std::string>("grammar")));
}

}  // namespace quipu::app
