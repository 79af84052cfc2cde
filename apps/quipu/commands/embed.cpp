// quipu embed: texts as vectors.
#include "quipu/embedder.h"

#include <charconv>
#include <iostream>

#include "command.h"

namespace quipu::app {
namespace {

// The shortest decimals that read back as the same floats.
std::string spaced(std::span<const float> row) {
  std::string line;
  for (const float x : row) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, x).ptr;
    line += line.empty() ? "" : " ";
    line.append(digits, end);
  }
  return line + "\n";
}

class Texts {
 public:
  Texts(const Options& options, const Model& model, Embedder& embedder, Pooling pooling)
      : options_(options), model_(model), embedder_(embedder), pooling_(pooling),
        normalised_(!options.has("no-normalize")) {}

  void embed(std::span<const Token> tokens) {
    auto values = embedder_.embed(tokens, pooling_);
    const std::size_t width = embedder_.width();
    json::array rows;
    for (std::size_t at = 0; at < values.size(); at += width) {
      const std::span<float> row(values.data() + at, width);
      if (normalised_) normalise(row);
      if (options_.json())
        rows.emplace_back(json::value_from(std::vector<float>(row.begin(), row.end())));
      else
        print(spaced(row));
    }
    if (options_.json())
      data_.push_back({{"index", data_.size()},
                       {"tokens", tokens.size()},
                       {"embedding", pooling_ == Pooling::none ? json::value(rows) : rows[0]}});
  }
  void embed_text(const std::string& text) { embed(model_.tokenizer().encode(text)); }

  void finish(const std::string& pooling) {
    if (options_.json())
      print_json(json::value{{"model", printable(options_.required("MODEL"), 4096)},
                             {"pooling", pooling},
                             {"normalized", normalised_},
                             {"width", embedder_.width()},
                             {"data", std::move(data_)}});
  }

 private:
  const Options& options_;
  const Model& model_;
  Embedder& embedder_;
  Pooling pooling_;
  bool normalised_;
  json::array data_;
};

std::string name_of(Pooling pooling) {
  for (const char* name : {"none", "mean", "cls", "last"})
    if (parse_pooling(name) == pooling) return name;
  return "";
}

int run(const std::vector<std::string>& words) {
  Options options(embed_command);
  options.add()("text,t", po::value<std::string>()->value_name("TEXT"),
                "the text (default: every line of stdin)")(
      "tokens", po::value<std::string>()->value_name("IDS"), "token ids in its place: 1,2,3")(
      "pooling", po::value<std::string>()->value_name("KIND"),
      "none (a vector per token), mean, cls or last (default: what the model says)")(
      "no-normalize", "vectors as they are, not divided by their length");
  options.add_engine_options();
  options.positional("MODEL");
  if (!options.parse(words)) return exit_ok;
  std::optional<Pooling> asked;
  if (options.has("pooling")) {
    const auto& kind = options.get<std::string>("pooling");
    asked = parse_pooling(kind);
    if (!asked)
      throw Error(ErrorCode::usage,
                  "--pooling: expected none, mean, cls or last, found " + printable(kind));
  }
  const auto registry = options.registry();
  const auto model = Model::make(open_model(options.required("MODEL"), *registry), *registry);
  Embedder embedder(model, *registry, options.engine());
  const Pooling pooling = asked ? *asked : embedder.pooling();
  Texts texts(options, *model, embedder, pooling);
  if (options.has("tokens")) {
    texts.embed(parse_tokens(options.get<std::string>("tokens")));
  } else if (options.has("text")) {
    texts.embed_text(options.get<std::string>("text"));
  } else {
    for (std::string line; !interrupted && std::getline(std::cin, line);) texts.embed_text(line);
  }
  texts.finish(name_of(pooling));
  return interrupted ? exit_interrupted : exit_ok;
}

}  // namespace

const Command embed_command = {"embed", "MODEL [--text TEXT]",
                               "A vector for a text, or for every line of stdin", run};

}  // namespace quipu::app
