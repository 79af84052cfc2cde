// A mebibyte of one character, in every kind of tokenizer: little stack, and time that grows with
// the length. One that went over the run again for each of its characters would need hours and meet
// the test's time limit.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "quipu/tokenizer.h"
#include "small_vocabularies.h"
#include "support/small_stack.h"

namespace data = boost::unit_test::data;
using quipu::Tokenizer;
using namespace quipu::test;

namespace {

// Pieces of each character that runs are made of, singly and joined.
std::vector<std::string> run_pieces() {
  std::vector<std::string> pieces{"\xE2\x96\x81", "\xE2\x96\x81\xE2\x96\x81"};
  for (const std::string_view unit : long_run_units) {
    if (unit == " ") continue;
    for (const std::size_t count : {1, 2, 4, 8})
      pieces.push_back(long_run(unit, unit.size() * count));
  }
  return pieces;
}

MemoryMetadata vocabulary(const std::string& kind) {
  if (kind == "gpt2") return byte_level({"A A", "AA AA", "a a", ". .", "1 1", "\xC4\xA0 \xC4\xA0"});
  if (kind == "llama") return sentence_pieces(run_pieces());
  if (kind == "bert") return word_pieces(run_pieces());
  if (kind == "rwkv") return world_tokens(run_pieces());
  return pieces_of_kind(kind, run_pieces());
}

const char* const kinds[] = {"gpt2", "llama", "t5", "bert", "gemma4", "rwkv", "plamo2"};

}  // namespace

BOOST_DATA_TEST_CASE(a_mebibyte_of_one_character_needs_little_stack, data::make(kinds), kind) {
  const auto metadata = vocabulary(kind);
  const auto tokenizer = Tokenizer::make(metadata);
  for (const std::string_view unit : long_run_units) {
    const std::string text = long_run(unit, 1 << 20);
    std::vector<quipu::Token> tokens;

    on_small_stack([&] { tokens = tokenizer->encode(text, {.add_special = false}); });

    // WordPiece reads neither spaces nor what is no character.
    if (std::string_view(kind) != "bert") BOOST_TEST(tokens.size() > 1000u);
  }
}
