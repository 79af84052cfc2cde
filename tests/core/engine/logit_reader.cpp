// Rows of texts that are read side by side are those that the engine gives for each alone.
#include "quipu/logit_reader.h"

#include <boost/test/unit_test.hpp>

#include "quipu/error.h"
#include "toy_model.h"

using quipu::Engine;
using quipu::EngineOptions;
using quipu::Error;
using quipu::ErrorCode;
using quipu::LogitReader;
using Tokens = std::vector<quipu::Token>;

namespace {

EngineOptions toy_options(std::uint32_t sequences, std::uint32_t batch) {
  EngineOptions options;
  options.backend = "toy";
  options.context = 32;
  options.sequences = sequences;
  options.batch = batch;
  return options;
}

const std::vector<Tokens> texts = {{1, 5, 9, 13, 2, 4, 6}, {3}, {8, 8, 8, 20, 21, 22, 23, 24, 25}};

void check_rows(LogitReader& reader, std::size_t first) {
  Engine engine(std::make_shared<toy::Model>(), toy::registry(), toy_options(1, 512));
  for (std::size_t text = 0; text < texts.size(); ++text) {
    const auto expected = engine.logits(texts[text]);
    for (std::size_t i = first; i < texts[text].size(); ++i) {
      const auto row = reader.next();
      BOOST_REQUIRE(row);
      BOOST_TEST(row->text == text);
      BOOST_TEST(row->position == i);
      const std::vector<float> alone(&expected[i * reader.width()],
                                     &expected[i * reader.width()] + reader.width());
      BOOST_TEST(std::vector<float>(row->logits.begin(), row->logits.end()) == alone);
    }
  }
  BOOST_TEST(!reader.next());
}

}  // namespace

BOOST_AUTO_TEST_CASE(rows_are_the_engines_whatever_the_batch) {
  for (const std::uint32_t batch : {1u, 4u, 512u}) {
    LogitReader reader(std::make_shared<toy::Model>(), toy::registry(), toy_options(3, batch));
    reader.open(texts);
    check_rows(reader, 0);
    reader.open(texts, 3);
    check_rows(reader, 3);
  }
}

BOOST_AUTO_TEST_CASE(a_reader_begins_anew_before_the_last_row) {
  LogitReader reader(std::make_shared<toy::Model>(), toy::registry(), toy_options(3, 4));
  reader.open(texts);
  reader.next();
  reader.open(texts);
  check_rows(reader, 0);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  LogitReader reader(std::make_shared<toy::Model>(), toy::registry(), toy_options(2, 4));
  for (const auto& refused : {texts, std::vector<Tokens>{{}}, std::vector<Tokens>{Tokens(33, 1)},
                              std::vector<Tokens>{{-1}}, std::vector<Tokens>{{100'000}}})
    BOOST_CHECK_EXCEPTION(reader.open(refused), Error,
                          [](const Error& error) { return error.code() == ErrorCode::usage; });
  BOOST_TEST(!reader.next());
}
