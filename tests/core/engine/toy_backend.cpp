// A backend that runs the toy model, checks all that it is told, and keeps a diary: explain().
#include "quipu/sdk/backend.h"

#include <cstring>
#include <map>
#include <memory>
#include <numeric>

#include "toy_logits.h"

namespace {

using quipu::sdk::Error;

class Toy {
 public:
  static constexpr std::string_view name = "toy";
  static std::uint32_t device_count() { return 1; }
  static void device(std::uint32_t, quipu_device& device) {
    quipu::sdk::set_text(device.name, "toy");
  }
  explicit Toy(const quipu_backend_options&) {}
  static bool supports(const quipu_graph_node&) { return true; }

  class Plan;
  std::unique_ptr<Plan> plan(const quipu_graph&, const quipu_plan_options& options);
};

// A cell holds a token; sequences share it.
class Toy::Plan {
 public:
  explicit Plan(const quipu_plan_options& options)
      : options_(options), sequences_(options.sequences) {}

  void facts(quipu_plan_facts& facts) const { facts.threads = 1; }

  void run(const quipu_batch& batch, std::string_view role, const quipu_output& output) {
    require(role == "logits", "role");
    require(batch.count > 0 && batch.count <= options_.batch, "count");
    require(output.stride >= toy::width, "stride");
    std::string line = "run";
    std::map<std::uint32_t, std::uint32_t> counts;
    auto next = sequences_;
    std::uint32_t wanted = 0;
    for (std::uint32_t i = 0; i < batch.count; ++i) {
      require(batch.sequences[i] < options_.sequences, "sequence");
      auto& sequence = next[batch.sequences[i]];
      require(batch.positions[i] == static_cast<std::int32_t>(sequence.size()), "position");
      require(sequence.size() < options_.context, "context");
      require(batch.tokens[i] >= 0 && batch.tokens[i] < toy::width, "token");
      sequence.push_back(std::make_shared<std::int32_t>(batch.tokens[i]));
      ++counts[batch.sequences[i]];
      wanted += batch.wanted[i];
    }
    require(output.rows >= wanted, "rows");
    if (batch.count > kv_free_cells()) throw Error(QUIPU_E_MEMORY, "no room");
    for (std::uint32_t i = 0; i < batch.count; ++i)
      if (batch.tokens[i] == toy::poison) throw Error(QUIPU_E_INVALID, "the toy is poisoned");
    std::vector<std::size_t> done(options_.sequences);
    std::uint32_t row = 0;
    for (std::uint32_t i = 0; i < batch.count; ++i) {
      const auto s = batch.sequences[i];
      const std::size_t length = sequences_[s].size() + ++done[s];
      if (!batch.wanted[i]) continue;
      std::vector<std::int32_t> prefix;
      for (std::size_t at = 0; at < length; ++at) prefix.push_back(*next[s][at]);
      const auto logits = toy::logits(prefix);
      std::memcpy(output.values + row++ * output.stride, logits.data(),
                  logits.size() * sizeof(float));
    }
    sequences_ = std::move(next);
    for (const auto& [sequence, count] : counts)
      line += ' ' + std::to_string(sequence) + ':' + std::to_string(count);
    diary_.push_back(line);
  }

  void kv_edit(std::uint32_t edit, std::uint32_t sequence, std::int32_t first, std::int32_t last,
               std::int64_t argument) {
    require(sequence < options_.sequences, "sequence");
    auto& own = sequences_[sequence];
    const auto from = static_cast<std::size_t>(first);
    if (edit == QUIPU_KV_REMOVE) {
      require(last == -1 && from <= own.size(), "removal to the end");
      own.resize(from);
      diary_.push_back("remove " + std::to_string(sequence) + " from " + std::to_string(first));
      return;
    }
    require(edit == QUIPU_KV_COPY, "edit");
    const auto& source = sequences_.at(static_cast<std::size_t>(argument));
    require(first == 0 && own.empty() && static_cast<std::size_t>(last) <= source.size(), "copy");
    own.assign(source.begin(), source.begin() + last);
    diary_.push_back("copy " + std::to_string(argument) + " to " + std::to_string(sequence) +
                     " up to " + std::to_string(last));
  }

  std::uint64_t kv_free_cells() const {
    std::map<const void*, int> used;
    for (const auto& sequence : sequences_)
      for (const auto& cell : sequence) ++used[cell.get()];
    return options_.cells - used.size();
  }
  std::uint64_t kv_size(std::uint32_t) const { return 0; }
  void kv_save(std::uint32_t, std::span<std::byte>) const {}
  void kv_load(std::uint32_t, std::span<const std::byte>) {}

  std::vector<std::string> explain() const {
    auto lines = diary_;
    lines.push_back("options context " + std::to_string(options_.context) + " batch " +
                    std::to_string(options_.batch) + " sequences " +
                    std::to_string(options_.sequences) + " cells " +
                    std::to_string(options_.cells) + " flags " + std::to_string(options_.flags) +
                    " kv " + std::to_string(options_.kv_type));
    return lines;
  }

 private:
  static void require(bool holds, const char* what) {
    if (!holds) throw Error(QUIPU_E_ARGUMENT, std::string("toy: broken contract: ") + what);
  }

  quipu_plan_options options_;
  std::vector<std::vector<std::shared_ptr<std::int32_t>>> sequences_;
  std::vector<std::string> diary_;
};

std::unique_ptr<Toy::Plan> Toy::plan(const quipu_graph&, const quipu_plan_options& options) {
  return std::make_unique<Plan>(options);
}

}  // namespace

QUIPU_BACKEND_PLUGIN(Toy, "1.0.0", "Apache-2.0", "toy=1");
