// Profiles of runs: what was counted, and that times fit into one another.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "plugins/backends/cpu/plan/decoder.h"
#include "quipu/error.h"

using namespace quipu;
using namespace quipu::test;

namespace {

struct Entry {
  std::string op;
  std::vector<std::string> kernels;
  quipu_profile_entry numbers;
};

struct Notes {
  quipu_profile totals{sizeof(quipu_profile)};
  std::vector<Entry> entries;

  template <class Number>
  std::uint64_t sum(Number quipu_profile_entry::*member, bool of_weights = false) const {
    std::uint64_t sum = 0;
    for (const Entry& entry : entries)
      if (!of_weights || !entry.kernels.empty()) sum += entry.numbers.*member;
    return sum;
  }
};

void profile(RunningGraph& graph, bool on) {
  Registry::check(graph.backend().profile(graph.plan(), on), "profile");
}

Notes read(const RunningGraph& graph) {
  Notes notes;
  Registry::check(graph.backend().read_profile(
                      graph.plan(), &notes.totals, &notes.entries,
                      [](void* sink, const quipu_profile_entry* entry) noexcept {
                        Entry copy{{entry->op.data, entry->op.size}, {}, *entry};
                        for (std::uint32_t i = 0; i < entry->weight_count; ++i)
                          copy.kernels.emplace_back(entry->kernels[i].data, entry->kernels[i].size);
                        static_cast<std::vector<Entry>*>(sink)->push_back(std::move(copy));
                      }),
                  "read_profile");
  return notes;
}

// Of the two layers: attention twice, a gated block, two of four experts; the head is computed for
// two forms of its input.
constexpr std::uint64_t attention = 2 * (width * 64 + 2 * width * 32 + 64 * width),
                        gated = 3 * width * hidden, router = 4 * width,
                        experts = 2 * 3 * width * hidden, head = width * vocabulary;

}  // namespace

BOOST_AUTO_TEST_CASE(products_are_counted_exactly) {
  const Decoder decoder;
  auto cpu = decoder.on("cpu", {.threads = 2});
  profile(cpu, true);

  cpu.run(some_tokens(40));
  for (std::int32_t position = 40; position < 43; ++position) cpu.run(some_tokens(1, position));

  const Notes notes = read(cpu);
  BOOST_TEST(notes.totals.runs == 4u);
  BOOST_TEST(notes.totals.tokens == 43u);
  BOOST_TEST(notes.totals.threads == 2u);
  BOOST_TEST(notes.sum(&quipu_profile_entry::multiply_adds, true) ==
             43 * (attention + gated + router + experts + 2 * head));
}

BOOST_AUTO_TEST_CASE(a_token_reads_each_weight_once) {
  const Decoder decoder;
  auto cpu = decoder.on("cpu", {.threads = 2});
  cpu.run(some_tokens(10));
  profile(cpu, true);

  cpu.run(some_tokens(1, 10));

  // A block of q8_0 has 34 bytes for 32 weights; the router's are floats.
  const std::uint64_t blocks = (attention + gated + experts + head) / 32;
  BOOST_TEST(read(cpu).sum(&quipu_profile_entry::bytes, true) == 34 * blocks + 4 * router);
}

BOOST_AUTO_TEST_CASE(attention_is_counted_by_pages_of_the_cache) {
  const Decoder decoder;
  auto cpu = decoder.on("cpu", {.threads = 2, .kv = QUIPU_KV_F32});
  profile(cpu, true);

  for (std::int32_t position = 0; position < 5; ++position) cpu.run(some_tokens(1, position));

  std::uint64_t calls = 0;
  for (const Entry& entry : read(cpu).entries) {
    if (entry.op != "attention") continue;
    calls += entry.numbers.calls;
    // Two key-value heads, one page of 64 positions, 16 floats of key and 16 of value; two query
    // heads read each.
    BOOST_TEST(entry.numbers.bytes == entry.numbers.calls * 2 * 64 * 32 * 4);
    BOOST_TEST(entry.numbers.multiply_adds == entry.numbers.calls * 4 * 64 * 32);
  }
  BOOST_TEST(calls == 2u * 5);
}

