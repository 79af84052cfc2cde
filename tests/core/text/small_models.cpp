// Tokens of small vocabularies of further kinds, against those of the programs that the kinds come
// from (tests/data/text/make_vocabularies.py).
#include <boost/json.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "quipu/model_file.h"
#include "quipu/registry.h"
#include "quipu/tokenizer.h"
#include "support/mutation.h"
#include "text/utf8.h"

namespace data = boost::unit_test::data;
namespace json = boost::json;
using quipu::Token;
using Tokens = std::vector<Token>;

namespace {

const std::filesystem::path folder = QUIPU_TEST_DATA "/text";

struct Vocabulary {
  explicit Vocabulary(const std::string& name)
      : file(quipu::ModelFile::open(folder / (name + ".gguf"), registry)),
        tokenizer(quipu::Tokenizer::make(file->metadata(), &warnings)) {}

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  std::vector<std::string> warnings;
  std::shared_ptr<const quipu::ModelFile> file;
  std::unique_ptr<quipu::Tokenizer> tokenizer;
};

// U+2581 in a text is a space to these tokenizers.
std::string without_marks(std::string text) {
  const std::string mark = "\xE2\x96\x81";
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) text[at] = '?';
  return text;
}

const char* const names[] = {"unigram", "unigram-bytes", "gemma4", "rwkv"};
const char* const all_bytes[] = {"gemma4", "rwkv"};

}  // namespace

BOOST_DATA_TEST_CASE(tokens_are_those_of_the_programs_that_the_kinds_come_from, data::make(names),
                     name) {
  std::ifstream file(folder / "vocabularies.json");
  const json::value golden = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  const auto texts = json::value_to<std::vector<std::string>>(golden.at("texts"));
  const auto& expected = golden.at("tokens").at(name).as_array();
  const Vocabulary vocabulary(name);

  BOOST_TEST(vocabulary.warnings.empty());
  BOOST_REQUIRE_EQUAL(texts.size(), expected.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Tokens tokens = vocabulary.tokenizer->encode(texts[i], {false, false});
    BOOST_TEST(tokens == json::value_to<Tokens>(expected[i]), name << ": '" << texts[i] << "'");
  }
}

BOOST_DATA_TEST_CASE(any_bytes_come_back, data::make(all_bytes), name) {
  quipu::test::Mutation random(5);
  const Vocabulary vocabulary(name);

  for (int i = 0; i < 300; ++i) {
    const std::string text = without_marks(i % 2 ? random.text(40) : random.bytes(100));
    const auto tokens = vocabulary.tokenizer->encode(text, {false, false});
    BOOST_TEST(vocabulary.tokenizer->decode(tokens, true) == text);
  }
}

// The model normalises what it reads: bytes that are no UTF-8 become U+FFFD.
BOOST_AUTO_TEST_CASE(any_text_comes_back_from_a_unigram_with_bytes) {
  quipu::test::Mutation random(6);
  const Vocabulary vocabulary("unigram-bytes");

  for (int i = 0; i < 300; ++i) {
    const std::string text = without_marks(i % 2 ? random.text(40) : random.bytes(100));
    const auto tokens = vocabulary.tokenizer->encode(text, {false, false});
    BOOST_TEST(vocabulary.tokenizer->decode(tokens, true) == quipu::valid_utf8(text));
  }
}

BOOST_DATA_TEST_CASE(a_stream_gives_the_text_in_whole_code_points, data::make(names), name) {
  const Vocabulary vocabulary(name);
  const std::string text = "na\xC3\xAFve \xE4\xB8\xAD\xE6\x96\x87 \xF0\x9F\x99\x82 x";
  const auto tokens = vocabulary.tokenizer->encode(text, {false, false});
  quipu::TextStream stream(*vocabulary.tokenizer);
  std::string streamed, pieces;

  for (const Token token : tokens) {
    const std::string part = stream.push(token);
    BOOST_TEST(quipu::valid_utf8(part) == part);
    streamed += part;
    pieces += vocabulary.tokenizer->piece(token);
  }

  BOOST_TEST(streamed + stream.finish() == pieces);
}
