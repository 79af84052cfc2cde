// The stage "tensors": names, shapes, extents, and the numbers themselves.
#include <cmath>

#include "stages.h"
#include "tensor_scan.h"

namespace quipu::app {
namespace {

// How much larger than a common group of the same matrix a weight is when its scale is damaged. A
// flip of the highest bit of an exponent multiplies by 2^16 in 16 bits with five of exponent, by
// 2^128 with eight; the largest weights of trained matrices are within 2^8.
constexpr double odd_ratio = 1 << 12, absurd_ratio = 1 << 20;
// Fewer groups than this do not say what is common.
constexpr std::uint64_t enough_groups = 8;
// No weight of a trained model comes near it, whatever it is for.
constexpr float absurd_weight = 1e8f;

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string place(const quipu_codec& codec, std::uint64_t element) {
  if (codec.block_columns == 1) return "at element " + std::to_string(element);
  return "in block " + std::to_string(element / codec.block_columns) + " (element " +
         std::to_string(element) + ")";
}

// Weights that rotary embeddings divide by: infinite ones of these turn nothing, and large ones are
// common.
bool is_rope_factor(const Model* model, std::string_view name) {
  if (!model) return false;
  const quipu_graph& graph = model->graph();
  for (std::uint32_t i = 0; i < graph.node_count; ++i) {
    const quipu_graph_node& node = *graph.nodes[i];
    if (node.op != QUIPU_OP_ROPE) continue;
    for (std::uint32_t input = 1; input < node.input_count; ++input) {
      if (!node.inputs[input]) continue;
      const quipu_tensor* weight = graph.nodes[node.inputs[input] - 1]->weight;
      if (weight && std::string_view(weight->name.data, weight->name.size) == name) return true;
    }
  }
  return false;
}

void check_numbers(Subject& subject, const TensorEntry& tensor, StageResult& result) {
  const quipu_codec& codec = subject.registry.codec(tensor.type);
  if (!tensor.data || codec.flags & QUIPU_CODEC_WHOLE_NUMBERS) return;
  const std::string name = printable(tensor.name) + ": ";
  std::uint64_t elements = 1;
  for (const auto axis : tensor.shape) elements *= axis;
  const std::uint64_t blocks = elements / codec.block_columns;
  if (QUIPU_HAS(&codec, find_invalid)) {
    const std::uint64_t block = codec.find_invalid(tensor.data, blocks);
    if (block < blocks)
      return fail(result, exit_invalid,
                  name + "expected finite numbers, found a NaN or an infinity " +
                      place(codec, block * codec.block_columns));
  }
  const TensorScan scan = scan_tensor(tensor, codec, subject.options.engine.threads);
  if (scan.invalid)
    return fail(result, exit_invalid,
                name + "expected finite numbers, found " + short_number(scan.invalid_value) + " " +
                    place(codec, *scan.invalid));
  const bool matrix = tensor.shape.size() > 1 && tensor.shape[1] > 1;
  if (matrix && scan.groups == 0) return warn(result, name + "all weights are 0");
  const std::string found = short_number(scan.largest) + " " + place(codec, scan.largest_at);
  const double ratio = matrix && scan.groups >= enough_groups ? scan.largest / scan.common : 0;
  if (ratio > absurd_ratio || scan.largest > absurd_weight) {
    if (!is_rope_factor(subject.model_if_whole(), tensor.name))
      fail(result, exit_invalid,
           name + "expected weights near " + short_number(scan.common) + ", found " + found);
  } else if (ratio > odd_ratio) {
    warn(result,
         name + "a weight is " + found + " where most are near " + short_number(scan.common));
  }
}

}  // namespace

void check_tensors(Subject& subject, StageResult& result) {
  if (subject.file->tensors().empty()) return;
  validate(*subject.file, subject.registry);
  if (subject.report.architecture.empty())
    subject.report = Model::examine(*subject.file, subject.registry);
  for (const auto& problem : subject.report.problems) fail(result, exit_invalid, problem);
  if (result.verdict == Verdict::fail) return;
  check_settings(subject, result);
  for (const auto& tensor : subject.file->tensors()) {
    if (interrupted) return;
    check_numbers(subject, tensor, result);
  }
  for (const auto& name : subject.report.unused) warn(result, printable(name) + ": not used");
}

}  // namespace quipu::app
