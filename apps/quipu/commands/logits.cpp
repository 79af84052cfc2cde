// quipu logits: the numbers behind the next token, for comparison with other programs.
#include "../npy.h"
#include "command.h"

namespace quipu::app {
namespace {

int run(const std::vector<std::string>& words) {
  Options options(logits_command);
  options.add()("tokens", po::value<std::string>()->value_name("IDS"), "token ids: 1,2,3")(
      "prompt,p", po::value<std::string>()->value_name("TEXT"),
      "text, as it is")("raw", "the prompt takes no chat template (it never does here)")(
      "last", "only after the last token")("output,o", po::value<std::string>()->value_name("FILE"),
                                           "the .npy file to write");
  options.add_engine_options();
  options.positional("MODEL");
  if (!options.parse(words)) return exit_ok;
  const std::string& output = options.required("output");
  const auto registry = options.registry();
  const auto model = Model::make(open_model(options.required("MODEL"), *registry), *registry);
  const auto tokens = options.has("tokens") ? parse_tokens(options.get<std::string>("tokens"))
                                            : model->tokenizer().encode(options.required("prompt"));
  Engine engine(model, *registry, options.engine());
  const bool last = options.has("last");
  const auto logits = engine.logits(tokens, last);
  const std::uint64_t rows = last ? 1 : tokens.size();
  const std::uint64_t columns = logits.size() / rows;
  write_npy(output, logits, rows, columns);
  if (options.json())
    print_json(json::value{{"output", output}, {"shape", json::array{rows, columns}}});
  return exit_ok;
}

}  // namespace

const Command logits_command = {"logits", "MODEL (--tokens IDS | --prompt TEXT) --output F.npy",
                                "Logits after every token, as float32 [tokens, vocabulary]", run};

}  // namespace quipu::app
