// The tests of a benchmark, and what they measured.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/samples.h"
#include "machine.h"
#include "quipu/engine.h"

namespace quipu::app {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start);

enum class Phase { prefill, decode };

struct BenchTest {
  Phase phase;
  std::uint32_t tokens;     ///< of the prompt, or that each sequence decodes
  std::uint32_t depth = 0;  ///< tokens in each sequence before that
  std::uint32_t batch = 1;  ///< sequences that decode together

  /// "pp512", "tg64", "tg64@2048", "tg64@2048x8".
  std::string name() const;
  /// Tokens of the longest sequence.
  std::uint32_t context() const;
};

struct BenchResult {
  BenchTest test;
  Samples rate;                       ///< tokens per second, of all sequences
  Samples of_read, of_peak;           ///< fractions; empty where the limit is unknown
  Samples read_bytes, multiply_adds;  ///< per second: the limits, measured beside each
  std::optional<Profile> profile;
  double profile_seconds = 0;  ///< what the profiled runs and all around them took
};

/// Measures on one engine, whose cache is empty after each test. What this keeps resident it takes
/// when it is made.
class Bench {
 public:
  explicit Bench(Engine& engine);

  /// Best of a few passes.
  double read_bytes_per_second() const { return best_read_; }
  /// 0 = not known.
  double multiply_adds_per_second() const { return best_peak_; }
  /// Memory that belongs to the measuring and not to the model.
  std::size_t resident() const noexcept { return read_.resident(); }

  /// `repeat` samples, each with the limits measured right before and after it; with `profile` one
  /// more run, that is not among them. nullopt when interrupted.
  std::optional<BenchResult> run(const BenchTest& test, std::uint32_t repeat, bool profile);

 private:
  double seconds(const BenchTest& test, Profile* profile);
  double prefill_seconds(const BenchTest& test, Profile* profile);
  double decode_seconds(const BenchTest& test, Profile* profile);
  double sample_peak() const;

  Engine& engine_;
  std::uint32_t batch_tokens_;  // of one run
  quipu_plan_facts facts_;
  PlainRead read_;
  double best_read_ = 0, best_peak_ = 0;
};

/// How many ids a prompt may choose from: the tokenizer's, or the model's own where the file has
/// none.
std::size_t token_ids(const Model& model);

/// Ids spread over the vocabulary, as what they say does not matter to the time; lists that begin
/// with different ids have no beginning in common.
std::vector<Token> some_tokens(std::size_t count, std::size_t vocabulary, std::uint32_t first = 0);

}  // namespace quipu::app
