// Answers drawn by masks alone, with random logits: each ends, and each satisfies its schema.
//
// They are written to schema_answers.jsonl beside the program, for Python's jsonschema to judge
// (tests/data/text/schema/validate.py).
#include "compiled.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <filesystem>
#include <random>

#include "../small_vocabularies.h"
#include "quipu/model_file.h"
#include "quipu/registry.h"
#include "quipu/tokenizer.h"

using namespace quipu::test;
using quipu::GrammarMatcher;
using quipu::Token;
using quipu::Tokenizer;
namespace json = boost::json;

namespace {

const std::filesystem::path folder = QUIPU_SHARED_DATA "/vocab";

// What JSON is often cut into, and parts of words.
MemoryMetadata small() {
  return sentence_pieces(
      {"{",           "}",   "[",    "]",    "{\"",  "\"}", "\":",  "\": \"", "\",",
       "\", \"",      "\"",  "\"]",  "],",   "},",   "[\"", "[{",   "}]",     ": ",
       ", ",          ",\n", "\n",   "  ",   "    ", "{\n", "[\n",  "true",   "false",
       "null",        "tr",  "ue",   "0",    "1",    "2",   "12",   "19",     "20",
       "00",          "000", ".",    ".5",   "-",    "-1",  "e",    "a",      "b",
       "in",          "re",  "name", "type", "id",   "con", "st",   "the",    "ing",
       "\\",          "\\n", "\\u",  "\\\"", "/",    "//",  "http", "://",    "@",
       "T",           "Z",   ":",    ":0",   "+0",   "é",   "日本", "😀",      "\xE2\x96\x81the",
       "\xE2\x96\x81"});
}

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  // The highest of independent random logits is any allowed token with the same probability.
  Token from(const quipu::TokenSet& allowed) {
    std::size_t skip = random_() % allowed.count();
    const auto words = allowed.words();
    for (std::size_t w = 0;; ++w) {
      std::uint64_t word = words[w];
      const auto bits = static_cast<std::size_t>(std::popcount(word));
      if (skip >= bits) {
        skip -= bits;
        continue;
      }
      for (; skip > 0; --skip) word &= word - 1;
      return static_cast<Token>(w * 64 + static_cast<std::size_t>(std::countr_zero(word)));
    }
  }

 private:
  std::mt19937_64 random_;
};

// An answer has at most so many tokens; the schemas bound their texts, lists and trees.
constexpr std::size_t most_tokens = 20'000;

std::string answer(const std::shared_ptr<const quipu::Grammar>& grammar, const Tokenizer& tokenizer,
                   Draw& draw) {
  GrammarMatcher matcher(grammar, tokenizer);
  std::string text;
  for (std::size_t i = 0; i < most_tokens; ++i) {
    const Token token = draw.from(matcher.allowed());
    if (tokenizer.ends_generation(token)) return text;
    BOOST_REQUIRE(matcher.accept(token));
    text += tokenizer.piece(token);
  }
  BOOST_ERROR("an answer does not end: " << text.substr(0, 300));
  return text;
}

void draw_answers(const Tokenizer& tokenizer, std::size_t each, std::ostream& out) {
  Draw draw(42);
  for (const json::value& entry : data("schemas.json")) {
    const std::string schema = json::serialize(entry.at("schema"));
    const auto grammar = answers(schema), judge = checks(schema);
    for (std::size_t i = 0; i < each; ++i) {
      const std::string text = answer(grammar, tokenizer, draw);
      BOOST_TEST(judge->accepts(text), entry.at("name") << ": " << text);
      out << json::serialize(
                 json::object{{"name", entry.at("name")}, {"schema", schema}, {"text", text}})
          << '\n';
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(answers_of_random_logits_satisfy_their_schemas) {
  const MemoryMetadata metadata = small();
  const auto tokenizer = Tokenizer::make(metadata);
  const std::filesystem::path program = boost::unit_test::framework::master_test_suite().argv[0];
  std::ofstream out(program.parent_path() / "schema_answers.jsonl");

  // 112 schemas.
  draw_answers(*tokenizer, 10, out);

  BOOST_TEST(out.good());
}

const char* const names[] = {"qwen2", "llama-spm", "llama-bpe"};

BOOST_DATA_TEST_CASE(answers_over_real_vocabularies_satisfy_their_schemas,
                     boost::unit_test::data::make(names), name) {
  const auto path = folder / ("ggml-vocab-" + std::string(name) + ".gguf");
  if (!std::filesystem::exists(path)) return;
  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  const auto file = quipu::ModelFile::open(path, registry);
  const auto tokenizer = Tokenizer::make(file->metadata());
  std::ostringstream out;

  draw_answers(*tokenizer, 2, out);
}
