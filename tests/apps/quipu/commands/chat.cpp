// quipu chat, as scripts use it: lines are turns.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include "../program.h"

namespace json = boost::json;
using quipu::test::Outcome;
using quipu::test::run_program;
using quipu::test::TemporaryFolder;
using Words = std::vector<std::string>;

namespace {

// Random weights: answers are junk, and the same each time.
const std::string model = QUIPU_TEST_DATA "/models/qwen2x96-Q4_0.gguf";

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Outcome chat(const Words& more, const std::string& input) {
  return run_program(with({"chat", model, "--template", "chatml", "--temp", "0"}, more), input);
}

std::vector<json::value> documents(const std::string& lines) {
  std::vector<json::value> all;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) all.push_back(json::parse(line));
  return all;
}

std::vector<json::value> turns(const Words& more, const std::string& input,
                               const std::string& most = "12") {
  const Outcome outcome = chat(with({"--json", "-n", most}, more), input);
  BOOST_TEST(outcome.code == 0, outcome.err);
  return documents(outcome.out);
}

// What `run` answers to a prompt that chat has built by hand.
std::string plain_answer(const std::string& text) {
  const Outcome outcome =
      run_program({"run", model, "--raw", "--temp", "0", "-n", "12", "--prompt", text});
  BOOST_TEST(outcome.code == 0, outcome.err);
  return outcome.out;
}

std::string chatml(const std::string& role, const std::string& text) {
  return "<|im_start|>" + role + "\n" + text + "<|im_end|>\n";
}
const std::string opened = "<|im_start|>assistant\n";

std::string content(const json::value& turn) {
  return std::string(turn.at("content").as_string());
}

}  // namespace

BOOST_AUTO_TEST_CASE(stdout_has_the_answers_alone) {
  const Outcome outcome = chat({"-n", "12"}, "hello\nlo\n");

  const std::string first = plain_answer(chatml("user", "hello") + opened);
  const std::string answer = first.substr(0, first.size() - 1);
  const std::string second = plain_answer(chatml("user", "hello") + chatml("assistant", answer) +
                                          chatml("user", "lo") + opened);
  BOOST_TEST(outcome.code == 0);
  BOOST_TEST(outcome.out == first + second);
  BOOST_TEST(outcome.err == "");
}

BOOST_AUTO_TEST_CASE(json_has_a_line_for_each_turn) {
  const auto found = turns({"--seed", "7"}, "hello\nlo\n");

  BOOST_REQUIRE(found.size() == 2u);
  for (const json::value& turn : found) {
    BOOST_TEST(turn.at("role") == "assistant");
    BOOST_TEST(turn.at("finish_reason") == "length");
    BOOST_TEST(turn.at("answer_tokens") == 12);
    BOOST_TEST(turn.at("seed") == 7);
  }
}

BOOST_AUTO_TEST_CASE(a_turn_runs_only_what_is_new) {
  const TemporaryFolder folder;
  const std::string file = folder / "special.jinja";
  // Between messages stands a special token, as in real templates.
  std::ofstream(file) << "{% for m in messages %}{{ m.content }}<|endoftext|>{% endfor %}";

  const Outcome outcome = run_program(
      {"chat", model, "--template", file, "--temp", "0", "-n", "12", "--json"}, "hello\nlo\n");

  const auto found = documents(outcome.out);
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(found[0].at("reused_tokens") == 0);
  // All of the first turn but its last token, which was drawn and not run.
  BOOST_TEST(found[1].at("reused_tokens") ==
             found[0].at("prompt_tokens").as_int64() + found[0].at("answer_tokens").as_int64() - 1);
}

BOOST_AUTO_TEST_CASE(messages_may_have_several_lines) {
  const auto found = turns({}, "\"\"\"\nhe\nlo\"\"\"\n/reset\nhe\\\nlo\n\n");

  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(content(found[0]) + "\n" == plain_answer(chatml("user", "he\nlo") + opened));
  BOOST_TEST(content(found[1]) == content(found[0]));
}

