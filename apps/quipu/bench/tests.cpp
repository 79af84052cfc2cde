#include "bench/tests.h"

#include <algorithm>
#include <thread>

#include "command.h"

namespace quipu::app {
namespace {

// Threads that wait for the next run may do so awake for a while, and would share the memory's
// bandwidth and the cores with what measures the limits.
void let_threads_rest() {
  std::this_thread::sleep_for(std::chrono::milliseconds(4));
}

std::uint32_t divided_up(std::uint32_t count, std::uint32_t by) {
  return (count + by - 1) / by;
}

}  // namespace

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string BenchTest::name() const {
  std::string text = phase == Phase::prefill ? "pp" : "tg";
  text += std::to_string(tokens);
  if (depth) text.append("@").append(std::to_string(depth));
  if (batch > 1) text.append("x").append(std::to_string(batch));
  return text;
}

std::uint32_t BenchTest::context() const {
  return phase == Phase::prefill ? tokens : depth + 1 + tokens + 1;
}

std::size_t token_ids(const Model& model) {
  const std::size_t known = model.tokenizer().size();
  return known ? known : std::max(1u, model.facts().vocabulary);
}

std::vector<Token> some_tokens(std::size_t count, std::size_t vocabulary, std::uint32_t first) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<Token>((first + 31 * i) % vocabulary));
  return tokens;
}

Bench::Bench(Engine& engine)
    : engine_(engine), batch_tokens_(engine.batch()), facts_(engine.facts()),
      read_(std::max(facts_.threads, 1u)) {
  let_threads_rest();
  constexpr int passes = 5;
  for (int pass = 0; pass < passes; ++pass) {
    best_read_ = std::max(best_read_, read_.bytes_per_second());
    best_peak_ = std::max(best_peak_, sample_peak());
  }
}

double Bench::sample_peak() const {
  return sample_integer_peak(std::max(facts_.threads, 1u));
}

std::optional<BenchResult> Bench::run(const BenchTest& test, std::uint32_t repeat, bool profile) {
  BenchResult result{};
  result.test = test;
  const double tokens = static_cast<double>(test.tokens) * test.batch;
  // A prompt's weights are read once for each part of it, the output head only counts for the last.
  const bool prefill = test.phase == Phase::prefill;
  const double passes = prefill ? divided_up(test.tokens, batch_tokens_) : test.tokens;
  const double bytes = passes * static_cast<double>(facts_.weight_bytes);
  const double products = tokens * static_cast<double>(facts_.multiply_adds) +
                          (prefill ? 1 : tokens) * static_cast<double>(facts_.head_multiply_adds);

  const auto limits = [&] {
    let_threads_rest();
    return std::pair(read_.bytes_per_second(), sample_peak());
  };
  auto before = limits();
  for (std::uint32_t i = 0; i < repeat; ++i) {
    const double took = seconds(test, nullptr);
    if (interrupted) return {};
    const auto after = limits();
    const double read = (before.first + after.first) / 2;
    const double peak = (before.second + after.second) / 2;
    before = after;
    result.rate.add(tokens / took);
    result.read_bytes.add(read);
    if (read > 0) result.of_read.add(bytes / took / read);
    if (peak > 0) {
      result.multiply_adds.add(peak);
      result.of_peak.add(products / took / peak);
    }
  }
  if (profile) result.profile_seconds = seconds(test, &result.profile.emplace());
  if (interrupted) return {};
  return result;
}

double Bench::seconds(const BenchTest& test, Profile* profile) {
  return test.phase == Phase::prefill ? prefill_seconds(test, profile)
                                      : decode_seconds(test, profile);
}

double Bench::prefill_seconds(const BenchTest& test, Profile* profile) {
  const auto prompt = some_tokens(test.tokens, token_ids(engine_.model()));
  if (profile) engine_.profile(true);
  const auto start = Clock::now();
  engine_.logits(prompt, true);
  const double seconds = seconds_since(start);
  if (profile) {
    *profile = engine_.profile();
    engine_.profile(false);
  }
  return seconds;
}

double Bench::decode_seconds(const BenchTest& test, Profile* profile) {
  std::uint64_t decoded = 0;
  std::vector<RequestId> ids;
  const auto request = [&](std::uint32_t sequence) {
    Request request;
    request.prompt = some_tokens(test.depth + 1, token_ids(engine_.model()), sequence);
    request.sampling.temperature = 0;
    request.ignore_end = true;
    return request;
  };
  // The prompts are put into the cache one after another, so that the sequences then begin to
  // decode together.
  for (std::uint32_t i = 0; i < test.batch && test.depth > 0; ++i) {
    Request filling = request(i);
    filling.max_tokens = 1;
    engine_.run(std::move(filling));
    if (interrupted) return 0;
  }
  for (std::uint32_t i = 0; i < test.batch; ++i) {
    Request decoding = request(i);
    decoding.on_token = [&](Token, std::string_view) {
      ++decoded;
      return !interrupted.load();
    };
    ids.push_back(engine_.submit(std::move(decoding)));
  }
  bool more = true;
  while (more && decoded < test.batch) more = engine_.step();
  const std::uint64_t first = decoded, last = first + std::uint64_t{test.tokens} * test.batch;
  if (profile) engine_.profile(true);
  const auto start = Clock::now();
  while (more && decoded < last) more = engine_.step();
  const double seconds = seconds_since(start);
  if (profile) {
    *profile = engine_.profile();
    engine_.profile(false);
  }
  for (const RequestId id : ids) {
    engine_.cancel(id);
    if (const auto result = engine_.take(id); result && result->reason == FinishReason::failed)
      throw Error(ErrorCode::internal, result->message);
  }
  engine_.clear();
  if (decoded < last && !interrupted)
    throw Error(ErrorCode::internal, test.name() + ": expected " + std::to_string(last) +
                                         " tokens, found " + std::to_string(decoded));
  // A last step may have given more than was asked for.
  return seconds * static_cast<double>(last - first) /
         static_cast<double>(std::max<std::uint64_t>(decoded - first, 1));
}

}  // namespace quipu::app
