// quipu bench: tokens per second of a model's prefill and decode, or the speed of the codecs,
// beside what the machine could do.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "../codec_speed.h"
#include "../machine.h"
#include "command.h"

namespace quipu::app {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::uint64_t peak_rss() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

// Ids spread over the vocabulary: what they say does not matter to the time.
std::vector<Token> some_tokens(std::size_t count, std::size_t vocabulary) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<Token>((7 + 31 * i) % vocabulary));
  return tokens;
}

struct Samples {
  std::vector<double> values;

  double min() const { return *std::ranges::min_element(values); }
  double max() const { return *std::ranges::max_element(values); }
  double median() const {
    auto sorted = values;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

struct Measurement {
  std::string test;
  std::uint32_t tokens;
  Samples rate;     // tokens per second
  double of_limit;  // best rate against the machine's
};

std::vector<std::uint32_t> counts(const std::string& text) {
  std::vector<std::uint32_t> out;
  for (const Token n : parse_tokens(text, "--prompt-tokens: expected counts")) {
    if (n < 0)
      throw Error(ErrorCode::usage, "--prompt-tokens: expected counts, found " + std::to_string(n));
    if (n > 0) out.push_back(static_cast<std::uint32_t>(n));
  }
  return out;
}

// All `batch` sequences decode together; the rate counts the tokens of all.
double decode_rate(Engine& engine, std::uint32_t depth, std::uint32_t tokens, std::uint32_t batch,
                   std::size_t vocabulary) {
  std::vector<RequestId> ids;
  for (std::uint32_t i = 0; i < batch; ++i) {
    Request request;
    request.prompt = some_tokens(std::max(depth, 1u) + 1, vocabulary);
    request.prompt[0] = static_cast<Token>(i % vocabulary);  // no two share a prefix
    request.max_tokens = tokens + 1;                         // the first comes with the prompt
    request.sampling.temperature = 0;
    request.ignore_end = true;
    ids.push_back(engine.submit(std::move(request)));
  }
  while (engine.step()) {
  }
  double slowest = 0;
  for (const RequestId id : ids) {
    const auto result = engine.take(id);
    if (!result || result->reason == FinishReason::failed)
      throw Error(ErrorCode::internal, result ? result->message : "bench: a request has no result");
    slowest = std::max(slowest, result->decode_seconds);
  }
  engine.clear();
  return tokens * batch / slowest;
}

double prefill_rate(Engine& engine, std::uint32_t tokens, std::size_t vocabulary) {
  const auto prompt = some_tokens(tokens, vocabulary);
  const auto start = Clock::now();
  engine.logits(prompt, true);
  return tokens / seconds_since(start);
}

json::value to_json(const std::optional<Measurement>& measurement) {
  return measurement ? json::value(measurement->rate.max()) : json::value(nullptr);
}

/// The codecs of these names, or all; only those that have kernels, for the others go through the
/// same float product.
std::vector<const quipu_codec*> codecs_with_kernels(const std::vector<std::string>& names,
                                                    Registry& registry) {
  const auto installed = registry.codecs();
  for (const auto& name : names)
    if (std::ranges::none_of(installed, [&](const auto& each) { return each.second == name; }))
      throw Error(ErrorCode::unsupported, "--codecs: no plugin provides codec " + printable(name) +
                                              "; " + registry.searched());
  std::vector<const quipu_codec*> found;
  for (const auto& [type, name] : installed) {
    if (!names.empty() && std::ranges::find(names, name) == names.end()) continue;
    const quipu_codec& codec = registry.codec(type);
    if (codec.kernel_count)
      found.push_back(&codec);
    else if (!names.empty())
      throw Error(ErrorCode::unsupported, "--codecs: " + name + " has no kernels to measure");
  }
  return found;
}

int bench_codecs(const Options& options, const std::vector<std::string>& names) {
  const auto registry = options.registry();
  const auto engine = options.engine();
  CodecBench bench(registry->backend(engine.backend), engine.threads);
  json::array all;
  if (!options.json())
    print("codec      bits   decode GB/s   of a read   prefill int8 GOPS   of the peak\n");
  for (const quipu_codec* codec : codecs_with_kernels(names, *registry)) {
    if (interrupted) return exit_interrupted;
    const CodecSpeed speed = bench.measure(*codec);
    const double bits = 8.0 * codec->block_bytes / codec->block_columns;
    if (options.json()) {
      all.push_back({{"codec", codec->name},
                     {"type", codec->type},
                     {"bits_per_weight", bits},
                     {"decode_bytes_per_second", speed.decode_bytes},
                     {"decode_fraction_of_read", speed.decode_of_read},
                     {"prefill_multiply_adds_per_second", speed.prefill_multiples},
                     {"prefill_fraction_of_peak", speed.prefill_of_peak}});
      continue;
    }
    char line[120];
    std::snprintf(line, sizeof line, "%-8s %6.2f %13.1f %9.0f %% %19.0f %11.0f %%\n", codec->name,
                  bits, speed.decode_bytes / 1e9, 100 * speed.decode_of_read,
                  2 * speed.prefill_multiples / 1e9, 100 * speed.prefill_of_peak);
    print(line);
  }
  if (options.json()) print_json(std::move(all));
  return exit_ok;
}

int run(const std::vector<std::string>& words) {
  Options options(bench_command);
  options.add()("prompt-tokens", po::value<std::string>()->value_name("N,…")->default_value("512"),
                "lengths of prompts to prefill; 0 = none")(
      "gen-tokens", po::value<std::uint32_t>()->value_name("N")->default_value(64),
      "tokens to decode; 0 = none")("depth",
                                    po::value<std::uint32_t>()->value_name("N")->default_value(0),
                                    "tokens in the context before decoding")(
      "batch", po::value<std::uint32_t>()->value_name("B")->default_value(1),
      "sequences decoding at a time")(
      "repeat", po::value<std::uint32_t>()->value_name("R")->default_value(3),
      "samples of each")("codecs", "measure codecs, all or the named ones, in place of a model");
  options.add_engine_options();
  options.positional("MODEL", true);
  if (!options.parse(words)) return exit_ok;
  const auto names = options.has("MODEL") ? options.get<std::vector<std::string>>("MODEL")
                                          : std::vector<std::string>{};
  if (options.has("codecs")) return bench_codecs(options, names);
  if (names.size() != 1)
    throw Error(ErrorCode::usage, "bench: expected one MODEL, found " +
                                      (names.empty() ? "none" : std::to_string(names.size())));

  const auto prompts = counts(options.get<std::string>("prompt-tokens"));
  const auto generated = options.get<std::uint32_t>("gen-tokens");
  const auto depth = options.get<std::uint32_t>("depth");
  const auto batch = std::max(options.get<std::uint32_t>("batch"), 1u);
  const auto repeat = std::max(options.get<std::uint32_t>("repeat"), 1u);

  const auto start = Clock::now();
  const auto registry = options.registry();
  const auto model = Model::make(open_model(names.front(), *registry), *registry);
  std::size_t vocabulary = model->tokenizer().size();
  if (!vocabulary) vocabulary = std::max(1u, model->facts().vocabulary);
  auto engine_options = options.engine();
  const std::uint32_t longest = prompts.empty() ? 0 : *std::ranges::max_element(prompts);
  if (!engine_options.context) engine_options.context = std::max(longest, depth + generated) + 64;
  engine_options.sequences = batch;
  Engine engine(model, *registry, engine_options);
  const double load = seconds_since(start);

  const auto first = Clock::now();
  engine.logits(some_tokens(std::clamp(longest, 1u, 64u), vocabulary), true);  // also the warm-up
  const double first_token = load + seconds_since(first);

  std::vector<Measurement> measurements;
  for (const std::uint32_t tokens : prompts) {
    Measurement m{"pp" + std::to_string(tokens), tokens, {}, 0};
    for (std::uint32_t i = 0; i < repeat && !interrupted; ++i)
      m.rate.values.push_back(prefill_rate(engine, tokens, vocabulary));
    measurements.push_back(std::move(m));
  }
  std::optional<Measurement> decode;
  if (generated) {
    decode = {"tg" + std::to_string(generated) + (depth ? "@" + std::to_string(depth) : ""),
              generated,
              {},
              0};
    for (std::uint32_t i = 0; i < repeat && !interrupted; ++i)
      decode->rate.values.push_back(decode_rate(engine, depth, generated, batch, vocabulary));
  }
  if (interrupted) return exit_interrupted;
  const std::uint64_t rss = peak_rss();

  const auto facts = engine.facts();
  const double bandwidth = measure_read_bandwidth(facts.threads);
  const double peak = measure_integer_peak(facts.threads);
  for (auto& m : measurements)
    if (peak > 0) m.of_limit = m.rate.max() * static_cast<double>(facts.multiply_adds) / peak;
  if (decode && bandwidth > 0)
    decode->of_limit =
        decode->rate.max() / batch * static_cast<double>(facts.weight_bytes) / bandwidth;

  auto all = measurements;
  if (decode) all.push_back(*decode);
  if (options.json()) {
    json::array tests;
    for (const auto& m : all)
      tests.push_back({{"test", m.test},
                       {"tokens", m.tokens},
                       {"min", m.rate.min()},
                       {"median", m.rate.median()},
                       {"max", m.rate.max()},
                       {"fraction_of_limit", m.of_limit}});
    const std::optional<Measurement> prefill =
        measurements.empty() ? std::nullopt : std::optional(measurements.back());
    print_json(json::value{{"prefill_tokens_per_second", to_json(prefill)},
                           {"decode_tokens_per_second", to_json(decode)},
                           {"load_seconds", load},
                           {"first_token_seconds", first_token},
                           {"peak_rss_bytes", rss},
                           {"threads", facts.threads},
                           {"weight_bytes_per_token", facts.weight_bytes},
                           {"read_bytes_per_second", bandwidth},
                           {"integer_multiply_adds_per_second", peak},
                           {"tests", std::move(tests)}});
    return exit_ok;
  }
  char line[160];
  std::snprintf(line, sizeof line, "load %.3f s, first token %.3f s, peak memory %s, %u threads\n",
                load, first_token, readable_bytes(rss).c_str(), facts.threads);
  print(line);
  std::snprintf(line, sizeof line, "machine: reads %.1f GB/s, %.0f int8 GOPS\n", bandwidth / 1e9,
                peak * 2 / 1e9);
  print(line);
  for (const auto& m : all) {
    std::snprintf(line, sizeof line,
                  "%-12s %10.1f tok/s (min %.1f, median %.1f)   %4.0f %% of the %s\n",
                  m.test.c_str(), m.rate.max(), m.rate.min(), m.rate.median(), 100 * m.of_limit,
                  m.test[0] == 'p' ? "integer peak" : "read bandwidth");
    print(line);
  }
  return exit_ok;
}

}  // namespace

const Command bench_command = {
    "bench", "MODEL [--prompt-tokens N,…] [--gen-tokens N] | --codecs [CODEC…]",
    "Speed of prefill and decode, or of the codecs, beside the machine's limits", run};

}  // namespace quipu::app
