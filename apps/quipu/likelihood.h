// What logits say of tokens, and of other logits. All in nats.
#pragma once

#include <span>

#include "quipu/tokenizer.h"

namespace quipu::app {

/// log of the sum of exp(x).
double log_sum_exp(std::span<const float> logits);

/// log p(token) under the softmax of the logits.
double log_likelihood(std::span<const float> logits, Token token);

/// KL(p || q) of the softmaxes of two rows of the same length.
double divergence(std::span<const float> p, std::span<const float> q);

}  // namespace quipu::app
