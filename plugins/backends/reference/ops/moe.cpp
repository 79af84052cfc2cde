// Mixture of experts (arXiv:1701.06538): a router picks a few feed-forward networks for each token.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "activate.h"
#include "evaluate.h"

namespace quipu_reference {
namespace {

constexpr double never = -std::numeric_limits<double>::infinity();

struct Choice {
  std::uint32_t expert;
  double weight;
};

void softmax(std::vector<double>& x) {
  const double highest = *std::max_element(x.begin(), x.end());
  double total = 0;
  for (double& score : x) total += score = std::exp(score - highest);
  for (double& score : x) score /= total;
}

// The best first; of equals the one that comes first.
std::vector<std::uint32_t> best(const std::vector<double>& scores, std::size_t count) {
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
  order.resize(count);
  return order;
}

// Strikes out the experts outside the best groups, a group being as good as the sum of its best two
// experts (arXiv:2412.19437, section 2.1.2), or as its best one (arXiv:2405.04434, section 2.2.2).
void keep_best_groups(const quipu_moe& a, std::vector<double>& scores) {
  const std::size_t size = a.experts / a.groups;
  std::vector<double> worth(a.groups);
  for (std::size_t g = 0; g < a.groups; ++g) {
    std::vector<double> group(scores.begin() + static_cast<std::ptrdiff_t>(g * size),
                              scores.begin() + static_cast<std::ptrdiff_t>((g + 1) * size));
    for (const auto expert :
         best(group, std::min<std::size_t>(a.group_best ? a.group_best : 2, size)))
      worth[g] += group[expert];
  }
  const auto kept = best(worth, a.groups_used);
  for (std::size_t expert = 0; expert < a.experts; ++expert)
    if (std::find(kept.begin(), kept.end(), expert / size) == kept.end()) scores[expert] = never;
}

std::vector<Choice> choose(const quipu_moe& a, std::vector<double> logits,
                           const std::vector<float>& selection_bias) {
  std::vector<double> scores = logits;
  if (a.router == QUIPU_ROUTER_SOFTMAX) softmax(scores);
  if (a.router == QUIPU_ROUTER_SIGMOID)
    for (double& score : scores) score = 1 / (1 + std::exp(-score));
  std::vector<double> preferences = scores;
  for (std::size_t i = 0; i < selection_bias.size(); ++i) preferences[i] += selection_bias[i];
  if (a.groups) keep_best_groups(a, preferences);

  const auto chosen = best(preferences, a.used);
  std::vector<double> weights;
  for (const auto expert : chosen) weights.push_back(scores[expert]);
  if (a.router == QUIPU_ROUTER_SOFTMAX_TOP) softmax(weights);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<Choice> choices;
  for (std::size_t k = 0; k < chosen.size(); ++k)
    choices.push_back({chosen[k], a.scale * weights[k] / (a.renormalise ? total : 1)});
  return choices;
}

// The rows of one expert's matrix, with its bias: inputs are numbered as in quipu_moe.
Matrix expert_linear(const Operands& in, const Matrix& x, std::size_t matrix, std::size_t bias,
                     std::uint32_t expert) {
  in.observe(matrix, expert, x);
  const quipu_tensor& weight = in.weight(matrix);
  Matrix y = multiply(x, weight, expert * weight.shape[1], weight.shape[1]);
  if (in.has(bias)) {
    const auto numbers = read_row(in.weight(bias), expert);
    for (std::size_t i = 0; i < y.rows; ++i)
      for (std::size_t j = 0; j < y.width; ++j) y.row(i)[j] += numbers[j];
  }
  return y;
}

Matrix run_expert(const Operands& in, const Matrix& x, std::uint32_t expert) {
  const auto& a = in.attributes<quipu_moe>();
  const quipu_activation activation{sizeof(quipu_activation), a.activation, a.alpha, a.limit};
  Matrix hidden = expert_linear(in, x, 5, 8, expert);
  if (in.has(4)) {
    const Matrix gate = expert_linear(in, x, 4, 7, expert);
    for (std::size_t i = 0; i < hidden.data.size(); ++i)
      hidden.data[i] = static_cast<float>(gated(activation, gate.data[i], hidden.data[i]));
  } else {
    for (float& value : hidden.data) value = static_cast<float>(activate(activation.kind, value));
  }
  return expert_linear(in, hidden, 6, 9, expert);
}

}  // namespace

Matrix moe(const Operands& in) {
  const auto& a = in.attributes<quipu_moe>();
  const Matrix& x = in.value(0);
  const Matrix& router_input = in.has(11) ? in.value(11) : x;
  in.observe(1, 0, router_input);
  const Matrix logits = multiply(router_input, in.weight(1), 0, a.experts);
  const auto router_bias = in.numbers(2), selection_bias = in.numbers(3);
  const auto expert_scale = in.numbers(10);

  struct Routed {
    std::size_t row;
    double weight;
  };
  std::vector<std::vector<Routed>> routed(a.experts);
  for (std::size_t i = 0; i < x.rows; ++i) {
    std::vector<double> scores(logits.row(i), logits.row(i) + a.experts);
    for (std::size_t e = 0; e < router_bias.size(); ++e) scores[e] += router_bias[e];
    for (const Choice& choice : choose(a, std::move(scores), selection_bias))
      routed[choice.expert].push_back({i, choice.weight});
  }

  Matrix y(x.rows, in.width());
  for (std::uint32_t e = 0; e < a.experts; ++e) {
    Matrix inputs(routed[e].size(), x.width);
    for (std::size_t k = 0; k < inputs.rows; ++k)
      for (std::size_t j = 0; j < x.width; ++j)
        inputs.row(k)[j] = static_cast<float>((a.weight_input ? routed[e][k].weight : 1.0) *
                                              x.row(routed[e][k].row)[j]);
    const Matrix outputs = run_expert(in, inputs, e);
    for (std::size_t k = 0; k < outputs.rows; ++k) {
      const double weight = (a.weight_input ? 1.0 : routed[e][k].weight) *
                            (expert_scale.empty() ? 1.0f : expert_scale[e]);
      for (std::size_t j = 0; j < y.width; ++j)
        y.row(routed[e][k].row)[j] += static_cast<float>(weight * outputs.row(k)[j]);
    }
  }
  return y;
}

}  // namespace quipu_reference
