// Hand-built graphs with random weights, and running them on a backend.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstring>
#include <deque>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quipu/registry.h"

namespace quipu::test {

/// A graph under construction. Widths of results are given by the caller; attributes' `size` is set
/// here.
class SmallGraph {
 public:
  explicit SmallGraph(Registry& registry) : registry_(registry) {}

  /// f32 weight; shape[0] is contiguous. Values are normal with that deviation around `mean`.
  quipu_node weight(std::vector<std::uint64_t> shape, float deviation = 0.3f, float mean = 0) {
    std::normal_distribution<float> normal(mean, deviation);
    std::vector<float> values(count(shape));
    for (float& value : values) value = normal(generator_);
    return add_weight(shape, "gguf:0", values.data(), values.size() * sizeof(float),
                      shape[0] * sizeof(float));
  }

  /// q8_0 weight: blocks of a half-precision scale of about 0.002 and 32 random bytes, so that
  /// products of some 64 columns keep the size of their input.
  quipu_node q8_0_weight(std::vector<std::uint64_t> shape) {
    std::vector<std::uint8_t> bytes(count(shape) / 32 * 34);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = i % 34 == 0   ? static_cast<std::uint8_t>(generator_())
                 : i % 34 == 1 ? 0x18
                               : static_cast<std::uint8_t>(generator_() % 255 - 127);
    return add_weight(shape, "gguf:8", bytes.data(), bytes.size(), shape[0] / 32 * 34);
  }

  template <class Attributes>
  quipu_node op(std::uint32_t op, std::vector<quipu_node> inputs, std::uint32_t width,
                Attributes attributes) {
    attributes.size = sizeof attributes;
    std::vector<std::byte> bytes(sizeof attributes);
    std::memcpy(bytes.data(), &attributes, sizeof attributes);
    return add(op, std::move(inputs), std::move(bytes), width);
  }
  quipu_node op(std::uint32_t op, std::vector<quipu_node> inputs, std::uint32_t width) {
    return add(op, std::move(inputs), {}, width);
  }

  quipu_node embed(quipu_node table, std::uint32_t width,
                   std::uint32_t index = QUIPU_EMBED_TOKENS) {
    return op(QUIPU_OP_EMBED, {table}, width, quipu_embed{.index = index});
  }

  /// The wanted rows of a node are the output "logits".
  const quipu_graph& finish(quipu_node node, std::uint32_t width, bool select = true) {
    if (select) {
      selected_ = true;
      node = op(QUIPU_OP_SELECT_OUTPUTS, {node}, width);
    }
    graph_.add_output(node, "logits");
    return graph_.view();
  }
  void select() { selected_ = true; }

 private:
  static std::size_t count(const std::vector<std::uint64_t>& shape) {
    std::size_t product = 1;
    for (const std::uint64_t axis : shape) product *= axis;
    return product;
  }

  quipu_node add(std::uint32_t op, std::vector<quipu_node> inputs, std::vector<std::byte> bytes,
                 std::uint32_t width) {
    if (op == QUIPU_OP_SELECT_OUTPUTS) selected_ = true;
    return graph_.add(op, std::move(inputs), std::move(bytes), width, selected_);
  }

  quipu_node add_weight(const std::vector<std::uint64_t>& shape, std::string_view type,
                        const void* data, std::size_t bytes, std::uint64_t row_bytes) {
    auto& memory = memory_.emplace_back(bytes);
    std::memcpy(memory.data(), data, bytes);
    quipu_tensor tensor{.size = sizeof tensor,
                        .rank = static_cast<std::uint32_t>(shape.size()),
                        .shape = {1, 1, 1, 1},
                        .codec = &registry_.codec(type),
                        .data = memory.data(),
                        .row_bytes = row_bytes};
    std::copy(shape.begin(), shape.end(), tensor.shape);
    return graph_.add_weight(tensor, "weight" + std::to_string(memory_.size()));
  }

  Registry& registry_;
  Graph graph_;
  std::deque<std::vector<std::byte>> memory_;
  std::mt19937 generator_{42};
  bool selected_ = false;
};

/// One token of a batch.
struct BatchToken {
  std::int32_t token, position;
  std::uint32_t sequence = 0;
  bool wanted = true;
};

struct RunOptions {
  std::uint32_t threads = 1;
  std::uint32_t isa = Registry::isa();
  std::uint32_t flags = 0;
  std::uint32_t context = 64, batch = 64, sequences = 8;
  std::uint32_t kv = QUIPU_KV_F32;
  std::uint64_t cells = 1024;
  void (*copied)(void*, const quipu_tensor*) noexcept = nullptr;
  void* copied_context = nullptr;
  std::uint64_t scratch_goal = 0;
};

/// A plan of a graph on a backend.
class RunningGraph {
 public:
  RunningGraph(const quipu_backend& backend, const quipu_graph& graph, std::uint32_t width,
               const RunOptions& options = {})
      : backend_(backend), width_(width) {
    const quipu_backend_options backend_options{sizeof backend_options, 0, options.threads,
                                                options.isa};
    Registry::check(backend.open(&backend_options, &context_), "open");
    const quipu_plan_options plan_options{
        sizeof plan_options, options.flags, options.context, options.batch,  options.sequences,
        options.kv,          options.cells, nullptr,         options.copied, options.copied_context,
        options.scratch_goal};
    Registry::check(backend.plan(context_, &graph, &plan_options, &plan_), "plan");
  }
  ~RunningGraph() {
    if (plan_) backend_.plan_free(plan_);
    if (context_) backend_.close(context_);
  }
  RunningGraph(const RunningGraph&) = delete;
  RunningGraph& operator=(const RunningGraph&) = delete;

  /// The rows of the wanted tokens, one after another. Throws what the backend refuses.
  std::vector<float> run(std::span<const BatchToken> tokens) {
    std::vector<std::int32_t> ids, positions;
    std::vector<std::uint32_t> sequences;
    std::vector<std::uint8_t> wanted;
    std::uint32_t rows = 0;
    for (const BatchToken& token : tokens) {
      ids.push_back(token.token);
      positions.push_back(token.position);
      sequences.push_back(token.sequence);
      wanted.push_back(token.wanted);
      rows += token.wanted;
    }
    const quipu_batch batch{sizeof batch,     static_cast<std::uint32_t>(ids.size()),
                            ids.data(),       nullptr,
                            positions.data(), sequences.data(),
                            wanted.data()};
    std::vector<float> values(std::size_t{rows} * width_);
    const quipu_output output{sizeof output, rows, values.data(), width_};
    Registry::check(backend_.run(plan_, &batch, {"logits", 6}, &output), "run");
    return values;
  }

  const quipu_backend& backend() const { return backend_; }
  quipu_plan* plan() const { return plan_; }

 private:
  const quipu_backend& backend_;
  std::uint32_t width_;
  quipu_backend_context* context_ = nullptr;
  quipu_plan* plan_ = nullptr;
};

/// Tokens 7 i mod 31 at positions first … of a sequence, all wanted.
inline std::vector<BatchToken> some_tokens(std::uint32_t count, std::int32_t first = 0,
                                           std::uint32_t sequence = 0) {
  std::vector<BatchToken> tokens;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::int32_t position = first + static_cast<std::int32_t>(i);
    tokens.push_back(
        {(7 * position + static_cast<std::int32_t>(sequence)) % 31, position, sequence});
  }
  return tokens;
}

}  // namespace quipu::test
