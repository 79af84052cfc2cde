#include "engine/runner.h"

#include <algorithm>

#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

// What prefill gains with more tokens is little. The wider a model, the fewer it needs to be near
// the best rate, and the more memory the results of each take. Mistral 7B is as fast with the 256
// tokens that the goal leaves it as with 512 (Zen 5, prefill of 512 tokens).
constexpr std::uint32_t default_batch = 512;
constexpr std::uint64_t default_scratch_goal = 16 << 20;

std::uint32_t width_of(const quipu_graph& graph, std::string_view role) {
  for (std::uint32_t i = 0; i < graph.output_count; ++i)
    if (std::string_view(graph.outputs[i].role.data, graph.outputs[i].role.size) == role)
      return graph.nodes[graph.outputs[i].node - 1]->width;
  throw Error(ErrorCode::unsupported,
              "this model gives no " + std::string(role) +
                  (role == "logits" ? ", so it cannot continue a text" : ""));
}

std::string text(quipu_str s) {
  return {s.data, s.size};
}

void release(void* file, const quipu_tensor* weight) noexcept {
  const std::uint64_t rows = weight->shape[1] * weight->shape[2] * weight->shape[3];
  static_cast<const ModelFile*>(file)->release(
      {static_cast<const std::byte*>(weight->data), rows * weight->row_bytes});
}

double seconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e9;
}

ProfileEntry entry_of(const quipu_profile_entry& table) {
  ProfileEntry entry;
  entry.stage = table.stage;
  entry.op = text(table.op);
  for (std::uint32_t i = 0; i < table.weight_count; ++i) {
    const quipu_tensor& tensor = *table.weights[i];
    entry.weights.push_back({text(tensor.name),
                             tensor.codec->name,
                             {tensor.shape, tensor.shape + tensor.rank},
                             text(table.kernels[i])});
  }
  entry.calls = table.calls;
  entry.elapsed_seconds = seconds(table.elapsed);
  entry.busy_seconds = seconds(table.busy);
  entry.waiting_seconds = seconds(table.waiting);
  entry.bytes = table.bytes;
  entry.multiply_adds = table.multiply_adds;
  return entry;
}

}  // namespace

void Batch::add(Token token, std::size_t position, std::uint32_t sequence, bool want) {
  tokens.push_back(token);
  positions.push_back(static_cast<std::int32_t>(position));
  sequences.push_back(sequence);
  wanted.push_back(want);
}

void Batch::clear() {
  tokens.clear();
  positions.clear();
  sequences.clear();
  wanted.clear();
}

Runner::Runner(const Model& model, Registry& registry, const EngineOptions& options,
               std::uint32_t sequences, const quipu_observer* observer, std::string_view role)
    : backend_(registry.backend(options.backend)), role_(role),
      width_(width_of(model.graph(), role)) {
  for (std::uint32_t i = 0; i < model.graph().node_count; ++i) {
    const quipu_graph_node& node = *model.graph().nodes[i];
    if (node.op != QUIPU_OP_WEIGHT && !backend_.supports(&node))
      throw Error(ErrorCode::unsupported, std::string("the backend ") + backend_.name +
                                              " does not run operation " + std::to_string(node.op) +
                                              " of the architecture " +
                                              std::string(model.architecture()));
  }
  quipu_backend_options open{};
  open.size = sizeof open;
  open.threads = options.threads;
  open.isa = Registry::isa();
  Registry::check(backend_.open(&open, &context_), backend_.name);
  quipu_plan_options plan{};
  plan.size = sizeof plan;
  if (options.deterministic) plan.flags |= QUIPU_PLAN_DETERMINISTIC;
  if (options.repack) plan.flags |= QUIPU_PLAN_REPACK;
  plan.context = options.context;
  plan.batch = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(options.batch ? options.batch : default_batch, options.cells));
  plan.scratch_goal = options.batch ? 0 : default_scratch_goal;
  plan.sequences = sequences;
  plan.kv_type = static_cast<std::uint32_t>(options.kv);
  plan.cells = options.cells;
  plan.observer = observer;
  plan.copied = release;
  plan.copied_context = const_cast<ModelFile*>(&model.file());
  try {
    Registry::check(backend_.plan(context_, &model.graph(), &plan, &plan_), backend_.name);
  } catch (...) {
    backend_.close(context_);
    throw;
  }
  const std::uint32_t planned = facts().batch;
  batch_ = planned ? planned : plan.batch;
}