BOOST_AUTO_TEST_CASE(a_job_has_an_entry_for_each_kernel_that_it_used) {
  const Decoder decoder;
  auto cpu = decoder.on("cpu", {.isa = QUIPU_ISA_SCALAR});
  profile(cpu, true);

  cpu.run(some_tokens(40));
  for (std::int32_t position = 40; position < 43; ++position) cpu.run(some_tokens(1, position));

  const std::string gate = "gated linear q8_0 and q8_0 [160, 64], int8";
  std::vector<std::pair<std::vector<std::string>, std::uint64_t>> found;
  for (const Entry& entry : read(cpu).entries)
    if (entry.op == gate) found.emplace_back(entry.kernels, entry.numbers.calls);
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(found[0].first == (std::vector<std::string>{"panel scalar", "panel scalar"}));
  BOOST_TEST(found[0].second == 1u);
  BOOST_TEST(found[1].first == (std::vector<std::string>{"dot scalar", "dot scalar"}));
  BOOST_TEST(found[1].second == 3u);
}

BOOST_AUTO_TEST_CASE(times_fit_into_one_another) {
  const Decoder decoder;
  for (const std::uint32_t threads : {1u, 2u, 3u}) {
    auto cpu = decoder.on("cpu", {.threads = threads});
    profile(cpu, true);

    cpu.run(some_tokens(40));
    for (std::int32_t position = 40; position < 60; ++position) cpu.run(some_tokens(1, position));

    const Notes notes = read(cpu);
    BOOST_TEST(notes.sum(&quipu_profile_entry::busy) > 0u);
    BOOST_TEST(notes.sum(&quipu_profile_entry::elapsed) <= notes.totals.elapsed);
    // Every number is rounded down: an entry may have lost a nanosecond of elapsed time, which
    // counts once for each thread.
    for (const Entry& entry : notes.entries)
      BOOST_TEST(entry.numbers.busy + entry.numbers.waiting <=
                     threads * (entry.numbers.elapsed + 1),
                 entry.op);
  }
}

BOOST_AUTO_TEST_CASE(a_profiled_run_gives_the_same_bytes) {
  const Decoder decoder;
  auto plain = decoder.on("cpu", {.threads = 2}), profiled = decoder.on("cpu", {.threads = 2});
  profile(profiled, true);

  BOOST_TEST((profiled.run(some_tokens(40)) == plain.run(some_tokens(40))));
  BOOST_TEST((profiled.run(some_tokens(1, 40)) == plain.run(some_tokens(1, 40))));
}

BOOST_AUTO_TEST_CASE(a_profile_begins_from_nothing_and_ends) {
  const Decoder decoder;
  auto cpu = decoder.on("cpu");
  BOOST_CHECK_THROW(read(cpu), Error);
  profile(cpu, true);
  cpu.run(some_tokens(10));

  profile(cpu, true);
  cpu.run(some_tokens(1, 10));

  BOOST_TEST(read(cpu).totals.tokens == 1u);
  profile(cpu, false);
  cpu.run(some_tokens(1, 11));
  BOOST_CHECK_THROW(read(cpu), Error);
}

BOOST_AUTO_TEST_CASE(a_refused_run_is_not_noted) {
  const Decoder decoder;
  auto cpu = decoder.on("cpu");
  profile(cpu, true);
  cpu.run(some_tokens(10));

  const BatchToken known_position[] = {{1, 9}};
  BOOST_CHECK_THROW(cpu.run(known_position), Error);

  const Notes notes = read(cpu);
  BOOST_TEST(notes.totals.runs == 1u);
  BOOST_TEST(notes.sum(&quipu_profile_entry::elapsed) <= notes.totals.elapsed);
}
