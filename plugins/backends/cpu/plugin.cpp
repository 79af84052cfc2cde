// The cpu backend: the graph on this machine's cores, weights read where the file is mapped.
#include <algorithm>
#include <thread>

#include "device.h"
#include "plan/plan.h"
#include "pool.h"
#include "quipu/sdk/backend.h"
#include "supports.h"

namespace {

namespace sdk = quipu::sdk;

class Cpu {
 public:
  static constexpr std::string_view name = "cpu";
  static constexpr bool observes = true;
  using Plan = quipu_cpu::Plan;

  static std::uint32_t device_count() { return 1; }

  static void device(std::uint32_t, quipu_device& device) {
    const auto memory = quipu_cpu::machine_memory();
    sdk::set_text(device.name, name);
    sdk::set_text(device.description, quipu_cpu::processor_name());
    device.memory_total = memory.total;
    device.memory_free = memory.available;
  }

  explicit Cpu(const quipu_backend_options& options)
      : isa_(std::min(options.isa, sdk::host() ? sdk::host()->isa : options.isa)),
        pool_(options.threads) {}

  static bool supports(const quipu_graph_node& node) { return quipu_cpu::supports(node); }

  std::unique_ptr<Plan> plan(const quipu_graph& graph, const quipu_plan_options& options) {
    return std::make_unique<Plan>(pool_, isa_, graph, options);
  }

 private:
  std::uint32_t isa_;
  quipu_cpu::Pool pool_;
};

}  // namespace

QUIPU_BACKEND_PLUGIN(Cpu, "0.1.0", "Apache-2.0", "cpu=100");
