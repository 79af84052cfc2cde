// Tokens of real vocabularies, against those that the models' own tokenizers gave: the pairs
// NAME.gguf.inp and .out, and tokenizations.json, which has texts without and with special tokens.
#include <boost/json.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "quipu/model_file.h"
#include "quipu/registry.h"
#include "quipu/tokenizer.h"

namespace data = boost::unit_test::data;
namespace json = boost::json;
using quipu::Token;

namespace {

const std::filesystem::path folder = QUIPU_SHARED_DATA "/vocab";

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + separator.size();
  }
  return parts;
}

std::string listed(std::span<const Token> tokens) {
  std::string out;
  for (const Token token : tokens) (out += ' ') += std::to_string(token);
  return out;
}

struct Vocabulary {
  explicit Vocabulary(const std::string& name)
      : file(quipu::ModelFile::open(folder / ("ggml-vocab-" + name + ".gguf"), registry)),
        tokenizer(quipu::Tokenizer::make(file->metadata())) {}

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  std::shared_ptr<const quipu::ModelFile> file;
  std::unique_ptr<quipu::Tokenizer> tokenizer;
};

const char* const names[] = {"llama-spm", "llama-bpe",    "gpt-2",          "qwen2",   "falcon",
                             "mpt",       "starcoder",    "refact",         "phi-3",   "gpt-neox",
                             "baichuan",  "deepseek-llm", "deepseek-coder", "bert-bge"};

boost::test_tools::assertion_result have_vocabularies(boost::unit_test::test_unit_id /* unit */) {
  boost::test_tools::assertion_result result(std::filesystem::is_directory(folder));
  result.message() << "no " << folder;
  return result;
}

}  // namespace

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(have_vocabularies))
BOOST_DATA_TEST_CASE(tokens_are_those_of_the_pairs, data::make(names), name) {
  const auto input = folder / (std::string("ggml-vocab-") + name + ".gguf.inp");
  if (!std::filesystem::exists(input)) return;
  auto output = input;
  output.replace_extension(".out");
  const auto texts = split(contents(input), "\n__ggml_vocab_test__\n");
  const auto lines = split(contents(output), "\n");
  const Vocabulary vocabulary(name);

  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto tokens = vocabulary.tokenizer->encode(texts[i], {.add_special = false});
    BOOST_TEST(listed(tokens) == lines[i], name << ", text " << i << ": '" << texts[i] << "'");
  }
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(have_vocabularies))
BOOST_DATA_TEST_CASE(tokens_are_those_of_the_list_without_and_with_special_ones, data::make(names),
                     name) {
  const auto list = json::parse(contents(folder / "tokenizations.json"));
  const auto& texts = list.at("texts").as_array();
  const auto& expected = list.at("vocabs").at(name);
  const Vocabulary vocabulary(name);

  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto text = json::value_to<std::string>(texts[i]);
    const auto plain = vocabulary.tokenizer->encode(text, {false, false});
    const auto special = vocabulary.tokenizer->encode(text, {true, true});
    BOOST_TEST(plain == json::value_to<std::vector<Token>>(expected.at("plain").at(i)),
               name << " plain, text " << i << ": '" << text << "'" << listed(plain));
    BOOST_TEST(special == json::value_to<std::vector<Token>>(expected.at("special").at(i)),
               name << " special, text " << i << ": '" << text << "'" << listed(special));
  }
}
