// Options of sampling as quipu run takes them from the command line and from the model.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "../program.h"

using quipu::test::Outcome;
using quipu::test::run_program;
using quipu::test::TemporaryFolder;

namespace {

const std::string model = QUIPU_TEST_DATA "/models/qwen.gguf";

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& bytes, const std::string& text) {
  append<std::uint64_t>(bytes, text.size());
  bytes += text;
}

// A key and a float (GGUF type 6), an int32 (5) or a string (8).
std::string pair(const std::string& key, float value) {
  std::string bytes;
  append_text(bytes, "general.sampling." + key);
  append<std::uint32_t>(bytes, 6);
  append(bytes, value);
  return bytes;
}
std::string pair(const std::string& key, std::int32_t value) {
  std::string bytes;
  append_text(bytes, "general.sampling." + key);
  append<std::uint32_t>(bytes, 5);
  append(bytes, value);
  return bytes;
}
std::string pair(const std::string& key, const std::string& value) {
  std::string bytes;
  append_text(bytes, "general.sampling." + key);
  append<std::uint32_t>(bytes, 8);
  append_text(bytes, value);
  return bytes;
}

// The test model with more metadata, which stands before the model's own. One more key makes its
// size a multiple of 32, the alignment of what follows.
std::string with(const TemporaryFolder& folder, const std::vector<std::string>& pairs) {
  std::ifstream in(model, std::ios::binary);
  std::string file{std::istreambuf_iterator<char>(in), {}};
  std::string more;
  for (const auto& bytes : pairs) more += bytes;
  const std::size_t bare = (more + pair("padding", std::string())).size();
  more += pair("padding", std::string((32 - bare % 32) % 32, 'x'));
  std::uint64_t keys;
  std::memcpy(&keys, &file[16], sizeof keys);
  keys += pairs.size() + 1;
  std::memcpy(&file[16], &keys, sizeof keys);
  file.insert(24, more);
  const auto path = folder / "model.gguf";
  std::ofstream(path, std::ios::binary) << file;
  return path.string();
}

Outcome answer(const std::string& file, std::vector<std::string> more) {
  more.insert(more.begin(), {"run", file, "--prompt", "A B", "--raw", "-n", "12", "--json"});
  return run_program(more);
}

boost::json::value tokens(const Outcome& outcome) {
  BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return boost::json::parse(outcome.out).at("tokens");
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_model_ships_is_the_default) {
  const TemporaryFolder folder;
  const auto greedy = tokens(answer(model, {"--temp", "0"}));
  const auto drawn = tokens(answer(model, {"--temp", "5", "--top-k", "0", "--seed", "3"}));
  BOOST_REQUIRE(greedy != drawn);

  const auto shipped = with(folder, {pair("temp", 5.0f), pair("top_k", std::int32_t{1})});

  BOOST_TEST(tokens(answer(shipped, {})) == greedy);
  BOOST_TEST(tokens(answer(shipped, {"--top-k", "0", "--seed", "3"})) == drawn);
}

BOOST_AUTO_TEST_CASE(with_v_it_is_said_what_comes_from_the_model) {
  const TemporaryFolder folder;
  const auto shipped = with(folder, {pair("temp", 0.5f), pair("top_k", std::int32_t{7})});

  const auto outcome = answer(shipped, {"-v", "--top-k", "3"});

  BOOST_TEST(outcome.code == 0, outcome.err);
  BOOST_TEST(outcome.err.find("general.sampling.temp = 0.5") != std::string::npos, outcome.err);
  BOOST_TEST(outcome.err.find("general.sampling.top_k") == std::string::npos, outcome.err);
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_in_a_model_is_a_warning) {
  const TemporaryFolder folder;
  const auto greedy = tokens(answer(model, {"--temp", "0"}));
  const auto shipped =
      with(folder, {pair("temp", std::string("hot")), pair("top_p", 7.0f), pair("min_p", 0.1f)});

  const auto outcome = answer(shipped, {"--temp", "0"});
  BOOST_TEST(tokens(outcome) == greedy);
  BOOST_TEST(outcome.err.find("general.sampling.top_p is not used") != std::string::npos,
             outcome.err);
  BOOST_TEST(outcome.err.find("general.sampling.temp") == std::string::npos, outcome.err);

  const auto drawn = answer(shipped, {});
  BOOST_TEST(drawn.code == 0, drawn.err);
  BOOST_TEST(drawn.err.find("general.sampling.temp is not used") != std::string::npos, drawn.err);
}

