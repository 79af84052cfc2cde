// Choosing experts: every kind of router, by hand-made scores.
#include "moe/router.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

using namespace quipu_cpu;

namespace {

struct Choice {
  std::vector<std::uint32_t> experts;
  std::vector<float> weights;
};

Choice choose(quipu_moe moe, const std::vector<float>& logits, RouterWeights constants = {}) {
  moe.size = sizeof moe;
  moe.experts = static_cast<std::uint32_t>(logits.size());
  Choice choice{std::vector<std::uint32_t>(moe.used), std::vector<float>(moe.used)};
  std::vector<float> scores(2 * logits.size());
  route(moe, constants, logits.data(), scores.data(), choice.experts.data(), choice.weights.data());
  return choice;
}

const float ln2 = std::log(2.0f);

}  // namespace

BOOST_AUTO_TEST_CASE(softmax_weights_are_parts_of_all_experts) {
  // e^logit is 1, 4, 2, 1: the sum is 8.
  const Choice choice =
      choose({.used = 2, .router = QUIPU_ROUTER_SOFTMAX, .scale = 1}, {0, 2 * ln2, ln2, 0});

  BOOST_TEST(choice.experts == (std::vector<std::uint32_t>{1, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(std::abs(choice.weights[0] - 0.5) < 1e-6);
  BOOST_TEST(std::abs(choice.weights[1] - 0.25) < 1e-6);
}

BOOST_AUTO_TEST_CASE(renormalised_weights_add_up_to_the_scale) {
  const Choice choice =
      choose({.used = 2, .router = QUIPU_ROUTER_SOFTMAX, .renormalise = 1, .scale = 2.5f},
             {0, 2 * ln2, ln2, 0});

  BOOST_TEST(std::abs(choice.weights[0] - 2.5 * 2 / 3) < 1e-6);
  BOOST_TEST(std::abs(choice.weights[1] - 2.5 / 3) < 1e-6);
}

BOOST_AUTO_TEST_CASE(softmax_over_the_chosen_ignores_the_rest) {
  const Choice choice =
      choose({.used = 2, .router = QUIPU_ROUTER_SOFTMAX_TOP, .scale = 1}, {ln2, -1, 0, -5});

  BOOST_TEST(choice.experts == (std::vector<std::uint32_t>{0, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(std::abs(choice.weights[0] - 2.0 / 3) < 1e-6);
  BOOST_TEST(std::abs(choice.weights[1] - 1.0 / 3) < 1e-6);
}

BOOST_AUTO_TEST_CASE(a_selection_bias_changes_the_choice_and_not_the_weights) {
  const float bias[] = {0, 0, 1};
  const Choice choice = choose({.used = 1, .router = QUIPU_ROUTER_SIGMOID, .scale = 1}, {1, 2, 0},
                               {.selection_bias = bias});

  BOOST_TEST(choice.experts[0] == 2u);
  BOOST_TEST(std::abs(choice.weights[0] - 0.5) < 1e-6);
}

BOOST_AUTO_TEST_CASE(only_experts_of_the_best_groups_are_chosen) {
  // Groups of two: sums of sigmoids are about 0.5 + 0.5, 1 + 0, 0.73 + 0.73.
  const std::vector<float> logits{0, 0, 9, -9, 1, 1};
  const Choice choice =
      choose({.used = 2, .router = QUIPU_ROUTER_SIGMOID, .groups = 3, .groups_used = 1, .scale = 1},
             logits);

  BOOST_TEST(choice.experts == (std::vector<std::uint32_t>{4, 5}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_expert_scale_multiplies_its_weight) {
  const float scale[] = {1, 3};
  const Choice choice = choose({.used = 1, .router = QUIPU_ROUTER_SIGMOID, .scale = 2}, {-1, 0},
                               {.expert_scale = scale});

  BOOST_TEST(std::abs(choice.weights[0] - 3) < 1e-6);
}

BOOST_AUTO_TEST_CASE(equal_scores_choose_the_lower_number) {
  const Choice choice =
      choose({.used = 3, .router = QUIPU_ROUTER_SOFTMAX, .scale = 1}, {1, 1, 1, 1});

  BOOST_TEST(choice.experts == (std::vector<std::uint32_t>{0, 1, 2}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(scores_that_are_no_numbers_still_choose_different_experts) {
  const float nan = std::nanf("");
  for (const std::uint32_t router :
       {QUIPU_ROUTER_SOFTMAX, QUIPU_ROUTER_SIGMOID, QUIPU_ROUTER_SOFTMAX_TOP}) {
    const Choice choice = choose({.used = 3, .router = router, .scale = 1}, {nan, 1, nan, nan});

    auto experts = choice.experts;
    std::sort(experts.begin(), experts.end());
    BOOST_TEST((std::adjacent_find(experts.begin(), experts.end()) == experts.end()));
    BOOST_TEST(experts.back() < 4u);
  }
}
