#include "likelihood.h"

#include <algorithm>
#include <cmath>

namespace quipu::app {

double log_sum_exp(std::span<const float> logits) {
  const double top = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float x : logits) sum += std::exp(x - top);
  return top + std::log(sum);
}

double log_likelihood(std::span<const float> logits, Token token) {
  return logits[static_cast<std::size_t>(token)] - log_sum_exp(logits);
}

double divergence(std::span<const float> p, std::span<const float> q) {
  const double p_sum = log_sum_exp(p), q_sum = log_sum_exp(q);
  double kl = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double log_p = p[i] - p_sum, log_q = q[i] - q_sum;
    kl += std::exp(log_p) * (log_p - log_q);
  }
  return kl;
}

}  // namespace quipu::app
