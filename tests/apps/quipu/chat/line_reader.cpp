// Messages from lines, and lines from a pipe.
#include "chat/line_reader.h"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <deque>

#include "command.h"

using quipu::app::Line;
using quipu::app::LineReader;
using quipu::app::PlainReader;
using quipu::app::read_message;

namespace {

class Lines final : public LineReader {
 public:
  explicit Lines(std::deque<Line> lines) : lines_(std::move(lines)) {}
  Line read(std::string_view prompt, std::string_view) override {
    prompts += prompt;
    if (lines_.empty()) return {Line::end, {}};
    Line line = lines_.front();
    lines_.pop_front();
    return line;
  }
  bool edits() const override { return false; }
  void remember(const std::string&) override {}

  std::string prompts;

 private:
  std::deque<Line> lines_;
};

Line message_of(const std::vector<std::string>& lines) {
  std::deque<Line> all;
  for (const std::string& line : lines) all.push_back({Line::typed, line});
  Lines reader(all);
  return read_message(reader, "> ", ". ");
}

// What was written to a pipe whose end is closed.
struct Pipe {
  int ends[2];
  explicit Pipe(const std::string& text) {
    BOOST_REQUIRE(pipe(ends) == 0);
    BOOST_REQUIRE(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    close(ends[1]);
  }
  ~Pipe() { close(ends[0]); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_line_is_a_message) {
  BOOST_TEST(message_of({"one", "two"}).text == "one");
  BOOST_TEST(message_of({""}).text == "");
  BOOST_TEST((message_of({}).kind == Line::end));
}

BOOST_AUTO_TEST_CASE(a_backslash_at_the_end_goes_on_with_the_next_line) {
  BOOST_TEST(message_of({"one\\", "two\\", "three", "four"}).text == "one\ntwo\nthree");
  BOOST_TEST(message_of({"a\\b"}).text == "a\\b");
}

BOOST_AUTO_TEST_CASE(three_quotes_hold_several_lines) {
  const std::string q = "\"\"\"";

  BOOST_TEST(message_of({q, "one", "", "two", q, "three"}).text == "one\n\ntwo");
  BOOST_TEST(message_of({q + "one", "two\\", "three" + q}).text == "one\ntwo\\\nthree");
  BOOST_TEST(message_of({q + "one" + q}).text == "one");
  BOOST_TEST(message_of({q + q}).text == "");
  BOOST_TEST(message_of({q, "\"one\"", q}).text == "\"one\"");
}

BOOST_AUTO_TEST_CASE(the_end_of_input_ends_a_message_that_goes_on) {
  const Line block = message_of({"\"\"\"", "one", "two"});

  BOOST_TEST((block.kind == Line::typed));
  BOOST_TEST(block.text == "one\ntwo");
  BOOST_TEST(message_of({"one\\"}).text == "one");
}

BOOST_AUTO_TEST_CASE(ctrl_c_gives_up_a_message_that_goes_on) {
  Lines reader({{Line::typed, "one\\"}, {Line::interrupt, "tw"}, {Line::typed, "three"}});

  BOOST_TEST((read_message(reader, "> ", ". ").kind == Line::interrupt));
  BOOST_TEST(reader.prompts == "> . ");
  BOOST_TEST(read_message(reader, "> ", ". ").text == "three");
}

BOOST_AUTO_TEST_CASE(a_pipe_is_read_line_by_line_to_its_end) {
  Pipe pipe("one\r\n\ntwo\nthree");
  PlainReader reader(pipe.ends[0], false);

  for (const char* const line : {"one", "", "two", "three"}) {
    const Line read = reader.read("");
    BOOST_TEST((read.kind == Line::typed));
    BOOST_TEST(read.text == line);
  }
  BOOST_TEST((reader.read("").kind == Line::end));
  BOOST_TEST((reader.read("").kind == Line::end));
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_cannot_be_read_is_an_error) {
  PlainReader reader(-1, false);

  BOOST_CHECK_EXCEPTION(reader.read(""), quipu::Error, [](const quipu::Error& error) {
    return error.code() == quipu::ErrorCode::io;
  });
}
