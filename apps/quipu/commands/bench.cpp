// quipu bench: tokens per second of a model's prefill and decode, or the speed of the codecs,
// beside what the machine could do.
#include <sys/resource.h>

#include <algorithm>

#include "bench/codecs.h"
#include "bench/compare.h"
#include "bench/report.h"
#include "bench/tests.h"
#include "command.h"

namespace quipu::app {
namespace {

std::uint64_t peak_rss() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

void declare(Options& options) {
  options.add()("prompt-tokens", po::value<std::string>()->value_name("N,…")->default_value("512"),
                "lengths of prompts to prefill; 0 = none")(
      "gen-tokens", po::value<std::uint32_t>()->value_name("N")->default_value(64),
      "tokens to decode; 0 = none")("depth",
                                    po::value<std::string>()->value_name("N,…")->default_value("0"),
                                    "tokens in the context before decoding")(
      "batch", po::value<std::string>()->value_name("B,…")->default_value("1"),
      "sequences that decode together")(
      "repeat", po::value<std::uint32_t>()->value_name("R")->default_value(3),
      "samples of each")("explain", "which kernel each tensor got, and where the time goes")(
      "compare", po::value<std::string>()->value_name("FILE"),
      "ratios to what bench --json wrote there")("codecs",
                                                 "measure codecs, all or the named ones, in place "
                                                 "of a model");
  options.add_repack_option();
  options.add_engine_options();
  options.positional("MODEL", true);
}

// The numbers of "0,2048", in this order.
std::vector<std::uint32_t> counts(const Options& options, const char* option, std::uint32_t least,
                                  std::uint32_t most) {
  const std::string expected = "--" + std::string(option) + ": expected counts";
  std::vector<std::uint32_t> out;
  for (const Token n : parse_tokens(options.get<std::string>(option), expected)) {
    if (n < 0 || static_cast<std::uint32_t>(n) < least || static_cast<std::uint32_t>(n) > most)
      throw Error(ErrorCode::usage, expected + " from " + std::to_string(least) + " to " +
                                        std::to_string(most) + ", found " + std::to_string(n));
    out.push_back(static_cast<std::uint32_t>(n));
  }
  return out;
}

std::vector<BenchTest> tests_of(const Options& options) {
  // Above these, positions or sequences would not be what the engine can count.
  constexpr std::uint32_t most_tokens = 1u << 28, most_sequences = 65534;
  std::vector<BenchTest> tests;
  for (const std::uint32_t tokens : counts(options, "prompt-tokens", 0, most_tokens))
    if (tokens > 0) tests.push_back({Phase::prefill, tokens});
  const auto generated = options.get<std::uint32_t>("gen-tokens");
  if (generated > most_tokens)
    throw Error(ErrorCode::usage, "--gen-tokens: expected at most " + std::to_string(most_tokens) +
                                      ", found " + std::to_string(generated));
  for (const std::uint32_t depth : counts(options, "depth", 0, most_tokens))
    for (const std::uint32_t batch : counts(options, "batch", 1, most_sequences))
      if (generated > 0) tests.push_back({Phase::decode, generated, depth, batch});
  return tests;
}

EngineOptions engine_for(const Options& options, const std::vector<BenchTest>& tests) {
  EngineOptions engine = options.engine();
  std::uint32_t longest = 1;
  for (const BenchTest& test : tests) {
    longest = std::max(longest, test.context());
    engine.sequences = std::max(engine.sequences, test.batch);
  }
  if (engine.context && engine.context < longest)
    throw Error(ErrorCode::usage, "--ctx: expected at least " + std::to_string(longest) +
                                      " tokens for these tests, found " +
                                      std::to_string(engine.context));
  // The cache hands out room in pages.
  constexpr std::uint32_t spare = 64;
  if (!engine.context) engine.context = longest + spare;
  return engine;
}

const std::string& model_of(const std::vector<std::string>& names) {
  if (names.size() != 1)
    throw Error(ErrorCode::usage, "bench: expected one MODEL, found " +
                                      (names.empty() ? "none" : std::to_string(names.size())));
  return names.front();
}

int bench_model(const Options& options, const std::string& name) {
  const auto tests = tests_of(options);
  const auto engine_options = engine_for(options, tests);
  std::optional<json::object> other;
  if (options.has("compare")) {
    const auto& file = options.get<std::string>("compare");
    other = parse_bench(read_all(file), file);
  }

  BenchReport report;
  report.model = name;
  const auto start = Clock::now();
  const auto registry = options.registry();
  const auto model = Model::make(open_model(name, *registry), *registry);
  const std::size_t vocabulary = token_ids(*model);
  Engine engine(model, *registry, engine_options);
  report.load_seconds = seconds_since(start);
  // A prompt of up to 64 tokens. It warms up as well.
  std::uint32_t prompt = 1;
  for (const BenchTest& test : tests)
    if (test.phase == Phase::prefill) prompt = std::max(prompt, std::min(test.tokens, 64u));
  engine.logits(some_tokens(prompt, vocabulary), true);
  report.first_token_seconds = seconds_since(start);

  const bool explain = options.has("explain");
  if (explain && !engine.profile(false))
    throw Error(ErrorCode::unsupported,
                "--explain: expected a backend that notes what runs take; this one does not");
  report.peak_rss = peak_rss();
  Bench bench(engine);
  for (const BenchTest& test : tests) {
    auto result = bench.run(test, std::max(options.get<std::uint32_t>("repeat"), 1u), explain);
    if (!result) return exit_interrupted;
    report.results.push_back(std::move(*result));
  }
  report.facts = engine.facts();
  report.read_bytes_per_second = bench.read_bytes_per_second();
  report.multiply_adds_per_second = bench.multiply_adds_per_second();
  // What the measuring holds was there all the time since.
  report.peak_rss = std::max(report.peak_rss, peak_rss() - bench.resident());

  json::object document = to_json(report);
  if (!options.json()) print_report(report);
  if (other) {
    const auto comparisons = compare(document, *other);
    if (!options.json()) {
      print("\n");
      for (const auto& line : lines(comparisons)) print(line + "\n");
    }
    document["compare"] = to_json(comparisons);
  }
  if (options.json()) print_json(document);
  return exit_ok;
}

int run(const std::vector<std::string>& words) {
  Options options(bench_command);
  declare(options);
  if (!options.parse(words)) return exit_ok;
  const auto names = options.has("MODEL") ? options.get<std::vector<std::string>>("MODEL")
                                          : std::vector<std::string>{};
  if (options.has("codecs")) return bench_codecs(options, names);
  return bench_model(options, model_of(names));
}

}  // namespace

const Command bench_command = {
    "bench", "MODEL [--prompt-tokens N,…] [--gen-tokens N] | --codecs [CODEC…]",
    "Speed of prefill and decode, or of the codecs, beside the machine's limits", run};

}  // namespace quipu::app
