// A graph made ready to run on this machine, with its cache.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attention/kv_cache.h"
#include "plan/arena.h"
#include "plan/cache_layers.h"
#include "plan/copies.h"
#include "plan/lowering.h"
#include "plan/profile.h"
#include "plan/program.h"
#include "plan/weights.h"
#include "pool.h"

namespace quipu_cpu {

/// Members are what quipu/abi/backend.h says of them; they throw quipu::sdk::Error.
class Plan {
 public:
  Plan(Pool& pool, std::uint32_t isa, const quipu_graph& graph, const quipu_plan_options& options);

  void facts(quipu_plan_facts& facts) const;
  void run(const quipu_batch& batch, std::string_view role, const quipu_output& output);
  std::vector<std::string> explain() const;
  void profile(bool on);
  void read_profile(quipu_profile& profile,
                    const std::function<void(const quipu_profile_entry&)>& entry) const;

  void kv_edit(std::uint32_t edit, std::uint32_t sequence, std::int32_t first, std::int32_t last,
               std::int64_t argument);
  std::uint64_t kv_free_cells() const;
  std::uint64_t kv_size(std::uint32_t sequence) const;
  void kv_save(std::uint32_t sequence, std::span<std::byte> out) const;
  void kv_load(std::uint32_t sequence, std::span<const std::byte> in);

 private:
  struct Output {
    std::string role;
    std::unique_ptr<Program> program;
    Lowered lowered;
    std::unique_ptr<Profile> profile;  // null: nothing is noted
  };

  /// A program for each output, of options_.batch tokens.
  Extent lower_outputs();
  Output& output_of(std::string_view role);
  void check(const quipu_batch& batch, const Output& output, const quipu_output& out) const;

  Pool& pool_;
  const quipu_graph& graph_;
  std::uint32_t isa_;
  quipu_plan_options options_;
  Copies copies_;
  Weights weights_;
  CacheLayers layers_;
  KvCache cache_;
  Step step_;
  std::vector<std::uint32_t> wanted_rows_;
  std::vector<Output> outputs_;
  Arena arena_;
};

}  // namespace quipu_cpu
