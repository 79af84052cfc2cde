// Reasoning in streams of text, cut at every place.
#include "reasoning.h"

#include <boost/test/unit_test.hpp>

#include "support/memory_metadata.h"

using quipu::app::AnswerPart;
using quipu::app::ReasoningParser;

namespace {

struct Case {
  std::string prompt, text, reasoning, content;
};

// What models write, by their chat templates; the last ones are made up.
const Case cases[] = {
    {"", "Hello.", "", "Hello."},
    {"", "<think>\nSo.\n</think>\n\nYes.", "So.", "Yes."},
    {"", "\n<think>So.</think>Yes.\n", "So.", "Yes.\n"},
    {"<|im_start|>assistant\n<think>\n", "So.\n</think>\n\nYes.", "So.", "Yes."},
    {"<think>\n\n</think>\n\n", "Yes.", "", "Yes."},
    {"", "<think>\n\n</think>\n\nYes.", "", "Yes."},
    {"", "<seed:think>So.</seed:think>Yes.", "So.", "Yes."},
    {"", "[THINK]So.[/THINK]Yes.", "So.", "Yes."},
    {"", "<|channel>thought\nSo.\n<channel|>Yes.", "So.", "Yes."},
    {"<|channel>thought\n<channel|>", "Yes.", "", "Yes."},
    {"", "<|inner_prefix|>So.<|inner_suffix|>Yes.", "So.", "Yes."},
    {"", "<|START_THINKING|>So.<|END_THINKING|><|START_RESPONSE|>Yes.", "So.", "Yes."},
    {"", "<|START_RESPONSE|>Yes.", "", "Yes."},
    {"<|start|>assistant",
     "<|channel|>analysis<|message|>So.<|end|><|start|>assistant<|channel|>final<|message|>Yes.",
     "So.", "Yes."},
    {"<|start|>assistant", "<|channel|>final<|message|>Yes.", "", "Yes."},
    {"<|start|>assistant<|channel|>analysis<|message|>",
     "So.<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>{}", "So.", "{}"},
    {"", "<think>So, it goes on", "So, it goes on", ""},
    {"", "<think>a</thin b</think>c", "a</thin b", "c"},
    {"", "A <think> tag is no thought.", "", "A <think> tag is no thought."},
    {"", "<thin", "", "<thin"},
    {"", "<think>a</thi", "a</thi", ""},
    {"", "<think>a  \n b \n</think> c", "a  \n b", "c"},
    {"", "<|channel|>analysis", "", ""},
    {"", "<|channel|>" + std::string(300, 'x'), "", "<|channel|>" + std::string(300, 'x')},
};

void add(const std::vector<AnswerPart>& parts, std::string& reasoning, std::string& content) {
  for (const AnswerPart& part : parts)
    (part.kind == AnswerPart::reasoning ? reasoning : content) += part.text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(reasoning_and_answer_are_told_apart_wherever_the_text_is_cut) {
  for (const Case& c : cases) {
    for (std::size_t cut = 0; cut <= c.text.size(); ++cut) {
      ReasoningParser parser(c.prompt);
      std::string reasoning, content;

      add(parser.push(std::string_view(c.text).substr(0, cut)), reasoning, content);
      add(parser.push(std::string_view(c.text).substr(cut)), reasoning, content);
      add(parser.finish(), reasoning, content);

      BOOST_TEST(reasoning == c.reasoning, c.text << " cut at " << cut);
      BOOST_TEST(content == c.content, c.text << " cut at " << cut);
    }
  }
}

BOOST_AUTO_TEST_CASE(byte_by_byte_it_is_the_same) {
  for (const Case& c : cases) {
    ReasoningParser parser(c.prompt);
    std::string reasoning, content;

    for (const char byte : c.text) add(parser.push({&byte, 1}), reasoning, content);
    add(parser.finish(), reasoning, content);

    BOOST_TEST(reasoning == c.reasoning, c.text);
    BOOST_TEST(content == c.content, c.text);
  }
}

BOOST_AUTO_TEST_CASE(text_is_held_back_only_while_it_may_become_a_marker) {
  ReasoningParser parser("");
  using Parts = std::vector<AnswerPart>;

  BOOST_TEST((parser.push("<th") == Parts{}));
  BOOST_TEST((parser.push("ink>So") == Parts{{AnswerPart::reasoning, "So"}}));
  BOOST_TEST((parser.push(" it </") == Parts{{AnswerPart::reasoning, " it"}}));
  BOOST_TEST((parser.push("b> is.</think>\n\n") == Parts{{AnswerPart::reasoning, " </b> is."}}));
  BOOST_TEST((parser.push("Yes. ") == Parts{{AnswerPart::content, "Yes. "}}));
  BOOST_TEST((parser.push("</think>") == Parts{{AnswerPart::content, "</think>"}}));
}

BOOST_AUTO_TEST_CASE(markers_that_are_special_tokens_are_found_in_the_vocabulary) {
  quipu::test::MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "gpt-2");
  metadata.set("tokenizer.ggml.tokens",
               std::vector<std::string>{"a", "<think>", "[THINK]", "<|message|>", "<|im_end|>"});
  // Normal, user-defined (which has text anyway), and three control tokens.
  metadata.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, 4, 3, 3, 3});
  metadata.set("tokenizer.ggml.merges", std::vector<std::string>{});
  const auto tokenizer = quipu::Tokenizer::make(metadata);

  const std::vector<quipu::Token> expected{2, 3};
  BOOST_TEST(ReasoningParser::special_markers(*tokenizer) == expected,
             boost::test_tools::per_element());
}
