// Hashes of texts, and indexes of texts that were chosen to harm.
#include "text/string_map.h"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace {

using quipu::text_hash;

// MurmurHash64A, the std::hash of libstdc++: a block is mixed by steps that can be undone, so two
// blocks can be made to give any hash that one likes.
constexpr std::uint64_t multiplier = 0xC6A4A7935BD1E995u;

constexpr std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t x = odd;
  for (int bits = 3; bits < 64; bits *= 2) x *= 2 - odd * x;  // Newton's iteration
  return x;
}

std::uint64_t mixed(std::uint64_t block) {
  block *= multiplier;
  return (block ^ (block >> 47)) * multiplier;
}

std::uint64_t unmixed(std::uint64_t block) {
  block *= inverse(multiplier);
  return (block ^ (block >> 47)) * inverse(multiplier);
}

std::vector<std::string> texts_of_one_hash(std::size_t count) {
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t start = 0xC70F6907u ^ 16 * multiplier;
    const std::uint64_t blocks[] = {i, unmixed((start ^ mixed(i)) * multiplier)};
    std::string& text = texts.emplace_back(sizeof blocks, '\0');
    std::memcpy(text.data(), blocks, sizeof blocks);
  }
  return texts;
}

}  // namespace

BOOST_AUTO_TEST_CASE(texts_that_differ_in_any_bit_or_in_length_have_hashes_of_their_own) {
  std::set<std::uint64_t> hashes;
  std::size_t texts = 0;
  for (std::size_t size = 0; size < 70; ++size) {
    std::string text(size, '\0');
    hashes.insert(text_hash(text)), ++texts;
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      text[bit / 8] = static_cast<char>(1 << bit % 8);
      hashes.insert(text_hash(text)), ++texts;
      text[bit / 8] = '\0';
    }
  }

  BOOST_TEST(hashes.size() == texts);
}

BOOST_AUTO_TEST_CASE(every_text_of_an_index_is_found_and_no_other) {
  std::vector<std::string> texts;
  for (int i = 0; i < 20'000; ++i) texts.push_back(std::to_string(i * 7));
  quipu::HashIndex index(texts.size());
  const auto is = [&](const std::string& text) {
    return [&](std::int32_t number) { return texts[static_cast<std::size_t>(number)] == text; };
  };
  for (std::size_t i = 0; i < texts.size(); ++i)
    index.insert(text_hash(texts[i]), static_cast<std::int32_t>(i), is(texts[i]));

  for (int i = 0; i < 140'000; ++i) {
    const std::string text = std::to_string(i);
    const int expected = i % 7 == 0 ? i / 7 : -1;
    if (index.find(text_hash(text), is(text)) != expected) BOOST_ERROR(text);
  }
}

// Half a minute when they all fall on one place.
BOOST_AUTO_TEST_CASE(texts_made_to_have_one_hash_in_a_public_function_are_spread_here) {
  const auto texts = texts_of_one_hash(150'000);
  quipu::HashIndex index(texts.size());
  std::set<std::uint64_t> hashes;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::uint64_t hash = text_hash(texts[i]);
    hashes.insert(hash);
    index.insert(hash, static_cast<std::int32_t>(i), [&](std::int32_t other) {
      return texts[static_cast<std::size_t>(other)] == texts[i];
    });
  }

  BOOST_TEST(hashes.size() == texts.size());
}
