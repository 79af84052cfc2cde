#include "graph/builder.h"

#include <algorithm>
#include <cstring>

#include "graph/opset.h"
#include "graph/shapes.h"
#include "model/extent.h"
#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

constexpr std::size_t max_problems = 1000;
constexpr std::size_t max_nodes = 1'000'000;

Builder& self(void* context) {
  return *static_cast<Builder*>(context);
}

std::string_view view(quipu_str text) {
  return {text.data, text.size};
}

// Runs on the plugin's side of the boundary: nothing may escape.
template <class Body>
quipu_status guarded(Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return QUIPU_E_MEMORY;
  } catch (...) {
    return QUIPU_E_INTERNAL;
  }
}

std::uint64_t without_ones(std::span<const std::uint64_t> shape, std::uint64_t (&out)[4]) {
  std::uint64_t rank = 1;
  for (std::size_t i = 0; i < 4; ++i) {
    out[i] = i < shape.size() ? shape[i] : 1;
    if (out[i] != 1) rank = i + 1;
  }
  return rank;
}

}  // namespace

Builder::Builder(Graph& graph, const ModelFile& file, Registry& registry)
    : graph_(graph), file_(file), registry_(registry) {
  table_.size = sizeof table_;
  table_.opset = QUIPU_OPSET;
  table_.context = this;
  table_.weight = [](void* context, quipu_str name, const std::uint64_t* shape, std::uint32_t rank,
                     std::uint32_t flags, quipu_node* node) noexcept {
    return guarded([&] {
      return self(context).weight(view(name), {shape, std::min(rank, 4u)}, flags, node);
    });
  };
  table_.op = [](void* context, std::uint32_t op, const quipu_node* inputs, std::uint32_t count,
                 const void* attributes, quipu_node* node) noexcept {
    return guarded([&] { return self(context).op(op, {inputs, count}, attributes, node); });
  };
  table_.output = [](void* context, quipu_node node, quipu_str role) noexcept {
    return guarded([&] { return self(context).output(node, view(role)); });
  };
  table_.ignore = [](void* context, quipu_str name) noexcept {
    return guarded([&] {
      self(context).known_.emplace(view(name));
      return static_cast<quipu_status>(QUIPU_OK);
    });
  };
}

quipu_status Builder::note(const std::string& problem) {
  if (problems_.size() < max_problems) {
    problems_.push_back(problem);
    return QUIPU_OK;
  }
  if (problems_.size() == max_problems)
    problems_.push_back("more than " + std::to_string(max_problems) +
                        " problems: the others are not listed");
  return QUIPU_E_INVALID;
}

bool Builder::full(const std::string& where) {
  if (graph_.size() < max_nodes) return false;
  note(where + ": expected a graph of at most " + std::to_string(max_nodes) + " nodes");
  return true;
}

// Stands for a weight that the file lacks, so that what reads it is checked too.
quipu_node Builder::add_missing_weight(std::string_view name,
                                       std::span<const std::uint64_t> shape) {
  quipu_tensor tensor{};
  tensor.rank = static_cast<std::uint32_t>(without_ones(shape, tensor.shape));
  return graph_.add_weight(tensor, std::string(name));
}

quipu_status Builder::same_again(std::string_view name, std::span<const std::uint64_t> shape,
                                 const quipu_tensor& before) {
  std::uint64_t wanted[4];
  const auto rank = without_ones(shape, wanted);
  if (std::equal(wanted, wanted + 4, before.shape)) return QUIPU_OK;
  return note(printable(name) + ": expected one shape wherever it is used, found " +
              shape_text({before.shape, before.rank}) + " and " + shape_text({wanted, rank}));
}