BOOST_AUTO_TEST_CASE(what_is_undone_was_never_said) {
  const auto found = turns({}, "hello\nlo\n/undo\nlo\n/retry\n/undo\n/undo\nhello\n");

  BOOST_REQUIRE(found.size() == 5u);
  BOOST_TEST(content(found[2]) == content(found[1]));
  BOOST_TEST(content(found[3]) == content(found[1]));
  BOOST_TEST(content(found[4]) == content(found[0]));
}

BOOST_AUTO_TEST_CASE(the_system_message_comes_from_an_option_or_a_command) {
  const std::string expected = plain_answer(chatml("system", "he") + chatml("user", "lo") + opened);

  BOOST_TEST(content(turns({"--system", "he"}, "lo\n").at(0)) + "\n" == expected);
  BOOST_TEST(content(turns({}, "/system he\nlo\n").at(0)) + "\n" == expected);
  BOOST_TEST(content(turns({"--system", "he"}, "/system none\nlo\n").at(0)) + "\n" ==
             plain_answer(chatml("user", "lo") + opened));
}

BOOST_AUTO_TEST_CASE(the_first_message_may_be_an_option) {
  const auto found = turns({"--prompt", "hello"}, "lo\n");

  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(content(found[0]) == content(turns({}, "hello\n").at(0)));
}

BOOST_AUTO_TEST_CASE(a_saved_conversation_goes_on_where_it_was) {
  const TemporaryFolder folder;
  const std::string file = folder / "talk.json";
  const auto whole = turns({}, "hello\n/save " + file + "\nlo\n");

  BOOST_REQUIRE(whole.size() == 2u);
  BOOST_TEST(content(turns({"--load", file}, "lo\n").at(0)) == content(whole[1]));
  BOOST_TEST(content(turns({}, "other\n/load " + file + "\nlo\n").at(1)) == content(whole[1]));
}

BOOST_AUTO_TEST_CASE(options_are_set_for_what_comes) {
  const auto found = turns({}, "/set max-tokens 3\nhello\n/set max-tokens default\nhello\n");

  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(found[0].at("answer_tokens") == 3);
  BOOST_TEST(found[1].at("answer_tokens") == 12);
  const Outcome table = chat({"--seed", "7"}, "/set\n");
  BOOST_TEST(table.out == "");
  BOOST_TEST(table.err.find("\n  seed               7 ") != std::string::npos, table.err);
  BOOST_TEST(table.err.find("\n  temp               0 ") != std::string::npos, table.err);
}

BOOST_AUTO_TEST_CASE(a_command_that_fails_is_a_line_and_the_chat_goes_on) {
  const TemporaryFolder folder;
  const std::string damaged = folder / "damaged.json";
  std::ofstream(damaged) << "{\"messages\": [";
  const auto check = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = chat({"-n", "12"}, line + "\nhello\n");
    BOOST_TEST(outcome.code == 1);
    BOOST_TEST(outcome.err.starts_with("quipu: " + message), outcome.err);
    BOOST_TEST(outcome.out == plain_answer(chatml("user", "hello") + opened));
  };

  check("/load " + damaged, damaged + ": expected JSON");
  check("/load " + damaged + "x", damaged + "x: cannot open");
  check("/save /absent/talk.json", "/absent/talk.json: cannot write");
  check("/bogus", "no command /bogus");
  check("/set bogus 1", "/set: no option 'bogus'");
  check("/set temp warm", "chat: the argument ('warm')");
  check("/set temp -1", "temperature: ");
  check("/set context-full wrap", "--context-full: expected stop or shift, found wrap");
  check("/undo", "/undo: expected a message");
  check("/retry", "/retry: expected a message");
  check("/edit", "/edit: expected a terminal");
}

BOOST_AUTO_TEST_CASE(a_full_context_ends_the_answer_and_says_what_can_be_done) {
  const Outcome outcome = chat({"--ctx", "100", "-n", "-1", "--json"}, "hello\nlo\n");

  const auto found = documents(outcome.out);
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(found[0].at("finish_reason") == "context_full");
  BOOST_TEST(found[0].at("context_tokens") == 100);
  BOOST_TEST(found[1].at("error").as_string().starts_with("conversation: expected fewer than 100"));
  BOOST_TEST(outcome.code == 1);
  BOOST_TEST(outcome.err.find("/set context-full shift") != std::string::npos, outcome.err);
}

