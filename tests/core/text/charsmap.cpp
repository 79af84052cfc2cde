// Rules of a precompiled map: one made by hand, and damaged ones. What whole maps do,
// small_models.cpp tests.
#include "text/charsmap.h"

#include <boost/test/unit_test.hpp>

#include "quipu/error.h"
#include "support/memory_metadata.h"
#include "support/mutation.h"

using quipu::Charsmap;
using quipu::Error;
using quipu::test::MemoryMetadata;

namespace {

constexpr const char* key = "tokenizer.ggml.precompiled_charsmap";

MemoryMetadata with_map(const std::vector<std::uint32_t>& units, const std::string& replacements) {
  std::vector<std::uint8_t> bytes;
  const auto add = [&](std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<std::uint8_t>(number >> shift));
  };
  add(static_cast<std::uint32_t>(units.size() * 4));
  for (const std::uint32_t unit : units) add(unit);
  bytes.insert(bytes.end(), replacements.begin(), replacements.end());
  MemoryMetadata metadata;
  metadata.set(key, bytes);
  return metadata;
}

// Rules "a" -> "xy" and "ab" -> "z". The root's children begin at 256, where "a" is; its children
// begin at 512: its value, and "b", whose value is at 768.
std::vector<std::uint32_t> two_rules() {
  std::vector<std::uint32_t> units(1024, 0);
  const auto apart = [](std::uint32_t from, std::uint32_t to) { return (from ^ to) << 10; };
  units[0] = apart(0, 256);
  units[256 + 'a'] = apart(256 + 'a', 512) | 1u << 8 | 'a';
  units[512] = 1u << 31 | 0;
  units[512 + 'b'] = apart(512 + 'b', 768) | 1u << 8 | 'b';
  units[768] = 1u << 31 | 3;
  return units;
}

const std::string replacements("xy\0z\0", 5);

void refused(const MemoryMetadata& metadata) {
  BOOST_CHECK_EXCEPTION(Charsmap{metadata}, Error, [](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return error.code() == quipu::ErrorCode::invalid && std::string(error.what()).starts_with(key);
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_longest_rule_counts) {
  const Charsmap map(with_map(two_rules(), replacements));

  BOOST_TEST(map.at("abc").size == 2u);
  BOOST_TEST(map.at("abc").replacement == "z");
  BOOST_TEST(map.at("ac").size == 1u);
  BOOST_TEST(map.at("ac").replacement == "xy");
  BOOST_TEST(map.at("b").size == 0u);
  BOOST_TEST(map.at("").size == 0u);
  BOOST_TEST(map.at(std::string_view("\0a", 2)).size == 0u);
}

BOOST_AUTO_TEST_CASE(without_the_key_or_with_an_empty_map_there_are_no_rules) {
  BOOST_TEST(Charsmap(MemoryMetadata()).at("a").size == 0u);
  BOOST_TEST(Charsmap(with_map({}, "")).at("a").size == 0u);
}

BOOST_AUTO_TEST_CASE(a_map_that_leads_out_of_itself_is_refused) {
  auto units = two_rules();
  units.resize(600);
  refused(with_map(units, replacements));  // the value of "ab" is missing
  units = two_rules();
  units[768] = 1u << 31 | 5;
  refused(with_map(units, replacements));  // a replacement past the last
  refused(with_map(two_rules(), "xy"));    // without an end
  refused(with_map(two_rules(), ""));
  units = two_rules();
  units[0] = 1u << 31;
  refused(with_map(units, replacements));
}

BOOST_AUTO_TEST_CASE(what_is_no_map_is_refused) {
  MemoryMetadata metadata;
  refused(metadata.set(key, "text"));
  refused(metadata.set(key, std::vector<float>{1, 2, 3, 4}));
  refused(metadata.set(key, std::vector<std::uint8_t>{1, 0, 0}));
  refused(metadata.set(key, std::vector<std::uint8_t>{255, 255, 255, 255, 0, 0, 0, 0}));
  refused(metadata.set(key, std::vector<std::uint8_t>{3, 0, 0, 0, 0, 0, 0, 0}));
  refused(metadata.set(key, std::vector<std::uint32_t>{0, 0, 0, 256}));
}

BOOST_AUTO_TEST_CASE(any_damage_is_refused_or_does_no_harm) {
  quipu::test::Mutation random(9);
  std::size_t refusals = 0;
  for (int round = 0; round < 3000; ++round) {
    auto units = two_rules();
    const std::size_t places[] = {0, 256 + 'a', 512, 512 + 'b', 768, random.below(units.size())};
    for (std::size_t i = random.below(4); i > 0; --i)
      units[places[random.below(std::size(places))]] ^= 1u << random.below(32);
    try {
      const Charsmap map(with_map(units, replacements));
      for (int i = 0; i < 20; ++i) {
        const std::string text = (random.one_in(2) ? "ab" : "a") + random.bytes(100);
        const auto match = map.at(text);
        BOOST_REQUIRE(match.size <= text.size());
        BOOST_REQUIRE(match.replacement.size() <= replacements.size());
      }
    } catch (const Error& error) {
      BOOST_REQUIRE(error.code() == quipu::ErrorCode::invalid);
      ++refusals;
    }
  }

  BOOST_TEST(refusals > 500u);
}