quipu_status Builder::weight(std::string_view name, std::span<const std::uint64_t> shape,
                             std::uint32_t flags, quipu_node* node) {
  *node = 0;
  if (full(printable(name))) return QUIPU_E_INVALID;
  if (const auto found = weights_.find(std::string(name)); found != weights_.end()) {
    *node = found->second;
    return same_again(name, shape, *graph_.node(*node).weight);
  }
  known_.emplace(name);
  const TensorEntry* entry = file_.tensor(name);
  if (!entry && (flags & QUIPU_WEIGHT_OPTIONAL)) return QUIPU_OK;
  quipu_tensor tensor{};
  const auto wanted_rank = without_ones(shape, tensor.shape);
  tensor.rank = static_cast<std::uint32_t>(wanted_rank);
  const auto wanted = shape_text({tensor.shape, wanted_rank});
  const auto keep_missing = [&](const std::string& problem) {
    *node = weights_[std::string(name)] = add_missing_weight(name, shape);
    return note(problem);
  };
  if (!entry)
    return keep_missing(printable(name) + ": expected a tensor " + wanted + ", found none");
  std::uint64_t found[4];
  const auto found_rank = without_ones(entry->shape, found);
  if (!std::equal(found, found + 4, tensor.shape))
    return keep_missing(printable(name) + ": expected " + wanted + ", found " +
                        shape_text({found, found_rank}));
  if (!registry_.has_codec(entry->type)) {
    if (missing_types_.insert(entry->type).second)
      missing_plugins_.push_back(printable(name) + ": no codec for " + printable(entry->type) +
                                 "; " + registry_.searched());
    *node = weights_[std::string(name)] = add_missing_weight(name, shape);
    return QUIPU_OK;
  }
  try {
    tensor.codec = &registry_.codec(entry->type);
    tensor.row_bytes = checked_extent(*entry, *tensor.codec).row_bytes;
    if (tensor.codec->flags & QUIPU_CODEC_WHOLE_NUMBERS)
      return keep_missing(printable(name) + ": expected weights, found whole numbers (" +
                          tensor.codec->name + ")");
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid) return keep_missing(error.what());
    missing_plugins_.push_back(error.what());
    return keep_missing(printable(name) + ": its codec cannot be loaded");
  }
  tensor.data = entry->data;
  *node = weights_[std::string(name)] = graph_.add_weight(tensor, std::string(name));
  return QUIPU_OK;
}

quipu_status Builder::op(std::uint32_t op, std::span<const quipu_node> inputs,
                         const void* attributes, quipu_node* node) {
  *node = 0;
  const std::string where =
      "node " + std::to_string(graph_.size() + 1) + " (" + std::string(op_name(op)) + ")";
  if (full(where)) return QUIPU_E_INVALID;
  for (const quipu_node input : inputs)
    if (input > graph_.size()) {
      note(where + ": expected inputs that were built before, found node " + std::to_string(input));
      return QUIPU_E_ARGUMENT;
    }
  const std::size_t bytes = attribute_bytes(op);
  if (bytes && !attributes) {
    note(where + ": expected attributes, found none");
    return QUIPU_E_ARGUMENT;
  }
  // A plugin built with older headers gives a shorter struct: what it lacks is zero.
  std::vector<std::byte> copy(bytes);
  if (bytes) {
    std::uint32_t size = 0;
    std::memcpy(&size, attributes, sizeof size);
    std::memcpy(copy.data(), attributes, std::min<std::size_t>(size, bytes));
    size = static_cast<std::uint32_t>(bytes);
    std::memcpy(copy.data(), &size, sizeof size);
  }
  std::vector<quipu_node> kept(inputs.begin(), inputs.end());
  while (!kept.empty() && kept.back() == 0) kept.pop_back();
  const Shape shape = check_node(graph_, op, kept, copy.data());
  *node = graph_.add(op, std::move(kept), std::move(copy), shape.width, shape.after_select);
  return shape.problem.empty() ? QUIPU_OK : note(where + ": " + shape.problem);
}

quipu_status Builder::output(quipu_node node, std::string_view role) {
  if (node == 0 || node > graph_.size() || graph_.node(node).op == QUIPU_OP_WEIGHT)
    return note("output " + printable(role) + ": expected a value of the graph");
  if (role != "logits" && role != "embeddings")
    return note("output " + printable(role) + ": expected logits or embeddings");
  if (!graph_.node(node).after_select)
    return note("output " + printable(role) + ": expected a value after select_outputs");
  return graph_.add_output(node, std::string(role))
             ? QUIPU_OK
             : note("output " + printable(role) + ": expected one, found a second");
}

std::vector<std::string> Builder::unused() const {
  std::vector<std::string> names;
  for (const auto& tensor : file_.tensors())
    if (!known_.contains(tensor.name)) names.push_back(tensor.name);
  return names;
}

}  // namespace quipu