BOOST_AUTO_TEST_CASE(the_sequence_that_a_model_ships_is_its_samplers) {
  const TemporaryFolder folder;
  const auto greedy = tokens(answer(model, {"--temp", "0"}));
  // With a top-k of 1 the answer is greedy, unless top-k does not run.
  const std::vector<std::string> only_one{"--top-k", "1", "--temp", "5", "--seed", "3"};
  const auto without = with(folder, {pair("sequence", std::string("min_p;temp"))});
  BOOST_TEST(tokens(answer(model, only_one)) == greedy);
  BOOST_TEST(tokens(answer(without, only_one)) != greedy);

  const auto unknown = with(folder, {pair("sequence", std::string("top_k;magic"))});
  const auto outcome = answer(unknown, only_one);
  BOOST_TEST(tokens(outcome) == greedy);
  BOOST_TEST(outcome.err.find("magic") != std::string::npos, outcome.err);
}

BOOST_AUTO_TEST_CASE(samplers_run_in_the_order_that_was_asked_for) {
  const auto greedy = tokens(answer(model, {"--temp", "0"}));
  const std::vector<std::string> hot{"--top-k", "1", "--temp", "5", "--seed", "3", "--samplers"};
  const auto by = [&](const std::string& names) {
    auto options = hot;
    options.push_back(names);
    return answer(model, options);
  };

  BOOST_TEST(tokens(by("top_k;temperature")) == greedy);
  BOOST_TEST(tokens(by("temperature")) != greedy);
  const auto unknown = by("top_k;magic");
  BOOST_TEST(unknown.code == 2);
  BOOST_TEST(unknown.err.find("magic") != std::string::npos, unknown.err);
}

BOOST_AUTO_TEST_CASE(biases_are_added_to_tokens) {
  const auto greedy = tokens(answer(model, {"--temp", "0"}));
  const std::string first = boost::json::serialize(greedy.at(0));

  const auto other = tokens(answer(model, {"--temp", "0", "--logit-bias", first + "-inf"}));
  BOOST_TEST(other.at(0) != greedy.at(0));
  const auto forced = tokens(answer(model, {"--temp", "0", "--logit-bias", "7+1000.5"}));
  for (const auto& token : forced.as_array()) BOOST_TEST(token == 7);

  for (const char* const word : {"7", "7=1", "+1", "7+", "7-x", "7--1", "-7+1", "7+1 ", "x+1"}) {
    const auto outcome = answer(model, {"--logit-bias", word});
    BOOST_TEST(outcome.code == 2, word);
    BOOST_TEST(outcome.err.find("--logit-bias") != std::string::npos, outcome.err);
  }
  BOOST_TEST(answer(model, {"--logit-bias", "1000000+1"}).code == 2);
}

BOOST_AUTO_TEST_CASE(a_banned_text_never_comes) {
  const auto text = [](const Outcome& outcome) {
    BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    return std::string(boost::json::parse(outcome.out).at("text").as_string());
  };
  const std::string free = text(answer(model, {"--temp", "0"}));
  BOOST_REQUIRE(free.size() >= 2);
  const std::string part = free.substr(0, 1);

  BOOST_TEST(text(answer(model, {"--temp", "0", "--ban", part})).find(part) == std::string::npos);
  BOOST_TEST(answer(model, {"--ban", ""}).code == 2);
}

BOOST_AUTO_TEST_CASE(rare_options_are_shown_by_help_all_alone) {
  const auto help = run_program({"run", "--help"}), all = run_program({"run", "--help-all"});

  BOOST_TEST(help.code == 0);
  BOOST_TEST(all.code == 0);
  BOOST_TEST(help.out.find("--xtc-threshold") == std::string::npos);
  BOOST_TEST(help.out.find("--help-all") != std::string::npos);
  BOOST_TEST(all.out.find("--xtc-threshold") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_option_out_of_range_is_a_usage_error_that_names_it) {
  const auto outcome = answer(model, {"--top-p", "1.5"});

  BOOST_TEST(outcome.code == 2);
  BOOST_TEST(outcome.err.find("top_p") != std::string::npos, outcome.err);
}
