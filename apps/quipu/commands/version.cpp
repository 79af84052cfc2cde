// quipu version: what this build is.
#include "command.h"
#include "quipu/abi/plugin.h"

namespace quipu::app {
namespace {

int run(const std::vector<std::string>& words) {
  Options options(version_command);
  if (!options.parse(words)) return exit_ok;
  const std::string abi = std::to_string(QUIPU_ABI_MAJOR) + "." + std::to_string(QUIPU_ABI_MINOR);
  if (options.json())
    print_json(json::value{{"version", QUIPU_VERSION},
                           {"plugin_abi", abi},
                           {"opset", QUIPU_OPSET},
                           {"target", QUIPU_TARGET},
                           {"compiler", __VERSION__}});
  else
    print("quipu " QUIPU_VERSION " (plugin ABI " + abi +
          ", " QUIPU_TARGET ", compiler " __VERSION__ ")\n");
  return exit_ok;
}

}  // namespace

const Command version_command = {"version", "[--json]", "Version of quipu and of its plugin ABI",
                                 run};

}  // namespace quipu::app
