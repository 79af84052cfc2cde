// What is left after every stage and after whole chains, and how likely each token is, equal to a
// plain model of them: tests/data/text/sampling/model.py, which wrote golden.json.
#include "text/sampling/chain.h"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

using quipu::Chain;
using quipu::SamplerOptions;
using quipu::Token;
namespace json = boost::json;

namespace {

// Logits are floats, so penalties and temperatures round once each: some 1e-7 of a likelihood.
constexpr double tolerance = 1e-6;

// Tokens are pieces; a text is cut into the longest of them from the left, as the model does.
class Pieces final : public quipu::Tokenizer {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  std::string_view kind() const noexcept override { return "pieces"; }
  std::string_view pre_tokenizer() const noexcept override { return ""; }
  std::size_t size() const noexcept override { return pieces_.size(); }
  std::vector<Token> encode(std::string_view text, quipu::TokenizeOptions) const override {
    std::vector<Token> tokens;
    while (!text.empty()) {
      std::size_t longest = pieces_.size();
      for (std::size_t i = 0; i < pieces_.size(); ++i)
        if (text.starts_with(pieces_[i]) &&
            (longest == pieces_.size() || pieces_[i].size() > pieces_[longest].size()))
          longest = i;
      tokens.push_back(static_cast<Token>(longest));
      text.remove_prefix(pieces_[longest].size());
    }
    return tokens;
  }
  std::string piece(Token token, bool) const override {
    return pieces_[static_cast<std::size_t>(token)];
  }
  std::string_view spelling(Token token) const override {
    return pieces_[static_cast<std::size_t>(token)];
  }
  bool ends_generation(Token) const noexcept override { return false; }
  bool is_special(Token) const noexcept override { return false; }
  Token bos() const noexcept override { return -1; }
  Token eos() const noexcept override { return -1; }
  bool adds_bos() const noexcept override { return false; }