BOOST_AUTO_TEST_CASE(a_message_longer_than_the_context_is_refused_and_the_conversation_stays) {
  const std::string longer(300, 'x');
  for (const char* const how : {"stop", "shift"}) {
    const Outcome outcome = chat({"--ctx", "250", "--context-full", how, "-n", "12", "--json"},
                                 "hello\n" + longer + "\nlo\n");

    const auto found = documents(outcome.out);
    const auto without = turns({"--ctx", "250"}, "hello\nlo\n");
    BOOST_REQUIRE(found.size() == 3u);
    BOOST_TEST(found[1].at("error").as_string().find("fewer than 250 tokens") !=
               boost::json::string::npos);
    BOOST_TEST(content(found[2]) == content(without[1]));
    BOOST_TEST(outcome.code == 1);
  }
}

BOOST_AUTO_TEST_CASE(with_shift_the_oldest_turns_are_forgotten_and_it_is_said) {
  // A turn is some 60 tokens: the third does not fit.
  const Outcome outcome =
      chat({"--ctx", "150", "--context-full", "shift", "-n", "12", "--json", "--system", "he"},
           "hello\nlo\nhe\n");
  const auto found = documents(outcome.out);
  BOOST_REQUIRE(found.size() == 3u);
  std::int64_t forgotten = 0;
  for (const json::value& turn : found) forgotten += turn.at("forgotten_turns").as_int64();
  BOOST_TEST(forgotten > 0);
  BOOST_TEST(outcome.err.find("the model has forgotten the oldest turn") != std::string::npos,
             outcome.err);
}

BOOST_AUTO_TEST_CASE(an_answer_goes_on_when_turns_are_forgotten_within_it) {
  const auto found = turns({"--ctx", "150", "--context-full", "shift"}, "hello\nlo\n", "60");

  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(found[1].at("finish_reason") == "length");
  BOOST_TEST(found[1].at("answer_tokens") == 60);
  BOOST_TEST(found[1].at("forgotten_turns") == 1);
}

BOOST_AUTO_TEST_CASE(reasoning_is_no_content) {
  const TemporaryFolder folder;
  const std::string file = folder / "thinks.jinja";
  std::ofstream(file) << "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
                         "{{ m.reasoning_content }}<|im_end|>\n{% endfor %}"
                         "<|im_start|>assistant\n<think>\n";

  const auto found = documents(
      run_program({"chat", model, "--template", file, "--temp", "0", "-n", "12", "--json"}, "lo\n")
          .out);
  const Outcome text =
      run_program({"chat", model, "--template", file, "--temp", "0", "-n", "12"}, "lo\n");

  BOOST_REQUIRE(found.size() == 1u);
  BOOST_TEST(content(found[0]) == "");
  BOOST_TEST(!found[0].at("reasoning_content").as_string().empty());
  BOOST_TEST(text.out == "\n");
}

BOOST_AUTO_TEST_CASE(what_a_template_refuses_is_a_line) {
  const TemporaryFolder folder;
  const std::string file = folder / "short.jinja";
  std::ofstream(file) << "{% if messages|length > 1 %}{{ raise_exception('one is enough') }}"
                         "{% endif %}{{ messages[0].content }}";

  const Outcome outcome =
      run_program({"chat", model, "--template", file, "--temp", "0", "-n", "4", "--json"},
                  "lo\nlo\n/undo\nlo\n");

  const auto found = documents(outcome.out);
  BOOST_REQUIRE(found.size() == 3u);
  BOOST_TEST(found[1].at("error").as_string().find("one is enough") != json::string::npos);
  BOOST_TEST(content(found[2]) == content(found[0]));
  BOOST_TEST(outcome.code == 1);
}

BOOST_AUTO_TEST_CASE(figures_are_said_with_verbose_and_nothing_with_quiet) {
  BOOST_TEST(chat({"-n", "12", "-v"}, "hello\n").err.find("/512 tokens, ") != std::string::npos);
  BOOST_TEST(chat({"-n", "12", "-q"}, "hello\n").err == "");
}
