// quipu bench as a script meets it: fields, lists of tests, comparisons, explanations, refusals.
// Nothing here looks at how fast anything was.
#include <boost/test/unit_test.hpp>

#include <boost/json.hpp>
#include <fstream>

#include "apps/quipu/program.h"

using quipu::test::Outcome;
using quipu::test::run_program;
namespace json = boost::json;

namespace {

const std::string models = QUIPU_TEST_DATA "/models/";
const std::string model = models + "qwen2.gguf";

json::object bench(std::vector<std::string> more) {
  std::vector<std::string> words{"bench", model, "--repeat", "2", "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = run_program(words);
  BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return json::parse(outcome.out).as_object();
}

void check_refused(const std::vector<std::string>& words, int code, const std::string& message) {
  const Outcome outcome = run_program(words);
  BOOST_TEST(outcome.code == code);
  BOOST_TEST(outcome.err.starts_with("quipu: " + message), outcome.err);
  BOOST_TEST(outcome.out == "");
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_documented_fields_are_there) {
  const auto all = bench({"--prompt-tokens", "8", "--gen-tokens", "2", "--threads", "2"});

  for (const char* field : {"prefill_tokens_per_second", "decode_tokens_per_second", "load_seconds",
                            "first_token_seconds", "peak_rss_bytes", "weight_bytes_per_token",
                            "read_bytes_per_second", "integer_multiply_adds_per_second"})
    BOOST_TEST(all.at(field).is_number(), field);
  BOOST_TEST(all.at("model").as_string() == model);
  BOOST_TEST(all.at("threads").to_number<int>() == 2);
  BOOST_TEST(all.at("version").is_string());
  BOOST_TEST(!all.contains("kernels"));
  BOOST_TEST(!all.contains("compare"));
  BOOST_REQUIRE(all.at("tests").as_array().size() == 2u);
  for (const auto& test : all.at("tests").as_array()) {
    for (const char* field : {"min", "median", "max", "fraction_of_limit", "fraction_of_read",
                              "read_bytes_per_second", "tokens", "depth", "batch"})
      BOOST_TEST(test.at(field).is_number(), field);
    BOOST_TEST(test.at("min").as_double() > 0);
    BOOST_TEST(test.at("min").as_double() <= test.at("median").as_double());
    BOOST_TEST(test.at("median").as_double() <= test.at("max").as_double());
    BOOST_TEST(!test.as_object().contains("profile"));
  }
}

BOOST_AUTO_TEST_CASE(what_was_not_asked_for_is_null) {
  const auto no_decode = bench({"--prompt-tokens", "8", "--gen-tokens", "0"});
  BOOST_TEST(no_decode.at("prefill_tokens_per_second").is_number());
  BOOST_TEST(no_decode.at("decode_tokens_per_second").is_null());

  const auto no_prefill = bench({"--prompt-tokens", "0", "--gen-tokens", "2"});
  BOOST_TEST(no_prefill.at("prefill_tokens_per_second").is_null());
  BOOST_TEST(no_prefill.at("decode_tokens_per_second").is_number());
}

BOOST_AUTO_TEST_CASE(lists_are_tests_of_their_own_and_the_first_gives_the_headline) {
  const auto all =
      bench({"--prompt-tokens", "4,8", "--gen-tokens", "3", "--depth", "0,20", "--batch", "1,2"});

  std::vector<std::string> names;
  for (const auto& test : all.at("tests").as_array())
    names.emplace_back(test.at("test").as_string());
  BOOST_TEST(names ==
             (std::vector<std::string>{"pp4", "pp8", "tg3", "tg3x2", "tg3@20", "tg3@20x2"}));
  BOOST_TEST(all.at("prefill_tokens_per_second") == all.at("tests").at(0).at("median"));
  BOOST_TEST(all.at("decode_tokens_per_second") == all.at("tests").at(2).at("median"));
}

BOOST_AUTO_TEST_CASE(a_comparison_has_the_numbers_of_the_file_and_ratios_to_them) {
  const quipu::test::TemporaryFolder folder;
  const auto first = bench({"--prompt-tokens", "8", "--gen-tokens", "2"});
  std::ofstream(folder / "first.json") << json::serialize(first);

  const auto second = bench(
      {"--prompt-tokens", "8", "--gen-tokens", "0", "--compare", (folder / "first.json").string()});

  const auto& rows = second.at("compare").as_array();
  BOOST_REQUIRE(rows.size() == 5u);
  BOOST_TEST(rows[3].at("test").as_string() == "pp8");
  BOOST_TEST(rows[3].at("this") == second.at("tests").at(0).at("median"));
  // Reading a number of 17 digits may miss its last bit.
  const double read_twice = 1e-14;
  BOOST_TEST(rows[3].at("other").as_double() == first.at("tests").at(0).at("median").as_double(),
             boost::test_tools::tolerance(read_twice));
  BOOST_TEST(rows[3].at("ratio").as_double() ==
                 rows[3].at("this").as_double() / rows[3].at("other").as_double(),
             boost::test_tools::tolerance(read_twice));
  BOOST_TEST(rows[4].at("test").as_string() == "tg2");
  BOOST_TEST(rows[4].at("this").is_null());
  BOOST_TEST(rows[4].at("ratio").is_null());
}

BOOST_AUTO_TEST_CASE(an_explanation_counts_exactly_and_its_shares_add_up) {
  const auto all = bench({"--prompt-tokens", "20", "--gen-tokens", "3", "--batch", "1,2",
                          "--explain", "--threads", "2"});

  // A prompt is one run; decoding runs once for each token, whatever the number of sequences.
  const std::pair<int, int> runs_and_tokens[] = {{1, 20}, {3, 3}, {3, 6}};
  BOOST_REQUIRE(all.at("tests").as_array().size() == 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& profile = all.at("tests").at(i).at("profile");
    BOOST_TEST(profile.at("runs").to_number<int>() == runs_and_tokens[i].first);
    BOOST_TEST(profile.at("tokens").to_number<int>() == runs_and_tokens[i].second);
    double share = 0, attention_calls = 0;
    for (const auto& row : profile.at("rows").as_array()) {
      share += row.at("share").as_double();
      BOOST_TEST(row.at("share").as_double() >= 0);
      if (row.at("op").as_string() == "attention")
        attention_calls = row.at("calls").to_number<double>();
    }
    // Sums of doubles.
    BOOST_TEST(share == 1, boost::test_tools::tolerance(1e-9));
    // The model has two layers.
    BOOST_TEST(attention_calls == 2 * runs_and_tokens[i].first);
  }
}

BOOST_AUTO_TEST_CASE(an_explanation_names_every_matrix_and_its_kernels) {
  const auto all =
      bench({"--prompt-tokens", "20", "--gen-tokens", "2", "--explain", "--threads", "2"});

  // Two layers of q, k, v, output, gate, up and down, and the head.
  std::int64_t matrices = 0;
  for (const auto& row : all.at("kernels").as_array()) {
    matrices += row.at("count").to_number<std::int64_t>();
    for (const char* test : {"pp20", "tg2"})
      BOOST_TEST(!row.at("kernels").at(test).as_string().empty());
    BOOST_TEST(row.at("codec").as_string() == "f32");
  }
  BOOST_TEST(matrices == 2 * 7 + 1);
}

BOOST_AUTO_TEST_CASE(a_text_report_has_the_tables) {
  const Outcome outcome =
      run_program({"bench", model, "--prompt-tokens", "8", "--gen-tokens", "2", "--explain"});

  BOOST_TEST(outcome.code == 0);
  for (const char* part :
       {"load ", "machine: reads ", "\npp8 ", "\ntg2 ", "\ntensors ", "blk.*.attn_q.weight (2)",
        "\npp8: ", " us/token ", "attention\n", "outside the backend"})
    BOOST_TEST(outcome.out.find(part) != std::string::npos, part);
}

BOOST_AUTO_TEST_CASE(refusals_say_what_was_expected) {
  const quipu::test::TemporaryFolder folder;
  std::ofstream(folder / "other.json") << "{\"tests\": 1}";
  check_refused({"bench", model, "--batch", "0"}, 2, "--batch: expected counts from 1 to");
  check_refused({"bench", model, "--depth", "x"}, 2, "--depth: expected counts");
  check_refused({"bench", model, "--ctx", "8"}, 2, "--ctx: expected at least 512 tokens");
  check_refused({"bench", model, "--compare", "absent.json"}, 5, "absent.json: cannot open");
  check_refused({"bench", model, "--compare", (folder / "other.json").string()}, 3,
                (folder / "other.json").string() + ": expected JSON that quipu bench --json wrote");
  check_refused({"bench", model, "--explain", "--backend", "reference"}, 4,
                "--explain: expected a backend that notes");
  check_refused({"bench"}, 2, "bench: expected one MODEL, found none");
}

BOOST_AUTO_TEST_CASE(a_verbose_run_says_where_its_time_went) {
  const std::string quantised = models + "qwen2x96-Q4_0.gguf";
  const std::vector<std::string> words{"run", quantised, "--raw",  "--prompt", "hello",
                                       "-n",  "4",       "--temp", "0"};
  auto verbose = words;
  verbose.emplace_back("-v");

  const Outcome plain = run_program(words), explained = run_program(verbose);

  BOOST_TEST(explained.out == plain.out);
  BOOST_TEST(explained.err.find("quipu: prompt: ") != std::string::npos, explained.err);
  BOOST_TEST(explained.err.find("over 4 tokens in 1 runs") != std::string::npos, explained.err);
  BOOST_TEST(explained.err.find("quipu: answer: ") != std::string::npos, explained.err);
  BOOST_TEST(explained.err.find("over 3 tokens in 3 runs") != std::string::npos, explained.err);
  BOOST_TEST(plain.err.find("us per token") == std::string::npos, plain.err);
}
