// Importance measured: the model runs, and an observer sums the squares of what its weights are
// multiplied with.
#include <algorithm>
#include <cmath>
#include <set>

#include "engine/runner.h"
#include "quipu/error.h"
#include "quipu/importance.h"

namespace quipu {
namespace {

// Logits of all tokens of a run are computed: they keep the last layer's inputs from being left
// out.
constexpr std::uint32_t most_tokens = 256;

struct Sums {
  const quipu_tensor* weight;
  std::vector<double> squares;  // [matrices * columns]
  std::vector<double> inputs;   // [matrices]
};

class Collector {
 public:
  // What is not wanted is known before the first call, so that a call allocates nothing.
  Collector(const quipu_graph& graph, bool output) {
    for (std::uint32_t i = 0; i < graph.node_count; ++i) {
      const quipu_graph_node& node = *graph.nodes[i];
      if (node.op == QUIPU_OP_LINEAR && (output || !node.after_select)) add(graph, node.inputs[1]);
      if (node.op == QUIPU_OP_MOE)
        for (const std::uint32_t input : {1u, 4u, 5u, 6u})
          if (input < node.input_count && node.inputs[input]) add(graph, node.inputs[input]);
    }
    observer_.size = sizeof observer_;
    observer_.context = this;
    observer_.product = [](void* context, const quipu_tensor* weight, std::uint32_t matrix,
                           const float* x, std::uint32_t rows, std::uint64_t stride) noexcept {
      static_cast<Collector*>(context)->see(weight, matrix, x, rows, stride);
    };
  }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  const quipu_observer& observer() const { return observer_; }

  void put_into(Importance& importance) const {
    for (const auto& [tensor, sums] : sums_) {
      const std::string name(tensor->name.data, tensor->name.size);
      Importance::Weight& weight = importance.weights[name];
      weight.sums.assign(sums.squares.begin(), sums.squares.end());
      weight.counts.assign(sums.inputs.begin(), sums.inputs.end());
      for (const float sum : weight.sums)
        if (!std::isfinite(sum))
          throw Error(ErrorCode::invalid,
                      printable(name) + ": expected inputs that are finite numbers, found others");
    }
  }

 private:
  void add(const quipu_graph& graph, quipu_node weight) {
    const quipu_tensor* tensor = graph.nodes[weight - 1]->weight;
    const std::uint64_t matrices = tensor->rank > 2 ? tensor->shape[2] : 1;
    sums_[tensor] = {tensor, std::vector<double>(matrices * tensor->shape[0]),
                     std::vector<double>(matrices)};
    row_.resize(std::max<std::size_t>(row_.size(), tensor->shape[0]));
  }

  void see(const quipu_tensor* weight, std::uint32_t matrix, const float* x, std::uint32_t rows,
           std::uint64_t stride) noexcept {
    const auto found = sums_.find(weight);
    if (found == sums_.end()) return;
    const std::size_t columns = weight->shape[0];
    // Floats for the rows of one call, doubles for all of them.
    std::fill_n(row_.begin(), columns, 0.0f);
    for (std::uint32_t r = 0; r < rows; ++r, x += stride)
      for (std::size_t c = 0; c < columns; ++c) row_[c] += x[c] * x[c];
    double* const squares = found->second.squares.data() + matrix * columns;
    for (std::size_t c = 0; c < columns; ++c) squares[c] += static_cast<double>(row_[c]);
    found->second.inputs[matrix] += rows;
  }

  quipu_observer observer_{};
  std::map<const quipu_tensor*, Sums> sums_;
  std::vector<float> row_;
};

}  // namespace

Importance Importance::measure(const Model& model, std::vector<Token> tokens,
                               const MeasureOptions& options, Registry& registry) {
  const std::uint64_t size = options.chunk_size;
  std::uint64_t chunks = size ? tokens.size() / size : 0;
  if (chunks == 0)
    throw Error(ErrorCode::usage, "expected a text of at least one chunk of " +
                                      std::to_string(size) + " tokens, found " +
                                      std::to_string(tokens.size()) + " tokens");
  if (options.most_chunks) chunks = std::min(chunks, options.most_chunks);
  Collector collector(model.graph(), options.output);
  EngineOptions engine = options.engine;
  engine.context = options.chunk_size;
  engine.cells = size;
  engine.batch = std::min(options.chunk_size, most_tokens);
  Runner runner(model, registry, engine, 1, &collector.observer());
  const Tokenizer& tokenizer = model.tokenizer();

  Batch batch;
  std::span<const float> logits;
  for (std::uint64_t chunk = 0; chunk < chunks; ++chunk) {
    const std::span own(tokens.data() + chunk * size, size);
    if (tokenizer.adds_bos() && tokenizer.bos() >= 0) own[0] = tokenizer.bos();
    runner.remove(0, 0);
    for (std::size_t i = 0; i < size; ++i) {
      batch.add(own[i], i, 0, true);
      if (batch.size() < engine.batch && i + 1 < size) continue;
      if (runner.run(batch, logits) != QUIPU_OK)
        throw Error(ErrorCode::internal, "the cache has no room for a chunk");
      batch.clear();
    }
    if (options.progress && !options.progress(chunk + 1, chunks))
      throw Error(ErrorCode::cancelled, "the measurement was stopped");
  }

  Importance importance;
  importance.chunk_count = chunks;
  importance.chunk_size = size;
  collector.put_into(importance);
  return importance;
}

}  // namespace quipu