 private:
  std::vector<std::string> pieces_;
};

// No stage is on.
SamplerOptions off() {
  return {.temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0, .seed = 1, .dry_breakers = {}};
}

SamplerOptions options_of(const json::object& given) {
  SamplerOptions options = off();
  const std::map<std::string_view, float SamplerOptions::*> reals{
      {"temperature", &SamplerOptions::temperature},
      {"top_p", &SamplerOptions::top_p},
      {"min_p", &SamplerOptions::min_p},
      {"typical_p", &SamplerOptions::typical_p},
      {"top_n_sigma", &SamplerOptions::top_n_sigma},
      {"xtc_probability", &SamplerOptions::xtc_probability},
      {"xtc_threshold", &SamplerOptions::xtc_threshold},
      {"dynatemp_range", &SamplerOptions::dynatemp_range},
      {"dynatemp_exponent", &SamplerOptions::dynatemp_exponent},
      {"repeat_penalty", &SamplerOptions::repeat_penalty},
      {"frequency_penalty", &SamplerOptions::frequency_penalty},
      {"presence_penalty", &SamplerOptions::presence_penalty},
      {"dry_multiplier", &SamplerOptions::dry_multiplier},
      {"dry_base", &SamplerOptions::dry_base},
      {"mirostat_tau", &SamplerOptions::mirostat_tau},
      {"mirostat_eta", &SamplerOptions::mirostat_eta},
      {"adaptive_target", &SamplerOptions::adaptive_target},
      {"adaptive_decay", &SamplerOptions::adaptive_decay}};
  const std::map<std::string_view, std::int32_t SamplerOptions::*> integers{
      {"top_k", &SamplerOptions::top_k},
      {"min_keep", &SamplerOptions::min_keep},
      {"repeat_last", &SamplerOptions::repeat_last},
      {"dry_allowed_length", &SamplerOptions::dry_allowed_length},
      {"dry_last", &SamplerOptions::dry_last},
      {"mirostat", &SamplerOptions::mirostat}};
  for (const auto& [name, value] : given)
    if (name == "seed")
      options.seed = value.to_number<std::uint64_t>();
    else if (name == "dry_breakers")
      options.dry_breakers = json::value_to<std::vector<std::string>>(value);
    else if (name == "logit_bias")
      options.logit_bias = json::value_to<std::vector<std::pair<Token, float>>>(value);
    else if (name == "samplers") {
      std::string names;
      for (const auto& word : value.as_array()) names += std::string(word.as_string()) + ";";
      options.stages = quipu::sampler_stages(names);
    } else if (reals.contains(name))
      options.*reals.at(name) = value.to_number<float>();
    else
      options.*integers.at(name) = value.to_number<std::int32_t>();
  return options;
}

std::vector<float> row(const json::object& given, const json::object& step) {
  const double spread = given.at("spread").to_number<double>();
  std::vector<float> logits(given.at("size").to_number<std::size_t>());
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits[i] = static_cast<float>(
        quipu::random_unit(step.at("row").to_number<std::uint64_t>(), i) * spread - spread / 2);
  return logits;
}

enum class Disallow { in_logits, in_set };

void check_case(const json::object& given, Disallow disallow) {
  const auto size = given.at("size").to_number<std::size_t>();
  const Pieces pieces(json::value_to<std::vector<std::string>>(given.at("pieces")));
  Chain chain(options_of(given.at("options").as_object()), size,
              pieces.size() != 0 ? &pieces : nullptr);
  for (const auto& token : given.at("history").as_array()) chain.accept(token.to_number<Token>());
  quipu::TokenSet allowed(size);
  allowed.set_all();
  for (const auto& entry : given.at("steps").as_array()) {
    const auto& step = entry.as_object();
    auto logits = row(given, step);
    for (const auto& token : given.at("disallowed").as_array()) {
      const auto id = token.to_number<Token>();
      allowed.clear(id);
      if (disallow == Disallow::in_logits)
        logits[static_cast<std::size_t>(id)] = -std::numeric_limits<float>::infinity();
    }
    std::map<Token, double> expected, found;
    for (const auto& pair : step.at("likelihoods").as_array())
      expected[pair.at(0).to_number<Token>()] = pair.at(1).to_number<double>();

    auto& candidates = chain.candidates(logits, disallow == Disallow::in_set ? &allowed : nullptr);
    const double total = candidates.total_weight();
    for (const auto& c : candidates.all()) found[c.token] = candidates.weight(c) / total;
    const Token drawn = chain.draw();
    chain.accept(step.at("token").to_number<Token>());

    BOOST_TEST(found.size() == expected.size());
    for (const auto& [token, likelihood] : expected)
      BOOST_TEST(std::abs(found[token] - likelihood) < tolerance,
                 "token " << token << ": expected " << likelihood << ", found " << found[token]);
    BOOST_TEST(expected.contains(drawn));
  }
}

const json::array& golden() {
  static const json::value cases = [] {
    std::ostringstream text;
    text << std::ifstream(QUIPU_TEST_DATA "/text/sampling/golden.json").rdbuf();
    return json::parse(text.str());
  }();
  return cases.as_array();
}

}  // namespace

BOOST_AUTO_TEST_CASE(likelihoods_after_every_stage_are_those_of_the_model) {
  BOOST_TEST(golden().size() > 150u);
  for (const auto& given : golden()) BOOST_TEST_CONTEXT(given.at("name").as_string().c_str()) {
      check_case(given.as_object(), Disallow::in_logits);
      check_case(given.as_object(), Disallow::in_set);
    }
}

BOOST_AUTO_TEST_CASE(tokens_are_drawn_as_often_as_they_are_likely) {
  constexpr int draws = 2000;
  for (const auto& given : golden()) {
    SamplerOptions options = options_of(given.at("options").as_object());
    // What steers by its draws has no fixed distribution, and a coin has two.
    if (options.mirostat != 0 || options.adaptive_target >= 0 || options.xtc_probability > 0)
      continue;
    BOOST_TEST_CONTEXT(given.at("name").as_string().c_str()) {
      const auto logits = row(given.as_object(), given.at("steps").at(0).as_object());
      Chain chain(options, logits.size(), nullptr);
      std::map<Token, double> likelihoods;
      std::map<Token, int> counts;
      for (int i = 0; i < draws; ++i) {
        auto& candidates = chain.candidates(logits, nullptr);
        if (i == 0)
          for (const auto& c : candidates.all())
            likelihoods[c.token] = candidates.weight(c) / candidates.total_weight();
        ++counts[chain.draw()];
      }

      for (const auto& [token, p] : likelihoods)
        // Five standard deviations of a binomial count; the seed is fixed, so it holds or it does
        // not.
        BOOST_TEST(std::abs(counts[token] - p * draws) <= 5 * std::sqrt(draws * p * (1 - p)) + 1,
                   "token " << token << " came " << counts[token] << " times of " << p * draws);
    }
  }
}

