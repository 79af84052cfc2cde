// Weights in the forms that jobs read, made once and shared by all programs of a plan.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <vector>

#include "matmul/matmul.h"
#include "plan/copies.h"
#include "quipu/abi/backend.h"

namespace quipu_cpu {

/// What it gives lives as long as it does.
class Weights {
 public:
  /// `copies` outlive it.
  Weights(std::uint32_t isa, bool deterministic, const Copies& copies)
      : isa_(isa), deterministic_(deterministic), copies_(copies) {}

  /// A matrix [out, in].
  const WeightMatrix& matrix(const quipu_tensor& tensor);
  /// The slices of a tensor [experts, out, in].
  const std::vector<WeightMatrix>& slices(const quipu_tensor& tensor);
  /// All elements of a small tensor (a gain, a bias) as floats.
  const float* floats(const quipu_tensor& tensor);
  /// One copy of equal lists of frequencies.
  const std::vector<double>& frequencies(std::vector<double> values);

 private:
  WeightMatrix slice(const quipu_tensor& tensor, std::uint64_t index) const;

  std::uint32_t isa_;
  bool deterministic_;
  const Copies& copies_;
  std::map<const quipu_tensor*, std::vector<WeightMatrix>> matrices_;
  std::map<const quipu_tensor*, std::vector<float>> floats_;
  std::list<std::vector<double>> frequencies_;
};

}  // namespace quipu_cpu
