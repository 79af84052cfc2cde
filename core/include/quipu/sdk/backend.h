// Backends in C++. A backend is a class whose objects are contexts, and a class of plans:
//
//   static constexpr std::string_view name;                                      "cpu"
//   static constexpr bool observes = true;       optional: plans heed quipu_plan_options.observer
//   static std::uint32_t device_count();
//   static void device(std::uint32_t index, quipu_device& device);               use set_text()
//   explicit Class(const quipu_backend_options& options);
//   static bool supports(const quipu_graph_node& node);
//   using Plan = …;
//   std::unique_ptr<Plan> plan(const quipu_graph& graph, const quipu_plan_options& options);
//
//   void Plan::facts(quipu_plan_facts& facts) const;
//   void Plan::run(const quipu_batch& batch, std::string_view role, const quipu_output& output);
//   void Plan::kv_edit(std::uint32_t edit, std::uint32_t sequence, std::int32_t first,
//                      std::int32_t last, std::int64_t argument);
//   std::uint64_t Plan::kv_free_cells() const;
//   std::uint64_t Plan::kv_size(std::uint32_t sequence) const;
//   void Plan::kv_save(std::uint32_t sequence, std::span<std::byte> out) const;
//   void Plan::kv_load(std::uint32_t sequence, std::span<const std::byte> in);
//   std::vector<std::string> Plan::explain() const;                              optional
//   void Plan::profile(bool on);                                                 optional, with
//   void Plan::read_profile(quipu_profile& profile,
//                           const std::function<void(const quipu_profile_entry&)>& entry) const;
//
// and one line: QUIPU_BACKEND_PLUGIN(Cpu, "0.1.0", "Apache-2.0", "cpu=100"). Members are what
// quipu/abi/backend.h says of them; those that return void, and plan(), may throw Error.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "quipu/abi/backend.h"
#include "quipu/sdk/plugin.h"

namespace quipu::sdk {
inline namespace QUIPU_PLUGIN_NAMESPACE {

/// Copies text into a zero-terminated field, cut to fit.
template <std::size_t Size>
void set_text(char (&field)[Size], std::string_view text) {
  const std::size_t length = std::min(text.size(), Size - 1);
  std::copy_n(text.data(), length, field);
  std::fill(field + length, field + Size, '\0');
}

template <class Backend>
constexpr quipu_backend make_backend() {
  using Plan = typename Backend::Plan;
  quipu_backend table{};
  table.size = sizeof table;
  table.opset = QUIPU_OPSET;
  table.name = Backend::name.data();
  table.device_count = []() noexcept -> std::uint32_t {
    std::uint32_t count = 0;
    guard([&] { count = Backend::device_count(); });
    return count;
  };
  table.device = [](std::uint32_t index, quipu_device* device) noexcept {
    return guard([&] {
      if (index >= Backend::device_count())
        throw Error(QUIPU_E_ARGUMENT, std::string(Backend::name) + ": no device " +
                                          std::to_string(index) + ", there are " +
                                          std::to_string(Backend::device_count()));
      Backend::device(index, *device);
    });
  };
  table.open = [](const quipu_backend_options* options, quipu_backend_context** context) noexcept {
    return guard(
        [&] { *context = reinterpret_cast<quipu_backend_context*>(new Backend(*options)); });
  };
  table.close = [](quipu_backend_context* context) noexcept {
    delete reinterpret_cast<Backend*>(context);
  };
  table.supports = [](const quipu_graph_node* node) noexcept -> int {
    bool supported = false;
    guard([&] { supported = Backend::supports(*node); });
    return supported;
  };
  table.plan = [](quipu_backend_context* context, const quipu_graph* graph,
                  const quipu_plan_options* options, quipu_plan** plan) noexcept {
    return guard([&] {
      if constexpr (!requires { Backend::observes; })
        if (options->observer)
          throw Error(QUIPU_E_UNSUPPORTED, "expected a backend that shows what weights are "
                                           "multiplied with; this one does not");
      *plan = reinterpret_cast<quipu_plan*>(
          reinterpret_cast<Backend*>(context)->plan(*graph, *options).release());
    });
  };
  table.plan_free = [](quipu_plan* plan) noexcept { delete reinterpret_cast<Plan*>(plan); };
  table.facts = [](const quipu_plan* plan, quipu_plan_facts* facts) noexcept {
    guard([&] { reinterpret_cast<const Plan*>(plan)->facts(*facts); });
  };
  table.run = [](quipu_plan* plan, const quipu_batch* batch, quipu_str role,
                 const quipu_output* output) noexcept {
    return guard([&] { reinterpret_cast<Plan*>(plan)->run(*batch, view(role), *output); });
  };
  table.kv_edit = [](quipu_plan* plan, std::uint32_t edit, std::uint32_t sequence,
                     std::int32_t first, std::int32_t last, std::int64_t argument) noexcept {
    return guard(
        [&] { reinterpret_cast<Plan*>(plan)->kv_edit(edit, sequence, first, last, argument); });
  };
  table.kv_free_cells = [](const quipu_plan* plan) noexcept -> std::uint64_t {
    return reinterpret_cast<const Plan*>(plan)->kv_free_cells();
  };
  table.kv_size = [](const quipu_plan* plan, std::uint32_t sequence) noexcept -> std::uint64_t {
    return reinterpret_cast<const Plan*>(plan)->kv_size(sequence);
  };
  table.kv_save = [](const quipu_plan* plan, std::uint32_t sequence, void* out,
                     std::uint64_t bytes) noexcept {
    return guard([&] {
      reinterpret_cast<const Plan*>(plan)->kv_save(sequence, {static_cast<std::byte*>(out), bytes});
    });
  };
  table.kv_load = [](quipu_plan* plan, std::uint32_t sequence, const void* in,
                     std::uint64_t bytes) noexcept {
    return guard([&] {
      reinterpret_cast<Plan*>(plan)->kv_load(sequence, {static_cast<const std::byte*>(in), bytes});
    });
  };
  if constexpr (requires(const Plan& plan) { plan.explain(); })
    table.explain = [](const quipu_plan* plan, void* sink,
                       void (*line)(void*, quipu_str) noexcept) noexcept {
      return guard([&] {
        for (const std::string& text : reinterpret_cast<const Plan*>(plan)->explain())
          line(sink, str(text));
      });
    };
  if constexpr (requires(Plan & plan) { plan.profile(true); }) {
    table.profile = [](quipu_plan* plan, int on) noexcept {
      return guard([&] { reinterpret_cast<Plan*>(plan)->profile(on != 0); });
    };
    table.read_profile = [](const quipu_plan* plan, quipu_profile* profile, void* sink,
                            void (*entry)(void*, const quipu_profile_entry*) noexcept) noexcept {
      return guard([&] {
        reinterpret_cast<const Plan*>(plan)->read_profile(
            *profile, [&](const quipu_profile_entry& each) { entry(sink, &each); });
      });
    };
  }
  return table;
}

}  // namespace QUIPU_PLUGIN_NAMESPACE
}  // namespace quipu::sdk

#define QUIPU_BACKEND_PLUGIN(CLASS, VERSION, LICENSE, PROVIDES)                                    \
  static constexpr quipu_backend quipu_items[] = {quipu::sdk::make_backend<CLASS>()};              \
  QUIPU_PLUGIN((quipu::sdk::make_manifest(                                                         \
                   QUIPU_KIND_BACKEND, QUIPU_OPSET,                                                \
                   {"backend." QUIPU_PLUGIN_NAME, VERSION, LICENSE, "quipu", PROVIDES})),          \
               quipu_items)
