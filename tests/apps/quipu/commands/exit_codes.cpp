// What scripts rely on: exit codes, one line that names the problem, and a stdout that holds
// results alone.
#include <boost/test/unit_test.hpp>

#include <boost/json.hpp>

#include "apps/quipu/program.h"

using quipu::test::Outcome;
using quipu::test::run_program;

namespace {

const std::string models = QUIPU_TEST_DATA "/models/";
const std::string floats = models + "qwen2.gguf", quantised = models + "qwen2x96-Q4_0.gguf";

struct Refusal {
  std::vector<std::string> arguments;
  int code;
  std::string message;  ///< after "quipu: "
};

const Refusal refusals[] = {
    {{"bogus"}, 2, "no command 'bogus'; quipu --help lists them"},
    {{"run"}, 2, "run: expected MODEL, found none"},
    {{"run", "absent.gguf", "--prompt", "a"}, 5, "absent.gguf: cannot open: No such file"},
    {{"run", models, "--prompt", "a"}, 3, models},
    {{"run", models + "README.md", "--prompt", "a"}, 3, models + "README.md: expected a model"},
    {{"run", floats, "--prompt", "a", "--temp", "x"}, 2, "run: the argument ('x')"},
    {{"run", floats, "--prompt", "a", "--bogus"}, 2, "run: unrecognised option '--bogus'"},
    {{"run", floats, "--prompt", "a", "--kv", "f64"}, 2, "--kv: expected f16, q8_0 or f32"},
    {{"run", floats, "--prompt", "a", "--backend", "none"},
     4,
     "no plugin provides backend \"none\""},
    {{"run", floats, "--file", "absent.txt"}, 5, "absent.txt: "},
    {{"run", floats, "--prompt", "a", "--template", "none"}, 2, "chat template: expected one of"},
    {{"run", floats, "--prompt", "a", "--template", "absent.jinja"},
     5,
     "absent.jinja: cannot open"},
    {{"run", floats, "--prompt", "a", "--template", "chatml", "--template-arg", "x"},
     2,
     "--template-arg: expected KEY=VALUE, found x"},
    {{"run", floats, "--prompt", "a", "--template", "chatml", "--tools", models + "manifest.json"},
     2,
     "--tools: " + models + "manifest.json: expected a JSON list of objects"},
    {{"chat"}, 2, "chat: expected MODEL, found none"},
    {{"chat", floats, "--context-full", "wrap"}, 2, "--context-full: expected stop or shift"},
    {{"chat", floats, "--load", "absent.json"}, 5, "absent.json: cannot open"},
    {{"info"}, 2, "info: expected MODEL"},
    {{"info", "absent.gguf"}, 5, "absent.gguf: cannot open"},
    {{"check", "absent.gguf"}, 5, "absent.gguf: "},
    {{"check", models + "README.md"}, 3, models + "README.md: "},
    {{"check", floats, "--stages", "none"}, 2, "--stages: no stage 'none'"},
    {{"check", floats, "--backend", "none"}, 4, floats + ": plugins: no plugin provides"},
    {{"logits", floats, "--tokens", "1,99999", "--output", "x.npy"},
     2,
     "prompt: expected token ids"},
    {{"logits", floats, "--tokens", "1", "--output", "/absent/x.npy"}, 5, "/absent/x.npy: cannot"},
    {{"tokenize", "absent.gguf", "--text", "a"}, 5, "absent.gguf: cannot open"},
    {{"detokenize", quantised, "99999"}, 2, "token: expected an id below 272, found 99999"},
    {{"detokenize", quantised, "x"}, 2, "expected a token id, found 'x'"},
    {{"perplexity", floats}, 2, "perplexity: expected file, found none"},
    {{"perplexity", floats, "--file", "absent.txt"}, 5, "absent.txt: cannot open"},
    {{"bench", floats, "--prompt-tokens", "x"}, 2, "--prompt-tokens: expected"},
    {{"plugins", "bogus"}, 2, "plugins: "},
    {{"plugins", "inspect", "absent.so"}, 5, "absent.so: "},
    {{"download"}, 2, "download: expected OWNER/REPO, found none"},
    {{"download", "bogus"}, 2, "repository: expected OWNER/REPO, found 'bogus'"},
    {{"models", "bogus"}, 2, "models: expected list, search, show, rm, verify or path"},
    {{"completion", "nosh"}, 2, "completion: expected bash, zsh or fish, found nosh"},
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(word).append(1, ' ');
  return text;
}

boost::json::value json_of(const std::vector<std::string>& arguments) {
  const Outcome outcome = run_program(arguments);
  BOOST_TEST(outcome.code == 0, joined(arguments) << ": " << outcome.err);
  return boost::json::parse(outcome.out);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_refusal_has_its_code_and_says_why_on_stderr) {
  for (const Refusal& refusal : refusals) {
    BOOST_TEST_CONTEXT(joined(refusal.arguments)) {
      const Outcome outcome = run_program(refusal.arguments);

      BOOST_TEST(outcome.code == refusal.code);
      const auto line = outcome.err.find("quipu: " + refusal.message);
      BOOST_TEST((line == 0 || (line != std::string::npos && outcome.err[line - 1] == '\n')),
                 outcome.err);
      if (refusal.arguments[0] != "check") BOOST_TEST(outcome.out.empty(), outcome.out);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_command_explains_itself_on_one_screen) {
  for (const char* command :
       {"run", "chat", "info", "check", "logits", "tokenize", "detokenize", "perplexity", "bench",
        "download", "models", "plugins", "completion", "version"}) {
    const Outcome outcome = run_program({command, "--help"});
    BOOST_TEST(outcome.code == 0);
    BOOST_TEST(outcome.err == "");
    BOOST_TEST(outcome.out.starts_with(std::string("quipu ") + command));
    BOOST_TEST(std::count(outcome.out.begin(), outcome.out.end(), '\n') <= 40, command);
  }
}

BOOST_AUTO_TEST_CASE(json_is_one_document_on_stdout) {
  const auto info = json_of({"info", quantised, "--json"});
  BOOST_TEST(info.at("architecture").as_string() == "qwen2");
  const auto run = json_of({"run", quantised, "--raw", "--prompt", "he", "-n", "3", "--json"});
  BOOST_TEST(run.at("text").is_string());
  BOOST_TEST(run.at("template").is_null());
  BOOST_TEST(
      json_of({"run", quantised, "--template", "chatml", "--prompt", "he", "-n", "1", "--json"})
          .at("template")
          .as_string() == "chatml");
  const auto check = json_of({"check", quantised, "--json"});
  BOOST_TEST(boost::json::serialize(check).find("\"run\"") != std::string::npos);
  const auto tokens = json_of({"tokenize", quantised, "--text", "hello", "--json"});
  BOOST_TEST(tokens.at("tokens") == boost::json::array({257, 108, 108, 111}));
  const auto bench =
      json_of({"bench", floats, "--prompt-tokens", "8", "--gen-tokens", "2", "--json"});
  for (const char* field :
       {"prefill_tokens_per_second", "decode_tokens_per_second", "load_seconds", "peak_rss_bytes"})
    BOOST_TEST(bench.at(field).is_number(), field);
  const auto plugins = json_of({"plugins", "list", "--json"});
  BOOST_TEST(boost::json::serialize(plugins).find("gguf") != std::string::npos);
  BOOST_TEST(json_of({"version", "--json"}).at("plugin_abi").is_string());
}

BOOST_AUTO_TEST_CASE(tokens_and_texts_convert_both_ways) {
  BOOST_TEST(run_program({"tokenize", quantised, "--text", "hello"}).out == "257 108 108 111\n");
  BOOST_TEST(run_program({"tokenize", quantised}, "hello").out == "257 108 108 111\n");
  BOOST_TEST(run_program({"tokenize", quantised, "--jsonl"}, "\"hello\"\n\"l\"\n").out ==
             "[257,108,108,111]\n[108]\n");
  BOOST_TEST(run_program({"detokenize", quantised, "257", "108", "108", "111"}).out == "hello\n");
}

BOOST_AUTO_TEST_CASE(a_seed_repeats_an_answer_and_greedy_needs_none) {
  const std::vector<std::string> run = {"run", quantised, "--raw", "--prompt", "hello", "-n", "24"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), run.begin(), run.end());
    return run_program(more).out;
  };
  const std::string seven = with({"--seed", "7"});
  BOOST_TEST(!seven.empty());
  BOOST_TEST(with({"--seed", "7"}) == seven);
  BOOST_TEST(with({"--seed", "8"}) != seven);
  BOOST_TEST(with({"--temp", "0"}) == with({"--temp", "0"}));
}

BOOST_AUTO_TEST_CASE(what_is_odd_about_a_model_is_said_once) {
  const quipu::test::TemporaryFolder folder;
  std::ifstream in(quantised, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  // A pre-tokenizer of a name that nobody gave, as long as the one in the file.
  const std::string key = "tokenizer.ggml.pre";
  const auto value = bytes.find(key) + key.size() + 12;
  const auto size = static_cast<unsigned char>(bytes[value - 8]);
  bytes.replace(value, size, std::string(size, 'z'));
  std::ofstream(folder / "odd.gguf", std::ios::binary) << bytes;

  const Outcome outcome =
      run_program({"run", folder / "odd.gguf", "--raw", "--prompt", "hello", "-n", "1"});

  BOOST_TEST(outcome.code == 0, outcome.err);
  const std::string warning = "quipu: warning: tokenizer.ggml.pre: 'zz";
  BOOST_TEST(outcome.err.find(warning) != std::string::npos, outcome.err);
  BOOST_TEST(outcome.err.find(warning) == outcome.err.rfind(warning));
}

BOOST_AUTO_TEST_CASE(a_model_without_a_tokenizer_runs_on_ids_and_refuses_text) {
  const quipu::test::TemporaryFolder folder;
  const std::string whole = models + "qwen2-tied.gguf";
  std::ifstream in(whole, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::string key = "tokenizer.ggml.model", model = folder / "none.gguf";
  bytes.replace(bytes.find(key) + key.size() + 12, 4, "none");  // it was gpt2
  std::ofstream(model, std::ios::binary) << bytes;
  const std::string numbers = folder / "a.npy", expected = folder / "b.npy";

  const Outcome ids = run_program({"logits", model, "--tokens", "1,2,3", "-o", numbers});
  BOOST_TEST(ids.code == 0, ids.err);
  run_program({"logits", whole, "--tokens", "1,2,3", "-o", expected});
  const auto contents = [](const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  BOOST_TEST((contents(numbers) == contents(expected)));

  const Outcome check = run_program({"check", model});
  BOOST_TEST(check.code == 0, check.out);
  for (const char* const command : {"run", "tokenize"}) {
    std::vector<std::string> words{command, model, "-q"};
    words.insert(words.end(), {std::string(command) == "run" ? "--prompt" : "--text", "a"});
    const Outcome text = run_program(words);
    BOOST_TEST(text.code == 4, text.err);
    BOOST_TEST(text.err.starts_with("quipu: tokenizer.ggml.model: expected a tokenizer"), text.err);
  }
}
