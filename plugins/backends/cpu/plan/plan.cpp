#include "plan/plan.h"

#include <algorithm>

#include "device.h"
#include "plan/facts.h"
#include "quipu/sdk/plugin.h"
#include "supports.h"

namespace quipu_cpu {
namespace {

namespace sdk = quipu::sdk;

// Scratch and sort orders are sized for it; the number of tasks of a stage stays within the pool's.
constexpr std::uint32_t most_tokens = 65536;

// Fewer tokens a run make it slower for every weight: to unpack costs as much as five tokens do.
constexpr std::uint32_t fewest_tokens = 128;

quipu_plan_options checked(const quipu_graph& graph, const quipu_plan_options& options) {
  if (options.batch < 1 || options.batch > most_tokens)
    throw sdk::Error(QUIPU_E_ARGUMENT, "plan: expected a batch of 1 to " +
                                           std::to_string(most_tokens) + " tokens, found " +
                                           std::to_string(options.batch));
  if (options.sequences < 1)
    throw sdk::Error(QUIPU_E_ARGUMENT, "plan: expected at least one sequence, found none");
  for (std::uint32_t i = 0; i < graph.node_count; ++i)
    if (!supports(*graph.nodes[i]))
      throw sdk::Error(QUIPU_E_UNSUPPORTED, "node " + std::to_string(i + 1) + ", operation " +
                                                std::to_string(graph.nodes[i]->op) +
                                                ": backend cpu does not run it");
  return options;
}

/// Whether runs of fewer tokens cost little. Experts get a part of the tokens each: there they do.
bool can_be_shorter(const quipu_graph& graph, const quipu_plan_options& options,
                    std::uint32_t batch) {
  if (batch < std::max(fewest_tokens, options.sequences)) return false;
  for (std::uint32_t i = 0; i < graph.node_count; ++i)
    if (graph.nodes[i]->op == QUIPU_OP_MOE) return false;
  return true;
}

KvOptions cache_options(const quipu_plan_options& options, std::uint32_t isa,
                        std::uint64_t identity) {
  return {options.kv_type, options.cells, options.sequences, options.batch, isa, identity};
}

}  // namespace

Plan::Plan(Pool& pool, std::uint32_t isa, const quipu_graph& graph,
           const quipu_plan_options& options)
    : pool_(pool), graph_(graph), isa_(isa), options_(checked(graph, options)),
      copies_(options.flags & QUIPU_PLAN_REPACK ? Copies(graph, options, isa, pool) : Copies()),
      weights_(isa, options.flags & QUIPU_PLAN_DETERMINISTIC, copies_),
      layers_(cache_layers(graph, options.context, weights_)),
      cache_(layers_.layers, cache_options(options, isa, layers_.identity)) {
  const std::uint64_t goal = QUIPU_HAS(&options, scratch_goal) ? options.scratch_goal : 0;
  Extent extent = lower_outputs();
  while (goal != 0 && extent.usual > goal && can_be_shorter(graph, options, options_.batch / 2)) {
    options_.batch /= 2;
    extent = lower_outputs();
  }
  wanted_rows_.resize(options_.batch);
  arena_ = Arena(extent.bytes);
  for (const Output& output : outputs_) output.program->bind(arena_.data());
}

Extent Plan::lower_outputs() {
  const Target target{isa_,    options_.context, row_kernels(isa_), cache_,
                      layers_, weights_,         options_.observer};
  outputs_.clear();
  Extent all;
  for (std::uint32_t i = 0; i < graph_.output_count; ++i) {
    const quipu_graph_output& output = graph_.outputs[i];
    auto program = std::make_unique<Program>(step_, options_.batch, pool_.threads());
    const Lowered lowered = lower(graph_, output.node, target, *program);
    const Extent extent = program->finish();
    all.bytes = std::max(all.bytes, extent.bytes);
    all.usual = std::max(all.usual, extent.usual);
    outputs_.push_back({std::string(sdk::view(output.role)), std::move(program), lowered, nullptr});
  }
  return all;
}

Plan::Output& Plan::output_of(std::string_view role) {
  for (Output& output : outputs_)
    if (output.role == role) return output;
  throw sdk::Error(QUIPU_E_ARGUMENT, "run: the model has no output \"" + std::string(role) + "\"");
}

void Plan::check(const quipu_batch& batch, const Output& output, const quipu_output& out) const {
  const auto refuse = [](const std::string& what) {
    throw sdk::Error(QUIPU_E_ARGUMENT, "run: " + what);
  };
  if (batch.count > options_.batch)
    refuse("expected at most " + std::to_string(options_.batch) + " tokens, found " +
           std::to_string(batch.count));
  if (!batch.tokens && !batch.embeddings) refuse("expected tokens or embeddings, found neither");
  std::uint32_t wanted = 0;
  for (std::uint32_t i = 0; i < batch.count; ++i) wanted += batch.wanted[i] != 0;
  if (wanted > 0 && (!out.values || out.rows < wanted || out.stride < output.lowered.output->width))
    refuse("expected room for " + std::to_string(wanted) + " rows of " +
           std::to_string(output.lowered.output->width) + " values, found " +
           std::to_string(out.rows) + " of " + std::to_string(out.stride));
  for (std::uint32_t n = 0; n < graph_.node_count; ++n) {
    const quipu_graph_node& node = *graph_.nodes[n];
    if (node.op != QUIPU_OP_EMBED) continue;
    const quipu_embed& embed = *static_cast<const quipu_embed*>(node.attributes);
    const quipu_tensor& table = *graph_.nodes[node.inputs[0] - 1]->weight;
    const bool by_token = embed.index == QUIPU_EMBED_TOKENS;
    if (embed.index == QUIPU_EMBED_TOKEN_TYPES || (by_token && batch.embeddings)) continue;
    for (std::uint32_t i = 0; i < batch.count; ++i) {
      const std::int64_t index =
          by_token ? batch.tokens[i] : std::int64_t{batch.positions[i]} + embed.offset;
      if (index < 0 || static_cast<std::uint64_t>(index) >= table.shape[1])
        refuse(std::string(sdk::view(table.name)) + ": expected a " +
               (by_token ? "token" : "position") + " below " + std::to_string(table.shape[1]) +
               ", found " + std::to_string(index));
    }
  }
}

void Plan::run(const quipu_batch& batch, std::string_view role, const quipu_output& out) {
  if (batch.count == 0) return;
  Output& output = output_of(role);
  Profile* const profile = output.profile.get();
  if (profile) profile->begin_run();
  check(batch, output, out);
  cache_.begin(batch);
  step_ = {&batch, batch.count, 0, wanted_rows_.data()};
  for (std::uint32_t i = 0; i < batch.count; ++i)
    if (batch.wanted[i]) wanted_rows_[step_.wanted++] = i;
  output.lowered.output->data = out.values;
  output.lowered.output->stride = out.stride;
  for (AttentionGroup* group : output.lowered.attention) group->prepare(step_);
  if (profile)
    profile->run_stages(pool_);
  else
    pool_.run(output.program->stages());
  cache_.commit();
  if (profile) profile->end_run();
}

void Plan::facts(quipu_plan_facts& facts) const {
  quipu_plan_facts found{};
  found.size = facts.size;
  found.threads = pool_.threads();
  count_work(graph_, found);
  found.cache_bytes = cache_.bytes();
  found.scratch_bytes = arena_.bytes();
  found.copy_bytes = copies_.bytes();
  found.batch = options_.batch;
  std::copy_n(reinterpret_cast<const std::byte*>(&found),
              std::min<std::size_t>(facts.size, sizeof found),
              reinterpret_cast<std::byte*>(&facts));
}

std::vector<std::string> Plan::explain() const {
  std::vector<std::string> lines;
  for (const Output& output : outputs_) {
    lines.push_back(output.role + ": " + std::to_string(output.program->job_stages().size()) +
                    " stages, " + isa_name(isa_) + ", " + std::to_string(pool_.threads()) +
                    " threads");
    for (std::size_t i = 0; i < output.program->job_stages().size(); ++i)
      lines.push_back(std::to_string(i) + ": " + output.program->job_stages()[i]->describe());
  }
  return lines;
}

void Plan::profile(bool on) {
  for (Output& output : outputs_)
    output.profile =
        on ? std::make_unique<Profile>(*output.program, step_, pool_.threads()) : nullptr;
}

void Plan::read_profile(quipu_profile& profile,
                        const std::function<void(const quipu_profile_entry&)>& entry) const {
  if (!outputs_.front().profile)
    throw sdk::Error(QUIPU_E_ARGUMENT, "profile: expected one that was begun, found none");
  quipu_profile found{};
  found.size = profile.size;
  found.threads = pool_.threads();
  std::uint32_t first_stage = 0;
  for (const Output& output : outputs_) {
    output.profile->add_to(found);
    output.profile->each_entry(first_stage, entry);
    first_stage += static_cast<std::uint32_t>(output.program->job_stages().size());
  }
  std::copy_n(reinterpret_cast<const std::byte*>(&found),
              std::min<std::size_t>(profile.size, sizeof found),
              reinterpret_cast<std::byte*>(&profile));
}

void Plan::kv_edit(std::uint32_t edit, std::uint32_t sequence, std::int32_t first,
                   std::int32_t last, std::int64_t argument) {
  if (edit == QUIPU_KV_SHIFT && !layers_.can_shift)
    throw sdk::Error(
        QUIPU_E_UNSUPPORTED,
        "shift: this model's values depend on positions in a way that cannot be undone");
  cache_.edit(edit, sequence, first, last, argument);
}

std::uint64_t Plan::kv_free_cells() const {
  return cache_.free_cells();
}

std::uint64_t Plan::kv_size(std::uint32_t sequence) const {
  return cache_.saved_size(sequence);
}

void Plan::kv_save(std::uint32_t sequence, std::span<std::byte> out) const {
  cache_.save(sequence, out);
}

void Plan::kv_load(std::uint32_t sequence, std::span<const std::byte> in) {
  cache_.load(sequence, in);
}

}  // namespace quipu_cpu
