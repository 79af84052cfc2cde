// What an operation reads: its inputs, its attributes, and the tokens that its rows stand for.
#pragma once

#include <span>
#include <vector>

#include "matrix.h"
#include "quipu/abi/backend.h"
#include "weights.h"

namespace quipu_reference {

class Operands {
 public:
  /// values[n - 1] is the value of node n; tokens[i] is the token of the batch that row i stands
  /// for.
  Operands(const quipu_graph& graph, const quipu_graph_node& node, std::span<const Matrix> values,
           const quipu_batch& batch, std::span<const std::uint32_t> tokens,
           const quipu_observer* observer)
      : graph_(graph), node_(node), values_(values), batch_(batch), tokens_(tokens),
        observer_(observer) {}

  std::size_t inputs() const { return node_.input_count; }
  bool has(std::size_t input) const {
    return input < node_.input_count && node_.inputs[input] != 0;
  }
  bool is_weight(std::size_t input) const {
    return has(input) && producer(input).op == QUIPU_OP_WEIGHT;
  }
  const Matrix& value(std::size_t input) const { return values_[node_.inputs[input] - 1]; }
  const quipu_tensor& weight(std::size_t input) const { return *producer(input).weight; }
  /// All numbers of a weight, or none when the input is absent.
  std::vector<float> numbers(std::size_t input) const {
    return has(input) ? read_all(weight(input)) : std::vector<float>{};
  }
  template <class Attributes>
  const Attributes& attributes() const {
    return *static_cast<const Attributes*>(node_.attributes);
  }

  /// Shows the observer, if any, what a matrix of a weight is multiplied with.
  void observe(std::size_t input, std::uint32_t matrix, const Matrix& x) const {
    if (observer_ && x.rows)
      observer_->product(observer_->context, &weight(input), matrix, x.data.data(),
                         static_cast<std::uint32_t>(x.rows), x.width);
  }

  std::size_t rows() const { return tokens_.size(); }
  std::size_t width() const { return node_.width; }
  const quipu_batch& batch() const { return batch_; }
  std::uint32_t token(std::size_t row) const { return tokens_[row]; }
  std::int32_t position(std::size_t row) const { return batch_.positions[tokens_[row]]; }
  std::uint32_t sequence(std::size_t row) const { return batch_.sequences[tokens_[row]]; }

 private:
  const quipu_graph_node& producer(std::size_t input) const {
    return *graph_.nodes[node_.inputs[input] - 1];
  }

  const quipu_graph& graph_;
  const quipu_graph_node& node_;
  std::span<const Matrix> values_;
  const quipu_batch& batch_;
  std::span<const std::uint32_t> tokens_;
  const quipu_observer* observer_;
};

}  // namespace quipu_reference
