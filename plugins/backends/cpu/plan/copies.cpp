#include "plan/copies.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "device.h"
#include "quipu/sdk/plugin.h"

namespace quipu_cpu {
namespace {

namespace sdk = quipu::sdk;

using Slices = std::vector<WeightMatrix>;

/// Work for every strip of all slices of a tensor.
class EachStrip final : public Stage {
 public:
  using Body = std::function<void(std::size_t slice, std::uint32_t strip, std::uint32_t thread)>;

  EachStrip(const Slices& slices, Body body)
      : strips_(strip_count(slices.front())),
        tasks_(static_cast<std::uint32_t>(slices.size()) * strips_), body_(std::move(body)) {}

  std::uint32_t tasks() const noexcept override { return tasks_; }
  void run(std::uint32_t first, std::uint32_t last, std::uint32_t thread) const noexcept override {
    for (std::uint32_t task = first; task < last; ++task)
      body_(task / strips_, task % strips_, thread);
  }

 private:
  std::uint32_t strips_, tasks_;
  Body body_;
};

void run(Pool& pool, const Stage& stage) {
  const Stage* const stages[] = {&stage};
  pool.run(stages);
}

/// Scratch of every thread.
class ThreadScratch {
 public:
  ThreadScratch(const Slices& slices, std::uint32_t threads)
      : stride_((strip_scratch_bytes(slices.front()) + 63) / 64 * 64), memory_(stride_ * threads) {}
  std::byte* of(std::uint32_t thread) const { return memory_.data() + thread * stride_; }

 private:
  std::size_t stride_;
  Arena memory_;
};

/// Slices of the tensors that are multiplied with and can be copied, each tensor once, in the
/// order of the nodes.
std::vector<Slices> multiplied(const quipu_graph& graph, std::uint32_t isa) {
  std::vector<Slices> all;
  const auto add = [&](quipu_node n) {
    const quipu_tensor* const tensor = n ? graph.nodes[n - 1]->weight : nullptr;
    if (!tensor || std::ranges::any_of(
                       all, [&](const Slices& slices) { return slices.front().tensor == tensor; }))
      return;
    Slices slices;
    for (std::uint64_t index = 0; index < tensor->shape[2]; ++index)
      slices.push_back(weight_matrix(*tensor, isa, false, index));
    if (!slices.empty() && can_be_strips(slices.front()) &&
        slices.size() * strip_count(slices.front()) <= Stage::most_tasks)
      all.push_back(std::move(slices));
  };
  for (std::uint32_t i = 0; i < graph.node_count; ++i) {
    const quipu_graph_node& node = *graph.nodes[i];
    if (node.op != QUIPU_OP_LINEAR && node.op != QUIPU_OP_MOE) continue;
    add(node.inputs[1]);
    if (node.op == QUIPU_OP_MOE)
      for (std::uint32_t input = 4; input <= 6; ++input) add(node.inputs[input]);
  }
  return all;
}

StripForm form_of(const Slices& slices, Pool& pool) {
  const ThreadScratch scratch(slices, pool.threads());
  std::vector<StripNeeds> needs(pool.threads());
  run(pool, EachStrip(slices, [&](std::size_t slice, std::uint32_t strip, std::uint32_t thread) {
        needs[thread].join(strip_needs(slices[slice], strip, scratch.of(thread)));
      }));
  for (const StripNeeds& each : needs) needs.front().join(each);
  return strip_form(*slices.front().codec, needs.front());
}

std::string megabytes(std::uint64_t bytes) {
  return std::to_string((bytes + 999'999) / 1'000'000) + " MB";
}

}  // namespace

Copies::Copies(const quipu_graph& graph, const quipu_plan_options& options, std::uint32_t isa,
               Pool& pool) {
  const std::vector<Slices> all = multiplied(graph, isa);
  const auto tell = [&](const Slices& slices) {
    if (options.copied) options.copied(options.copied_context, slices.front().tensor);
  };
  std::uint64_t total = 0;
  for (const Slices& slices : all) {
    const StripForm form = form_of(slices, pool);
    const std::uint64_t bytes = strips_bytes(slices.front(), form);
    copies_[slices.front().tensor] = {form, nullptr, bytes};
    total += bytes * slices.size();
    // Not both of all weights at a time: what was looked at is read again.
    tell(slices);
  }
  const std::uint64_t available = machine_memory().available;
  if (available && total > available)
    throw sdk::Error(QUIPU_E_MEMORY, "repack: expected " + megabytes(total) +
                                         " of free memory for copies of the weights, found " +
                                         megabytes(available));
  memory_ = Arena(total);
  memory_.prefer_huge_pages();
  std::byte* at = memory_.data();
  for (const Slices& slices : all) {
    Copy& copy = copies_[slices.front().tensor];
    copy.strips = at;
    at += copy.slice_bytes * slices.size();
    const ThreadScratch scratch(slices, pool.threads());
    run(pool, EachStrip(slices, [&](std::size_t slice, std::uint32_t strip, std::uint32_t thread) {
          copy_strip(slices[slice], copy.form, strip, scratch.of(thread),
                     copy.strips + slice * copy.slice_bytes);
        }));
    tell(slices);
  }
}

void Copies::apply(WeightMatrix& matrix, std::uint64_t index) const {
  const auto found = copies_.find(matrix.tensor);
  if (found == copies_.end()) return;
  matrix.form = &found->second.form;
  matrix.strips = found->second.strips + index * found->second.slice_bytes;
}

}  // namespace quipu_cpu
