// What commands do to a conversation, and what its files hold.
#include "chat/conversation.h"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "chat/conversation_file.h"
#include "quipu/error.h"
#include "support/temporary_folder.h"

namespace json = boost::json;
using quipu::Error;
using quipu::ErrorCode;
using quipu::app::Conversation;
using quipu::app::load_conversation;
using quipu::app::save_conversation;
using quipu::test::TemporaryFolder;

namespace {

// "s:You" … as role and content.
std::string shown(const json::array& messages) {
  std::string text;
  for (const json::value& message : messages) {
    if (!text.empty()) text += ' ';
    text += message.at("role").as_string()[0];
    text += ':';
    text += message.at("content").as_string();
  }
  return text;
}

Conversation of_three_turns() {
  Conversation conversation;
  conversation.set_system("S");
  for (const char* const name : {"1", "2", "3"}) {
    conversation.add_user(name);
    conversation.add_answer(std::string(name) + name, "");
  }
  return conversation;
}

void refused(const std::filesystem::path& file, ErrorCode code, const std::string& part) {
  BOOST_CHECK_EXCEPTION(load_conversation(file), Error, [&](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    const std::string message = error.what();
    return error.code() == code && message.starts_with(file.string()) &&
           message.find(part) != std::string::npos;
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(undo_takes_the_last_message_and_its_answer) {
  Conversation conversation = of_three_turns();

  BOOST_TEST(conversation.undo().value() == "3");
  BOOST_TEST(shown(conversation.messages()) == "s:S u:1 a:11 u:2 a:22");
  conversation.add_user("4");
  BOOST_TEST(conversation.undo().value() == "4");
  BOOST_TEST(conversation.turns() == 2u);
}

BOOST_AUTO_TEST_CASE(nothing_said_is_nothing_to_undo) {
  Conversation conversation;
  conversation.set_system("S");

  BOOST_TEST(!conversation.undo());
  BOOST_TEST(!conversation.drop_answer());
  BOOST_TEST(shown(conversation.messages()) == "s:S");
}

BOOST_AUTO_TEST_CASE(an_answer_alone_can_be_taken_back) {
  Conversation conversation = of_three_turns();

  BOOST_TEST(conversation.drop_answer());
  BOOST_TEST(shown(conversation.messages()) == "s:S u:1 a:11 u:2 a:22 u:3");
  BOOST_TEST(!conversation.drop_answer());
}

BOOST_AUTO_TEST_CASE(reset_keeps_the_system_message) {
  Conversation conversation = of_three_turns();
  conversation.forget_oldest();

  conversation.reset();

  BOOST_TEST(shown(conversation.messages()) == "s:S");
  BOOST_TEST(conversation.forgotten() == 0u);
}

BOOST_AUTO_TEST_CASE(the_system_message_is_first_and_one) {
  Conversation conversation;
  conversation.add_user("1");

  conversation.set_system("A");
  conversation.set_system("B");
  BOOST_TEST(conversation.system() == "B");
  BOOST_TEST(shown(conversation.messages()) == "s:B u:1");
  conversation.set_system("");
  BOOST_TEST(conversation.system() == "");
  BOOST_TEST(shown(conversation.messages()) == "u:1");
}

BOOST_AUTO_TEST_CASE(forgotten_turns_are_kept_but_not_seen) {
  Conversation conversation = of_three_turns();

  BOOST_TEST(conversation.forget_oldest());
  BOOST_TEST(shown(conversation.visible()) == "s:S u:2 a:22 u:3 a:33");
  BOOST_TEST(conversation.forget_oldest());
  BOOST_TEST(shown(conversation.visible()) == "s:S u:3 a:33");
  BOOST_TEST(!conversation.forget_oldest());
  BOOST_TEST(shown(conversation.messages()) == "s:S u:1 a:11 u:2 a:22 u:3 a:33");
  conversation.remember(1);
  BOOST_TEST(shown(conversation.visible()) == "s:S u:2 a:22 u:3 a:33");
}

BOOST_AUTO_TEST_CASE(the_last_turn_is_seen_after_an_undo) {
  Conversation conversation = of_three_turns();
  conversation.forget_oldest();
  conversation.forget_oldest();

  conversation.undo();

  BOOST_TEST(shown(conversation.visible()) == "s:S u:2 a:22");
}

BOOST_AUTO_TEST_CASE(what_comes_before_the_first_turn_is_forgotten_with_it) {
  Conversation conversation(json::array{{{"role", "system"}, {"content", "S"}},
                                        {{"role", "assistant"}, {"content", "Hi"}}});
  conversation.add_user("1");
  conversation.add_answer("11", "");
  conversation.add_user("2");

  conversation.forget_oldest();

  BOOST_TEST(shown(conversation.visible()) == "s:S u:2");
}

BOOST_AUTO_TEST_CASE(reasoning_is_kept_beside_the_content) {
  Conversation conversation;
  conversation.add_user("1");
  conversation.add_answer("Yes.", "So.");

  BOOST_TEST(json::serialize(conversation.messages()) ==
             R"([{"role":"user","content":"1"},)"
             R"({"role":"assistant","content":"Yes.","reasoning_content":"So."}])");
}

BOOST_AUTO_TEST_CASE(a_saved_conversation_is_loaded_as_it_was) {
  const TemporaryFolder folder;
  const auto file = folder / "talk.json";
  Conversation conversation = of_three_turns();
  conversation.add_user("\xE6\x97\xA5\n\"\\");

  save_conversation(file, "m.gguf", conversation.messages());

  BOOST_TEST(load_conversation(file) == conversation.messages());
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  BOOST_TEST(json::parse(text.str()).at("model") == "m.gguf");
  struct stat facts {};
  BOOST_REQUIRE(stat(file.c_str(), &facts) == 0);
  BOOST_TEST((facts.st_mode & 0777) == 0600u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_leaves_no_file) {
  const TemporaryFolder folder;
  const auto taken = folder / "taken";
  mkdir(taken.c_str(), 0700);

  BOOST_CHECK_THROW(save_conversation(folder / "absent/talk.json", "m", {}), Error);
  BOOST_CHECK_THROW(save_conversation(taken, "m", {}), Error);

  BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_not_replaced_and_a_link_stays_one) {
  const TemporaryFolder folder;
  const auto pipe = folder / "pipe", link = folder / "link", target = folder / "target";
  BOOST_REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::filesystem::create_symlink("target", link);
  std::ofstream(target) << "old";

  BOOST_CHECK_THROW(save_conversation(pipe, "m", {}), Error);
  save_conversation(link, "m", {});

  BOOST_TEST(std::filesystem::is_fifo(pipe));
  BOOST_TEST(std::filesystem::is_symlink(link));
  BOOST_TEST(load_conversation(target).empty());
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_refused_by_name) {
  const TemporaryFolder folder;
  const auto file = folder / "talk.json";
  const auto check = [&](const std::string& text, const std::string& part) {
    std::ofstream(file, std::ios::binary) << text;
    refused(file, ErrorCode::usage, part);
  };

  check("", "expected JSON");
  check("{", "expected JSON");
  check("[]", "a list \"messages\"");
  check(R"({"messages": {}})", "a list \"messages\"");
  check(R"({"messages": [1]})", "messages[0]: expected an object");
  check(R"({"messages": [{"role": "user", "content": "a"}, {"content": "a"}]})",
        "messages[1].role: expected a text, found no such key");
  check(R"({"messages": [{"role": "user"}]})", "messages[0].content");
  check(R"({"messages": [{"role": "user", "content": 7}]})", "found 7");
  check(R"({"messages": [{"role": ")" + std::string(65, 'a') + R"(", "content": ""}]})",
        "found 65");
  check(R"({"messages": )" + std::string(100000, '['), "expected JSON");
  refused(folder / "absent", ErrorCode::io, "cannot open");
  refused("/dev/zero", ErrorCode::usage, "expected a file");
}
