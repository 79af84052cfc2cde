// Chat templates as users meet them: by file, by name and of a model, in quipu template and run.
#include <boost/test/unit_test.hpp>

#include <boost/json.hpp>

#include "apps/quipu/program.h"

using quipu::test::Outcome;
using quipu::test::run_program;
using quipu::test::TemporaryFolder;

namespace json = boost::json;

namespace {

const std::string models = QUIPU_TEST_DATA "/models/";
// Its vocabulary is small, has no BOS and no template.
const std::string plain = models + "qwen2x96-Q4_0.gguf";
const std::string hello = R"({"messages": [{"role": "user", "content": "Hello"}]})";

std::string written(const TemporaryFolder& folder, const char* name, const std::string& text) {
  std::ofstream(folder / name, std::ios::binary) << text;
  return folder / name;
}

json::value run_json(std::vector<std::string> more) {
  std::vector<std::string> words = {"run", plain, "-n", "1", "--temp", "0", "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = run_program(words);
  BOOST_TEST(outcome.code == 0, outcome.err);
  return json::parse(outcome.out);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_template_is_a_file_or_a_name) {
  const TemporaryFolder folder;
  const std::string file =
      written(folder, "a.jinja", "{% for m in messages %}<{{ m.content }}>{% endfor %}\n");

  BOOST_TEST(run_program({"template", file}, hello).out == "<Hello>");
  BOOST_TEST(run_program({"template", "--template", file}, hello).out == "<Hello>");
  BOOST_TEST(run_program({"template", "falcon3"}, hello).out == "<|user|>\nHello\n");
  BOOST_TEST(run_program({"template", "--template", "falcon3"}, hello).out == "<|user|>\nHello\n");
  const auto document = json::parse(run_program({"template", "phi4", "--json"}, hello).out);
  BOOST_TEST(document.at("template").as_string() == "phi4");
  BOOST_TEST(document.at("text").as_string() == "<|im_start|>user<|im_sep|>Hello<|im_end|>");
}

BOOST_AUTO_TEST_CASE(names_are_listed) {
  const std::string names = run_program({"template", "--template", "list"}).out;

  BOOST_TEST(names.starts_with("chatml\n"));
  BOOST_TEST(names.find("\nllama3\n") != std::string::npos);
  const Outcome unknown = run_program({"template", "--template", "lama3"}, hello);
  BOOST_TEST(unknown.code == 2);
  BOOST_TEST(unknown.err.find("expected one of chatml, ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_template_raises_is_an_answer_and_what_is_wrong_an_error) {
  const TemporaryFolder folder;
  const std::string raises = written(folder, "a.jinja", "{{ raise_exception('no tools') }}");
  const std::string broken = written(folder, "b.jinja", "{% if %}");

  const Outcome raised = run_program({"template", raises}, hello);
  BOOST_TEST(raised.code == 1);
  BOOST_TEST(raised.err == "quipu: no tools\n");
  BOOST_TEST(run_program({"template", broken}, hello).code == 3);
  BOOST_TEST(run_program({"template", plain}, hello).code == 3);
  const Outcome run = run_program({"run", plain, "--prompt", "a", "--template", raises});
  BOOST_TEST(run.code == 3);
  BOOST_TEST(run.err.find("no tools; --template takes another") != std::string::npos, run.err);
}

BOOST_AUTO_TEST_CASE(messages_tools_and_variables_reach_the_template) {
  const TemporaryFolder folder;
  const std::string shows = written(
      folder, "a.jinja",
      "{{ messages|map(attribute='role')|join(',') }};{{ tools[0].function.name }};{{ deep }};"
      "{{ word }};{{ add_generation_prompt }};{{ documents is none }}{{ raise_exception(messages|"
      "map(attribute='content')|join(',')) }}");
  const std::string tools =
      written(folder, "tools.json", R"([{"type": "function", "function": {"name": "look"}}])");
  const std::string echo = written(
      folder, "b.jinja", "{{ raise_exception([tools[0].function.name, deep, word]|tojson) }}");

  const Outcome said = run_program(
      {"run", plain, "--system", "S", "--prompt", "P", "--template", shows, "--tools", tools});
  BOOST_TEST(said.err.find(": S,P; --template") != std::string::npos, said.err);
  const Outcome outcome =
      run_program({"run", plain, "--prompt", "P", "--template", echo, "--tools", tools,
                   "--template-arg", "deep=false", "--template-arg", "word=a b"});
  BOOST_TEST(outcome.err.find(R"(["look", false, "a b"])") != std::string::npos, outcome.err);
}

BOOST_AUTO_TEST_CASE(which_template_is_used_is_said) {
  BOOST_TEST(run_json({"--prompt", "a"}).at("template").is_null());
  BOOST_TEST(run_json({"--prompt", "a", "--raw"}).at("template").is_null());
  BOOST_TEST(run_json({"--prompt", "a", "--template", "vicuna"}).at("template").as_string() ==
             "vicuna");
  const auto said = [](std::vector<std::string> more) {
    std::vector<std::string> words = {"run", plain, "--prompt", "a", "-n", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words).err;
  };
  BOOST_TEST(
      said({}).starts_with("quipu: no chat template in this model; the prompt is sent as it"));
  BOOST_TEST(said({"--raw"}) == "");
  BOOST_TEST(said({"-q"}) == "");
  BOOST_TEST(said({"-v", "--template", "vicuna"}).find("quipu: chat template: vicuna\n") !=
             std::string::npos);
}

// The tiny LLaMA model has a BOS that its tokenizer adds.
BOOST_AUTO_TEST_CASE(a_text_begins_once_whoever_begins_it) {
  const TemporaryFolder folder;
  const std::string bare = written(folder, "a.jinja", "a"),
                    begun = written(folder, "b.jinja", "{{ bos_token }}a");
  const auto tokens = [&](const std::string& file) {
    const Outcome outcome = run_program({"run", models + "llama.gguf", "--prompt", "x",
                                         "--template", file, "-n", "1", "--temp", "0", "--json"});
    BOOST_TEST(outcome.code == 0, outcome.err);
    return json::parse(outcome.out).at("prompt_tokens").as_int64();
  };

  BOOST_TEST(tokens(bare) == tokens(begun));
}
