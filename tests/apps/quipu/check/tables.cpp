// quipu check over several models: tables, documents, codes, and what expectations say.
#include <boost/test/unit_test.hpp>

#include <boost/json.hpp>

#include "apps/quipu/program.h"

namespace json = boost::json;
using quipu::test::Outcome;
using quipu::test::run_program;
using quipu::test::TemporaryFolder;

namespace {

const std::string models = QUIPU_TEST_DATA "/models/";
const std::string llama = models + "llama-gqa.gguf", qwen = models + "qwen2-tied.gguf";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Of a model with an expectation, the stage "expect" of --json.
json::value expect(const std::string& model, const json::value& expectation, int code) {
  const TemporaryFolder folder;
  const auto file = folder / "expect.json";
  std::ofstream(file) << json::serialize(expectation);
  const Outcome outcome = run_program(
      {"check", model, "--json", "-q", "--kv", "f32", "--stages", "expect", "--expect", file});
  BOOST_TEST(outcome.code == code, outcome.err << outcome.out);
  return json::parse(outcome.out).at("stages").at(0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_model_has_a_line_for_each_stage) {
  const Outcome outcome = run_program({"check", llama});

  const auto lines = lines_of(outcome.out);
  BOOST_TEST(outcome.code == 0);
  BOOST_TEST(lines[0] == llama);
  for (const char* stage : {"open", "plugins", "tensors", "tokenizer", "template", "run", "expect"})
    BOOST_TEST(outcome.out.find("\n  " + std::string(stage)) != std::string::npos, stage);
}

BOOST_AUTO_TEST_CASE(several_models_have_a_row_each) {
  const Outcome outcome =
      run_program({"check", llama, qwen, "--columns", "file,architecture,loads"});

  const auto lines = lines_of(outcome.out);
  BOOST_TEST(outcome.code == 0);
  BOOST_TEST(lines == (std::vector<std::string>{"file             architecture  loads",
                                                "llama-gqa.gguf   llama         yes",
                                                "qwen2-tied.gguf  qwen2         yes"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_directory_stands_for_its_models_damaged_ones_and_all) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(llama, folder / "b.gguf");
  std::ofstream(folder / "a.gguf") << "<html>";
  std::ofstream(folder / "notes.txt") << "no model";

  const Outcome outcome = run_program(
      {"check", folder.path(), "--format", "markdown", "--columns", "file,size,loads,runs,text"});
  const Outcome document = run_program({"check", folder.path(), "--json", "-q"});
  std::filesystem::create_directory(folder / "empty");
  const Outcome empty = run_program({"check", folder / "empty"});

  BOOST_TEST(outcome.code == 3);
  BOOST_TEST(outcome.err.find("a.gguf: open: ") != std::string::npos, outcome.err);
  BOOST_TEST(outcome.out ==
             "| file | size | loads | runs | text is right |\n|---|---|---|---|---|\n"
             "| a.gguf | - | no | no | no |\n"
             "| b.gguf | 370.0 kB | yes | yes | odd |\n");
  BOOST_TEST(json::parse(document.out).as_array().size() == 2u);
  BOOST_TEST(empty.code == 3);
}

BOOST_AUTO_TEST_CASE(a_table_shows_what_readers_of_a_list_of_models_ask) {
  const Outcome outcome = run_program({"check", llama, "--format", "markdown"});

  BOOST_TEST(lines_of(outcome.out)[0] == "| file | size | quantisation | architecture | loads | "
                                         "runs | text is right | template | seconds |");
  BOOST_TEST(lines_of(outcome.out)[2].starts_with(
      "| llama-gqa.gguf | 370.0 kB | f32 | llama | yes | yes | odd | none | "));
}

BOOST_AUTO_TEST_CASE(warnings_are_failures_where_asked) {
  BOOST_TEST(run_program({"check", llama, "--stages", "open,plugins,tensors"}).code == 0);
  BOOST_TEST(run_program({"check", llama, "--stages", "open,plugins,tensors", "--strict"}).code ==
             0);
  BOOST_TEST(run_program({"check", llama, "--stages", "template"}).code == 0);
  BOOST_TEST(run_program({"check", llama, "--stages", "template", "--strict"}).code == 1);
}

BOOST_AUTO_TEST_CASE(what_is_none_of_the_words_is_refused) {
  const Outcome outcome = run_program({"check", llama, "--columns", "file,none"});
  BOOST_TEST(outcome.code == 2);
  BOOST_TEST(outcome.err.find("--columns: expected some of file, size") != std::string::npos);
  BOOST_TEST(run_program({"check", llama, "--format", "xml"}).code == 2);
}

BOOST_AUTO_TEST_CASE(greedy_tokens_that_differ_are_named) {
  std::ifstream in(models + "llama-gqa.expect.json");
  json::value reference = json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
  json::object expectation{{"tokens", reference.at("tokens")}, {"greedy", reference.at("greedy")}};

  BOOST_TEST(expect(llama, expectation, 0).at("status").as_string() == "pass");
  const auto right = expectation["greedy"].at(5).to_number<int>();
  expectation["greedy"].as_array()[5] = right + 1;
  const auto found = expect(llama, expectation, 1).at("expect").at(0);

  BOOST_TEST(found.at("first_difference").as_int64() == 5);
  BOOST_TEST(found.at("expected_token").as_int64() == right + 1);
  BOOST_TEST(found.at("found_token").as_int64() == right);
}

BOOST_AUTO_TEST_CASE(an_expected_text_is_how_the_answer_begins) {
  const Outcome answer = run_program({"run", llama, "--raw", "--prompt", "he", "-n", "6", "--temp",
                                      "0", "--kv", "f32", "--ignore-eos", "-q"});
  std::string text = answer.out.substr(0, answer.out.find_last_not_of('\n') + 1);
  json::object expectation{{"prompt", "he"}, {"raw", true}, {"text", text}};

  BOOST_TEST(expect(llama, expectation, 0).at("status").as_string() == "pass");
  expectation["text"] = text + "no";
  BOOST_TEST(expect(llama, expectation, 1)
                 .at("expect")
                 .at(0)
                 .at("message")
                 .as_string()
                 .find("text: expected '") == 0u);
}

BOOST_AUTO_TEST_CASE(expectations_that_make_no_sense_are_refused) {
  const json::value tokens{1, 2};
  expect(llama, json::object{{"tokens", tokens}}, 2);
  expect(llama, json::object{{"greedy", tokens}}, 2);
  expect(llama, json::object{{"tokens", tokens}, {"prompt", "a"}, {"greedy", tokens}}, 2);
  expect(llama, json::object{{"tokens", tokens}, {"greedy", tokens}, {"raw", 1}}, 2);
  expect(llama, json::object{{"tokens", tokens}, {"greedy", tokens}, {"nmse", 1}}, 2);
  expect(llama, json::object{{"tokens", tokens}, {"greedy", {-1}}}, 2);
  expect(llama, json::object{{"tokens", tokens}, {"gredy", tokens}}, 2);
}
