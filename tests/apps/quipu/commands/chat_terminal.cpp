// quipu chat, as a person uses it: on a terminal.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "../terminal.h"
#include "support/temporary_folder.h"

namespace json = boost::json;
using quipu::test::TemporaryFolder;
using quipu::test::Terminal;
using Words = std::vector<std::string>;

namespace {

const std::string model = QUIPU_TEST_DATA "/models/qwen2x96-Q4_0.gguf";

constexpr const char* end = "\x04";
constexpr const char* interrupt = "\x03";
constexpr const char* up = "\x1b[A";
constexpr const char* left = "\x1b[D";

// A home of its own, and a chat in it.
struct Home {
  TemporaryFolder folder;
  std::string talk = folder / "talk.json";
  std::string history = folder / "quipu/chat_history";

  Terminal chat(const Words& more = {}, Terminal::Variables variables = {},
                const std::string& chat_template = "chatml") const {
    Words words{"chat", model, "--template", chat_template, "--temp", "0"};
    words.insert(words.end(), more.begin(), more.end());
    variables.insert(variables.begin(), {{"TERM", "xterm"},
                                         {"LC_ALL", "C"},
                                         {"HOME", folder.path()},
                                         {"XDG_STATE_HOME", folder.path()},
                                         {"QUIPU_MAX_TOKENS", "4"}});
    return Terminal(words, variables);
  }
  std::string text_of(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
  /// What the user said in the saved conversation, with "|" between.
  std::string said() const {
    const json::value document = json::parse(text_of(talk));
    std::string all;
    for (const json::value& message : document.at("messages").as_array())
      if (message.at("role") == "user")
        all += (all.empty() ? "" : "|") + std::string(message.at("content").as_string());
    return all;
  }
};

// Types lines, saves, leaves; what the user had said by then.
std::string said_after(const std::string& keys, const Words& more = {}) {
  const Home home;
  Terminal terminal = home.chat(more);
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(keys);
  BOOST_TEST(terminal.wait_for("512 tokens"));
  terminal.type("/save " + home.talk + "\r");
  BOOST_TEST(terminal.wait_for("saved "));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(end);
  BOOST_TEST(terminal.finish() == 0);
  return home.said();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_line_is_answered_and_ctrl_d_leaves) {
  const Home home;
  Terminal terminal = home.chat();

  BOOST_TEST(terminal.wait_for("/help lists commands"));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type("hello\r");
  BOOST_TEST(terminal.wait_for("/512 tokens, "));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(end);
  BOOST_TEST(terminal.finish() == 0);
}

BOOST_AUTO_TEST_CASE(lines_are_edited_in_whole_characters) {
  // Three wide ones and an accent; the second goes, and one comes before the last.
  BOOST_TEST(said_after(std::string("h\xC3\xA9\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E") + left +
                        "\x7f" + "x\r") == "h\xC3\xA9\xE6\x97\xA5x\xE8\xAA\x9E");
}

BOOST_AUTO_TEST_CASE(a_message_of_several_lines_is_typed_with_a_backslash_quotes_or_alt_enter) {
  BOOST_TEST(said_after("a\\\rb\r") == "a\nb");
  BOOST_TEST(said_after("\"\"\"a\rb\"\"\"\r") == "a\nb");
  BOOST_TEST(said_after("a\x1b\rb\r") == "a\nb");
}

BOOST_AUTO_TEST_CASE(a_pasted_text_is_one_message) {
  BOOST_TEST(said_after("x \x1b[200~a\rb\tc\x1b[201~ y\r") == "x a\nb\tc y");
  const std::string lines = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10";
  BOOST_TEST(said_after("x \x1b[200~" + lines + "\x1b[201~ y\r") == "x " + lines + " y");
}

BOOST_AUTO_TEST_CASE(ctrl_c_gives_a_line_up_and_then_says_how_to_leave) {
  const Home home;
  Terminal terminal = home.chat();
  BOOST_TEST(terminal.wait_for(">>>"));

  terminal.type(std::string("forget this") + interrupt);
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(interrupt);
  BOOST_TEST(terminal.wait_for("Ctrl-D or /quit"));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type("hello\r");
  BOOST_TEST(terminal.wait_for("/512 tokens"));
  terminal.type("/save " + home.talk + "\r");
  BOOST_TEST(terminal.wait_for("saved 2 messages"));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type("/quit\r");
  BOOST_TEST(terminal.finish() == 0);
  BOOST_TEST(home.said() == "hello");
}

BOOST_AUTO_TEST_CASE(ctrl_c_stops_an_answer_and_nothing_else) {
  const Home home;
  // The answer would take minutes.
  Terminal terminal = home.chat({"--ctx", "200000", "-n", "190000"});
  BOOST_TEST(terminal.wait_for(">>>"));

  terminal.type("hello\r");
  BOOST_TEST(terminal.wait_for("\xEF\xBF\xBD"));  // the answer has begun
  terminal.type(interrupt);
  BOOST_TEST(terminal.wait_for("stopped"));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type("/set max-tokens 4\rlo\r");
  BOOST_TEST(terminal.wait_for("/200000 tokens"));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(end);
  BOOST_TEST(terminal.finish() == 0);
}

BOOST_AUTO_TEST_CASE(ctrl_c_stops_a_prompt_that_takes_long) {
  const Home home;
  Terminal terminal = home.chat({"--ctx", "500000"});
  BOOST_TEST(terminal.wait_for(">>>"));

  terminal.type("\x1b[200~" + std::string(300000, 'x') + "\x1b[201~");
  BOOST_TEST(terminal.wait_for("[pasted 1: 1 line]"));
  terminal.type("\r");
  BOOST_TEST(terminal.wait_for("reading 300"));  // and some more
  terminal.type(interrupt);
  BOOST_TEST(terminal.wait_for("stopped; the message is taken back"));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(end);
  BOOST_TEST(terminal.finish() == 0);
}

BOOST_AUTO_TEST_CASE(the_last_message_can_be_edited) {
  BOOST_TEST(said_after("hello\r/edit\r!\r") == "hello!");
}

BOOST_AUTO_TEST_CASE(tab_completes_commands) {
  const Home home;
  Terminal terminal = home.chat();
  BOOST_TEST(terminal.wait_for(">>>"));

  terminal.type("/he\t\r");
  BOOST_TEST(terminal.wait_for("Ctrl-R searches"));
  terminal.type("/set min-p\t0.5\r");
  BOOST_TEST(terminal.wait_for("min-p              0.5"));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(end);
  BOOST_TEST(terminal.finish() == 0);
}

BOOST_AUTO_TEST_CASE(what_was_typed_comes_back_in_the_next_session_and_is_private) {
  const Home home;
  {
    Terminal terminal = home.chat();
    BOOST_TEST(terminal.wait_for(">>>"));
    terminal.type("first\\\rsecond\r");
    BOOST_TEST(terminal.wait_for("/512 tokens"));
    BOOST_TEST(terminal.wait_for(">>>"));
    terminal.type(end);
    BOOST_TEST(terminal.finish() == 0);
  }
  struct stat facts {};
  BOOST_REQUIRE(stat(home.history.c_str(), &facts) == 0);
  BOOST_TEST((facts.st_mode & 0777) == 0600u);

  Terminal terminal = home.chat();
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(std::string(up) + "!\r");
  BOOST_TEST(terminal.wait_for("/512 tokens"));
  terminal.type("/save " + home.talk + "\r");
  BOOST_TEST(terminal.wait_for("saved "));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(end);
  BOOST_TEST(terminal.finish() == 0);
  BOOST_TEST(home.said() == "first\nsecond!");
}

BOOST_AUTO_TEST_CASE(without_history_no_file_is_written) {
  const Home home;
  Terminal terminal = home.chat({"--no-history"});
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type("hello\r");
  BOOST_TEST(terminal.wait_for("/512 tokens"));
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(std::string(up) + end);
  terminal.type(interrupt);
  BOOST_TEST(terminal.wait_for(">>>"));
  terminal.type(end);
  BOOST_TEST(terminal.finish() == 0);

  BOOST_TEST(!std::filesystem::exists(home.history));
}

BOOST_AUTO_TEST_CASE(colours_are_for_terminals_that_want_them) {
  const auto sent = [](const Terminal::Variables& variables) {
    const Home home;
    Terminal terminal = home.chat({}, variables);
    BOOST_TEST(terminal.wait_for(">>>"));
    terminal.type("hello\r");
    BOOST_TEST(terminal.wait_for("/512 tokens"));
    BOOST_TEST(terminal.wait_for(">>>"));
    terminal.type(end);
    BOOST_TEST(terminal.finish() == 0);
    return terminal.sent;
  };

  BOOST_TEST(sent({}).find("\x1b[2m") != std::string::npos);
  BOOST_TEST(sent({{"NO_COLOR", "1"}}).find("\x1b[2m") == std::string::npos);
  BOOST_TEST(sent({{"TERM", "dumb"}}).find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(reasoning_is_dimmed_or_named) {
  const Home home;
  const std::string file = home.folder / "thinks.jinja";
  std::ofstream(file) << "{{ messages[0].content }}<think>\n";
  const auto sent = [&](const Terminal::Variables& variables) {
    Terminal terminal = home.chat({}, variables, file);
    BOOST_TEST(terminal.wait_for(">>>"));
    terminal.type("lo\r");
    BOOST_TEST(terminal.wait_for("/512 tokens"));
    BOOST_TEST(terminal.wait_for(">>>"));
    terminal.type(end);
    terminal.finish();
    return terminal.sent;
  };

  const auto dimmed = [](const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("\x1b[2m", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  // Besides the greeting and the figures.
  BOOST_TEST(dimmed(sent({})) > 2u);
  BOOST_TEST(sent({{"NO_COLOR", "1"}}).find("[reasoning]\r\n") != std::string::npos);
}
