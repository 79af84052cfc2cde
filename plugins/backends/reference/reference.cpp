// The reference backend: plain loops in the order of the formulas, sums in double precision, one
// thread. It is what other backends are compared with, and the example to copy from; it allocates
// as it goes and is as slow as that sounds.
#include <memory>
#include <string>

#include "plan.h"
#include "quipu/sdk/backend.h"

namespace quipu_reference {
namespace {

using namespace quipu::sdk;

class Reference {
 public:
  using Plan = quipu_reference::Plan;
  static constexpr std::string_view name = "reference";
  static constexpr bool observes = true;

  static std::uint32_t device_count() { return 1; }
  static void device(std::uint32_t, quipu_device& device) {
    set_text(device.name, "reference");
    set_text(device.description, "plain loops on one thread of the processor");
  }

  explicit Reference(const quipu_backend_options& options) {
    if (options.device != 0)
      throw Error(QUIPU_E_ARGUMENT,
                  "reference: expected device 0, found " + std::to_string(options.device));
  }

  static bool supports(const quipu_graph_node& node) { return node.op <= QUIPU_OP_HOST; }

  std::unique_ptr<Plan> plan(const quipu_graph& graph, const quipu_plan_options& options) {
    return std::make_unique<Plan>(graph, options);
  }
};

}  // namespace
}  // namespace quipu_reference

QUIPU_BACKEND_PLUGIN(quipu_reference::Reference, "0.1.0", "Apache-2.0", "reference=1");