BOOST_AUTO_TEST_CASE(xtc_takes_a_number_before_each_draw) {
  const std::vector<float> logits(8, 1.0f);
  SamplerOptions options = off();
  options.xtc_probability = 0.5f;
  options.xtc_threshold = 0.5f;  // takes nothing away
  Chain chain(options, logits.size(), nullptr);

  for (std::uint64_t i = 0; i < 20; ++i) {
    chain.candidates(logits, nullptr);
    BOOST_TEST(chain.draw() == static_cast<Token>(quipu::random_unit(1, 2 * i + 1) * 8));
  }
}

BOOST_AUTO_TEST_CASE(mirostat_brings_the_surprise_to_its_target) {
  for (const int version : {1, 2}) {
    SamplerOptions options = off();
    options.mirostat = version;
    options.mirostat_tau = 3;
    // Zipf's law, from which version 1 estimates.
    std::vector<float> logits(5000);
    for (std::size_t i = 0; i < logits.size(); ++i)
      logits[i] = -1.1f * std::log(static_cast<float>(i + 1));
    Chain chain(options, logits.size(), nullptr);
    double surprise = 0;
    constexpr int steps = 2000;
    for (int i = 0; i < steps; ++i) {
      auto& candidates = chain.candidates(logits, nullptr);
      const double total = candidates.total_weight();
      const Token token = chain.draw();
      const auto found = std::ranges::find(candidates.all(), token, &quipu::Candidate::token);
      surprise -= std::log2(candidates.weight(*found) / total) / steps;
      chain.accept(token);
    }

    // The sum of all errors is the way mu went, (mu - 2 tau) / eta: it ends where it began to
    // within some bits, 10 / 0.1 / 2000 of a bit for each step.
    BOOST_TEST(std::abs(surprise - 3) < 0.06, "version " << version << ": " << surprise);
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_left_to_chance_by_logits_of_any_size) {
  const float most = std::numeric_limits<float>::max();
  const std::vector<std::vector<float>> rows{{0},
                                             {-most, most},
                                             {most, most, most},
                                             {-most, -most},
                                             {0, 1e-45f},
                                             std::vector<float>(3000, -most),
                                             {1, -std::numeric_limits<float>::infinity(), -most}};
  std::vector<SamplerOptions> all(1, off());
  const auto with = [&](auto SamplerOptions::*member, auto value) {
    all.push_back(off());
    all.back().*member = value;
  };
  for (const float p : {0.0f, 1e-30f, 0.5f, 0.9999999f}) {
    with(&SamplerOptions::top_p, p);
    with(&SamplerOptions::typical_p, p);
    with(&SamplerOptions::min_p, 1 - p);
    with(&SamplerOptions::adaptive_target, p);
    all.back().stages.push_back(quipu::SamplerStage::adaptive_p);
    with(&SamplerOptions::xtc_probability, 1.0f);
    all.back().xtc_threshold = p / 2;
  }
  for (const float x : {1e-38f, 0.5f, 1e38f}) {
    with(&SamplerOptions::temperature, x);
    all.back().stages.assign(20, quipu::SamplerStage::temperature);
    with(&SamplerOptions::top_n_sigma, x);
    with(&SamplerOptions::dynatemp_range, x);
    for (const std::int32_t version : {1, 2}) {
      with(&SamplerOptions::mirostat, version);
      all.back().mirostat_tau = x;
    }
  }
  for (const auto& options : all)
    for (const auto& logits : rows) {
      Chain chain(options, logits.size(), nullptr);
      for (int step = 0; step < 5; ++step) {
        auto& candidates = chain.candidates(logits, nullptr);
        BOOST_TEST(!candidates.all().empty());
        BOOST_TEST(std::isfinite(candidates.total_weight()));
        BOOST_TEST(candidates.total_weight() >= 1);
        const Token token = chain.draw();
        BOOST_TEST((token >= 0 && static_cast<std::size_t>(token) < logits.size()));
        chain.accept(token);
      }
    }
}
