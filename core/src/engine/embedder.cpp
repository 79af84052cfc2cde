#include "quipu/embedder.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/check_tokens.h"
#include "engine/runner.h"
#include "quipu/error.h"
#include "quipu/model_file.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

constexpr std::uint32_t default_context = 4096;

// Encoders have attention that looks ahead.
bool is_encoder(const quipu_graph& graph) {
  for (std::uint32_t i = 0; i < graph.node_count; ++i)
    if (graph.nodes[i]->op == QUIPU_OP_ATTENTION &&
        !static_cast<const quipu_attention*>(graph.nodes[i]->attributes)->causal)
      return true;
  return false;
}

std::uint32_t vocabulary_of(const Model& model) {
  for (std::uint32_t i = 0; i < model.graph().node_count; ++i) {
    const quipu_graph_node& node = *model.graph().nodes[i];
    if (node.op == QUIPU_OP_EMBED &&
        static_cast<const quipu_embed*>(node.attributes)->index == QUIPU_EMBED_TOKENS)
      return static_cast<std::uint32_t>(model.graph().nodes[node.inputs[0] - 1]->weight->shape[1]);
  }
  throw Error(ErrorCode::unsupported, "this model reads no tokens");
}

EngineOptions completed(EngineOptions options, const Model& model, bool whole) {
  const std::uint32_t trained = model.facts().context;
  if (options.context == 0)
    options.context = trained ? std::min(trained, default_context) : default_context;
  if (options.context > 0x7FFFFFFF)
    throw Error(ErrorCode::usage,
                "context: expected at most 2147483647, found " + std::to_string(options.context));
  options.sequences = 1;
  options.cells = options.context;
  if (whole) options.batch = options.context;
  return options;
}

}  // namespace

std::optional<Pooling> parse_pooling(std::string_view name) {
  if (name == "none") return Pooling::none;
  if (name == "mean") return Pooling::mean;
  if (name == "cls") return Pooling::first;
  if (name == "last") return Pooling::last;
  return std::nullopt;
}

struct Embedder::State {
  std::shared_ptr<const Model> model;
  bool encoder;
  std::uint32_t vocabulary;
  EngineOptions options;
  Runner runner;
  Batch batch;

  State(std::shared_ptr<const Model> m, Registry& registry, const EngineOptions& asked)
      : model(std::move(m)), encoder(is_encoder(model->graph())), vocabulary(vocabulary_of(*model)),
        options(completed(asked, *model, encoder)),
        runner(*model, registry, options, 1, nullptr, "embeddings") {
    // What was repacked would come back.
    if (!options.repack) model->file().populate(runner.facts().threads);
  }

  void check(std::span<const Token> tokens) const {
    check_tokens("text", tokens, options.context, vocabulary);
  }
};

Embedder::Embedder(std::shared_ptr<const Model> model, Registry& registry, EngineOptions options)
    : state_(std::make_unique<State>(std::move(model), registry, options)) {}
Embedder::~Embedder() = default;

std::uint32_t Embedder::context() const noexcept {
  return state_->options.context;
}
std::uint32_t Embedder::width() const noexcept {
  return state_->runner.width();
}

Pooling Embedder::pooling() const {
  const Metadata& metadata = state_->model->file().metadata();
  const std::string key =
      std::string(metadata.text("general.architecture").value_or("")) + ".pooling_type";
  const auto kind = metadata.integer(key);
  if (!kind) return state_->encoder ? Pooling::mean : Pooling::last;
  constexpr Pooling kinds[] = {Pooling::none, Pooling::mean, Pooling::first, Pooling::last};
  if (*kind >= 0 && *kind < 4) return kinds[*kind];
  throw Error(ErrorCode::unsupported,
              key + ": expected 0 (none), 1 (mean), 2 (cls) or 3 (last), found " +
                  std::to_string(*kind));
}

std::vector<float> Embedder::embed(std::span<const Token> tokens, Pooling pooling) {
  State& s = *state_;
  s.check(tokens);
  const std::size_t width = s.runner.width();
  const auto wanted = [&](std::size_t i) {
    return pooling == Pooling::first  ? i == 0
           : pooling == Pooling::last ? i + 1 == tokens.size()
                                      : true;
  };
  std::vector<float> rows, sum(pooling == Pooling::mean ? width : 0);
  s.runner.remove(0, 0);
  for (std::size_t first = 0; first < tokens.size(); first += s.runner.batch()) {
    const std::size_t last = std::min(tokens.size(), first + s.runner.batch());
    s.batch.clear();
    for (std::size_t i = first; i < last; ++i) s.batch.add(tokens[i], i, 0, wanted(i));
    std::span<const float> found;
    if (s.runner.run(s.batch, found) != QUIPU_OK)
      throw Error(ErrorCode::memory, "embeddings: the cache has no room for the text");
    if (pooling != Pooling::mean)
      rows.insert(rows.end(), found.begin(), found.end());
    else
      for (std::size_t i = 0; i < found.size(); ++i) sum[i % width] += found[i];
  }
  if (pooling != Pooling::mean) return rows;
  for (float& x : sum) x /= static_cast<float>(tokens.size());
  return sum;
}

void normalise(std::span<float> vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  if (!(squares > 0)) return;
  const double factor = 1 / std::sqrt(squares);
  for (float& x : vector) x = static_cast<float>(x * factor);
}

}  // namespace quipu
