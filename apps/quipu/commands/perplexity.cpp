// quipu perplexity: how likely a model holds a text, and how far it is from another model.
#include "../perplexity/perplexity.h"

#include <chrono>
#include <cmath>
#include <cstdio>

#include "../progress.h"
#include "command.h"

namespace quipu::app {
namespace {

constexpr std::uint32_t default_context = 512;

// exp(x), and its error to first order.
Mean exponential(const Mean& mean) {
  const double value = std::exp(mean.value);
  return {value, value * mean.error};
}

std::string line(const char* name, double value) {
  char text[80];
  std::snprintf(text, sizeof text, "%-28s %.6g\n", name, value);
  return text;
}
std::string line(const char* name, const Mean& mean) {
  char text[80];
  std::snprintf(text, sizeof text, "%-28s %.6g ± %.2g\n", name, mean.value, mean.error);
  return text;
}

std::string to_text(const Perplexity& found) {
  std::string text = line("perplexity", exponential(found.surprise)) +
                     line("tokens scored", static_cast<double>(found.scored));
  if (const auto& d = found.distance)
    text += line("perplexity of the base", exponential(d->base_surprise)) +
            line("mean KL(base || model)", d->kl) + line("max KL", d->kl_max) +
            line("top-1 agreement", d->top1_agreement) +
            line("log-likelihood - base's", d->difference);
  return text;
}

json::object to_json(const Perplexity& found) {
  const Mean perplexity = exponential(found.surprise);
  json::object object{{"chunks", found.chunks},         {"scored", found.scored},
                      {"perplexity", perplexity.value}, {"perplexity_error", perplexity.error},
                      {"nll", found.surprise.value},    {"nll_error", found.surprise.error}};
  if (const auto& d = found.distance) {
    const Mean base = exponential(d->base_surprise);
    object["base_perplexity"] = base.value;
    object["base_perplexity_error"] = base.error;
    object["kl_mean"] = d->kl.value;
    object["kl_mean_error"] = d->kl.error;
    object["kl_max"] = d->kl_max;
    object["top1_agreement"] = d->top1_agreement;
    object["log_likelihood_difference"] = d->difference.value;
    object["log_likelihood_difference_error"] = d->difference.error;
  }
  return object;
}

int run(const std::vector<std::string>& words) {
  Options options(perplexity_command);
  options.add()("file,f", po::value<std::string>()->value_name("FILE"),
                "the text (\"-\" is stdin)")(
      "kl-base", po::value<std::string>()->value_name("MODEL2"),
      "a model of the same vocabulary to measure the distance from")(
      "chunks", po::value<std::uint32_t>()->value_name("N"), "no more chunks than that");
  options.add_repack_option();
  options.add_engine_options();
  options.explain(
      "The text is cut into chunks of --ctx tokens (here 512 where it is not given), each read\n"
      "from an empty context, its first token replaced by BOS where the model adds one. The\n"
      "tokens of the second half of each chunk are scored. A rest shorter than a chunk is left\n"
      "out. Errors are standard errors of the mean.\n");
  options.positional("MODEL");
  if (!options.parse(words)) return exit_ok;
  const auto& name = options.required("MODEL");
  const auto& file = options.required("file");
  PerplexityOptions measured;
  measured.engine = options.engine();
  measured.context = options.has("ctx") ? measured.engine.context : default_context;
  const std::string text = read_all(file);
  const auto registry = options.registry();
  const auto model = Model::make(open_model(name, *registry), *registry);
  std::shared_ptr<const Model> base;
  if (options.has("kl-base"))
    base = Model::make(open_model(options.get<std::string>("kl-base"), *registry), *registry);
  const std::uint32_t trained = model->facts().context;
  if (!options.has("ctx") && trained) measured.context = std::min(measured.context, trained);
  if (trained && measured.context > trained && !options.quiet())
    say("--ctx: the model was trained for " + std::to_string(trained) + " tokens");
  auto tokens = model->tokenizer().encode(text, {.add_special = true, .parse_special = false});
  if (options.has("chunks")) {
    const auto most = options.get<std::uint32_t>("chunks");
    if (most == 0) throw Error(ErrorCode::usage, "--chunks: expected at least 1, found 0");
    tokens.resize(std::min<std::size_t>(tokens.size(), std::size_t{most} * measured.context));
  }

  const auto start = std::chrono::steady_clock::now();
  ProgressBar bar(!options.quiet());
  const auto found = measure_perplexity(
      model, base, *registry, tokens, measured, [&](const Perplexity& sofar, std::size_t total) {
        char shown[48];
        std::snprintf(shown, sizeof shown, "perplexity %.4g", std::exp(sofar.surprise.value));
        bar.show(sofar.chunks, total, shown);
        return !interrupted;
      });
  if (!found.complete) return exit_interrupted;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (!options.json()) {
    print(to_text(found));
    return exit_ok;
  }
  json::object document{
      {"model", printable(name, 4096)},
      {"file", printable(file, 4096)},
      {"base", base ? json::value(printable(options.get<std::string>("kl-base"), 4096))
                    : json::value(nullptr)},
      {"tokens", tokens.size()},
      {"ctx", measured.context},
      {"seconds", seconds.count()}};
  for (const auto& [key, value] : to_json(found)) document[key] = value;
  print_json(std::move(document));
  return exit_ok;
}

}  // namespace

const Command perplexity_command = {"perplexity", "MODEL --file FILE [--ctx N] [--kl-base MODEL2]",
                                    "How likely a model holds a text; its distance from another",
                                    run};

}  // namespace quipu::app
