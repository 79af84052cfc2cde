// quipu imatrix: which columns of a model's weights matter on a text.
#include <chrono>
#include <cstdio>

#include "command.h"
#include "progress.h"
#include "quipu/importance.h"

namespace quipu::app {
namespace {

int run(const std::vector<std::string>& words) {
  Options options(imatrix_command);
  options.add()("file,f", po::value<std::string>()->value_name("TEXT"), "the text; - is stdin")(
      "output,o", po::value<std::string>()->value_name("FILE")->default_value("imatrix.gguf"),
      "the file to write")("chunks", po::value<std::uint64_t>()->value_name("N"),
                           "use no more than the first chunks of the text")(
      "process-output", "the output projection too")(
      "parse-special", "\"<|im_end|>\" in the text is that token rather than its characters");
  options.add_engine_options();
  options.positional("MODEL");
  if (!options.parse(words)) return exit_ok;
  const std::string& text = options.required("file");
  const std::string& output = options.get<std::string>("output");
  const auto registry = options.registry();
  const auto model = Model::make(open_model(options.required("MODEL"), *registry), *registry);
  const auto tokens = model->tokenizer().encode(
      read_all(text), {.add_special = true, .parse_special = options.has("parse-special")});

  MeasureOptions measure;
  measure.engine = options.engine();
  if (measure.engine.context) measure.chunk_size = measure.engine.context;
  if (options.has("chunks")) measure.most_chunks = options.get<std::uint64_t>("chunks");
  measure.output = options.has("process-output");
  ProgressBar bar(!options.quiet());
  measure.progress = [&](std::uint64_t done, std::uint64_t total) {
    bar.show(done, total, "chunk " + std::to_string(done) + " of " + std::to_string(total));
    return !interrupted;
  };
  const auto start = std::chrono::steady_clock::now();
  Importance importance = Importance::measure(*model, tokens, measure, *registry);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  importance.datasets = {text};
  importance.write(output, *registry);

  const std::uint64_t seen = importance.chunk_count * importance.chunk_size;
  if (options.json()) {
    print_json({{"output", output},
                {"chunks", importance.chunk_count},
                {"tokens", seen},
                {"weights", importance.weights.size()},
                {"seconds", seconds}});
  } else if (!options.quiet()) {
    char speed[64];
    std::snprintf(speed, sizeof speed, "%.0f tokens a second", static_cast<double>(seen) / seconds);
    print(output + ": " + std::to_string(importance.weights.size()) + " weights, " +
          std::to_string(importance.chunk_count) + " chunks of " +
          std::to_string(importance.chunk_size) + " tokens, " + speed + "\n");
  }
  return exit_ok;
}

}  // namespace

const Command imatrix_command = {"imatrix", "MODEL --file TEXT [--output F.gguf] [--chunks N]",
                                 "Which columns of the weights matter on a text, for quantize",
                                 run};

}  // namespace quipu::app
