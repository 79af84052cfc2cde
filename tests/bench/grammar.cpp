// What a grammar costs per token: allowed() and accept() along texts, over a real vocabulary.
//   bench_grammar VOCABULARY.gguf GRAMMAR.gbnf TEXT…     the first text is read with cold caches
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <vector>

#include "quipu/error.h"
#include "quipu/grammar.h"
#include "quipu/model_file.h"
#include "quipu/registry.h"
#include "quipu/tokenizer.h"

namespace {

// Of this thread alone, so that what else the machine does is not counted. Reading it takes some
// tenths of a microsecond.
double microseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

double microseconds(double from) {
  return microseconds() - from;
}

std::string contents(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void measure(const std::shared_ptr<const quipu::Grammar>& grammar,
             const quipu::Tokenizer& tokenizer, const char* path) {
  const auto tokens = tokenizer.encode(contents(path), {.add_special = false});
  quipu::GrammarMatcher matcher(grammar, tokenizer);
  std::vector<double> times;
  std::size_t allowed = 0, longest = 0;
  for (const quipu::Token token : tokens) {
    auto start = microseconds();
    const quipu::TokenSet& set = matcher.allowed();
    double time = microseconds(start);
    const bool in = set.test(token);
    allowed += set.count();
    start = microseconds();
    if (!matcher.accept(token) || !in) {
      std::printf("%s: token %zu, %s, is not allowed\n", path, times.size(),
                  quipu::printable(tokenizer.piece(token)).c_str());
      return;
    }
    time += microseconds(start);
    times.push_back(time);
    if (time > times[longest]) longest = times.size() - 1;
  }
  double sum = 0;
  for (const double time : times) sum += time;
  std::printf("%s: %zu tokens, first %.0f us, dearest %.0f us at token %zu", path, times.size(),
              times.front(), times[longest], longest);
  std::ranges::sort(times);
  const auto size = static_cast<double>(times.size());
  std::printf(", mean %.1f us, median %.1f us, p99 %.1f us, %.0f allowed, %s\n", sum / size,
              times[times.size() / 2], times[times.size() * 99 / 100],
              static_cast<double>(allowed) / size, matcher.may_end() ? "whole" : "unfinished");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("bench_grammar VOCABULARY.gguf GRAMMAR.gbnf TEXT…\n", stderr);
    return 2;
  }
  try {
    quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
    const auto file = quipu::ModelFile::open(argv[1], registry);
    const auto tokenizer = quipu::Tokenizer::make(file->metadata());
    auto start = microseconds();
    const auto grammar = quipu::Grammar::from_gbnf(contents(argv[2]));
    std::printf("compiled in %.0f us", microseconds(start));
    start = microseconds();
    quipu::GrammarMatcher(grammar, *tokenizer);
    std::printf(", vocabulary of %zu tokens in %.0f us\n", tokenizer->size(), microseconds(start));
    for (int i = 3; i < argc; ++i) measure(grammar, *tokenizer, argv[i]);
  } catch (const quipu::Error& error) {
    std::fprintf(stderr, "bench_grammar: %s\n", error.what());
    return 1;
  }
}