Runner::~Runner() {
  backend_.plan_free(plan_);
  backend_.close(context_);
}

quipu_status Runner::run(const Batch& batch, std::span<const float>& rows) {
  const auto wanted = static_cast<std::size_t>(std::ranges::count(batch.wanted, 1));
  if (rows_.size() < wanted * width_) rows_.resize(wanted * width_);
  quipu_batch table{};
  table.size = sizeof table;
  table.count = static_cast<std::uint32_t>(batch.size());
  table.tokens = batch.tokens.data();
  table.positions = batch.positions.data();
  table.sequences = batch.sequences.data();
  table.wanted = batch.wanted.data();
  quipu_output output{};
  output.size = sizeof output;
  output.rows = static_cast<std::uint32_t>(wanted);
  output.values = rows_.data();
  output.stride = width_;
  const quipu_status status = backend_.run(plan_, &table, {role_.data(), role_.size()}, &output);
  if (status == QUIPU_E_MEMORY) {
    Registry::take_failure();
    return status;
  }
  Registry::check(status, backend_.name);
  rows = {rows_.data(), wanted * width_};
  return QUIPU_OK;
}

void Runner::remove(std::uint32_t sequence, std::size_t first) {
  Registry::check(
      backend_.kv_edit(plan_, QUIPU_KV_REMOVE, sequence, static_cast<std::int32_t>(first), -1, 0),
      backend_.name);
}

void Runner::copy(std::uint32_t from, std::uint32_t to, std::size_t count) {
  Registry::check(
      backend_.kv_edit(plan_, QUIPU_KV_COPY, to, 0, static_cast<std::int32_t>(count), from),
      backend_.name);
}

quipu_plan_facts Runner::facts() const {
  quipu_plan_facts facts{};
  facts.size = sizeof facts;
  backend_.facts(plan_, &facts);
  return facts;
}

std::vector<std::string> Runner::explain() const {
  std::vector<std::string> lines;
  if (QUIPU_HAS(&backend_, explain))
    Registry::check(backend_.explain(plan_, &lines,
                                     [](void* sink, quipu_str text) noexcept {
                                       static_cast<std::vector<std::string>*>(sink)->emplace_back(
                                           text.data, text.size);
                                     }),
                    backend_.name);
  return lines;
}

bool Runner::profile(bool on) {
  if (!QUIPU_HAS(&backend_, profile) || !QUIPU_HAS(&backend_, read_profile)) return false;
  Registry::check(backend_.profile(plan_, on), backend_.name);
  return true;
}

Profile Runner::profile() const {
  if (!QUIPU_HAS(&backend_, profile) || !QUIPU_HAS(&backend_, read_profile))
    throw Error(ErrorCode::unsupported,
                std::string("the backend ") + backend_.name + " does not note what runs take");
  Profile profile;
  quipu_profile table{};
  table.size = sizeof table;
  Registry::check(backend_.read_profile(plan_, &table, &profile.entries,
                                        [](void* sink, const quipu_profile_entry* entry) noexcept {
                                          static_cast<std::vector<ProfileEntry>*>(sink)->push_back(
                                              entry_of(*entry));
                                        }),
                  backend_.name);
  profile.threads = table.threads;
  profile.runs = table.runs;
  profile.tokens = table.tokens;
  profile.elapsed_seconds = seconds(table.elapsed);
  profile.noting_seconds = seconds(table.noting);
  return profile;
}

}  // namespace quipu
