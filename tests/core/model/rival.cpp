// An architecture that claims models of the family "twins" with the certainty QUIPU_TEST_CLAIM, and
// can build none.
#include "quipu/sdk/architecture.h"

namespace {

class Rival {
 public:
  static constexpr std::string_view name = QUIPU_PLUGIN_NAME;
  static int claim(const quipu::sdk::Model&) { return QUIPU_TEST_CLAIM; }
  static void build(const quipu::sdk::Model& model, quipu::sdk::Graph&) {
    throw quipu::sdk::Error(QUIPU_E_UNSUPPORTED,
                            model.full("variant") + ": not known to " QUIPU_PLUGIN_NAME);
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Rival, "1.0", "Apache-2.0", "twins");
