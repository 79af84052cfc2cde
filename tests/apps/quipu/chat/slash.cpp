// Lines that begin with a slash.
#include "chat/slash.h"

#include <boost/test/unit_test.hpp>

#include "quipu/error.h"

using quipu::app::message_text;
using quipu::app::parse_slash;
using quipu::app::Verb;

BOOST_AUTO_TEST_CASE(a_command_is_a_word_and_the_rest_of_its_line) {
  const auto command = parse_slash("/system  You are\ta cat. ");

  BOOST_REQUIRE(command.has_value());
  BOOST_TEST((command->verb == Verb::system));
  BOOST_TEST(command->argument == "You are\ta cat.");
}

BOOST_AUTO_TEST_CASE(a_command_is_known_by_its_name_or_a_beginning_that_fits_no_other) {
  for (const auto& each : quipu::app::slash_commands())
    BOOST_TEST((parse_slash("/" + std::string(each.name))->verb == each.verb));
  BOOST_TEST((parse_slash("/q")->verb == Verb::quit));
  BOOST_TEST((parse_slash("/und")->verb == Verb::undo));
}

BOOST_AUTO_TEST_CASE(what_is_no_command_is_said_with_what_it_could_have_been) {
  const auto refused = [](const char* line, const std::string& message) {
    BOOST_CHECK_EXCEPTION(parse_slash(line), quipu::Error, [&](const quipu::Error& error) {
      BOOST_TEST(error.what() == message);
      return error.code() == quipu::ErrorCode::usage;
    });
  };
  refused("/etc/passwd",
          "no command /etc/passwd; /help lists them, // begins a message with a slash");
  refused("/s", "no command /s; it begins /system, /save, /set, /stats");
}

BOOST_AUTO_TEST_CASE(other_lines_are_messages) {
  BOOST_TEST(!parse_slash("hello /help"));
  BOOST_TEST(!parse_slash(""));
  BOOST_TEST(!parse_slash("//etc/passwd"));
  BOOST_TEST(message_text("//etc/passwd") == "/etc/passwd");
  BOOST_TEST(message_text("a//b") == "a//b");
}
