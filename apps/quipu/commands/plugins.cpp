#include "command.h"
namespace quipu::app {
const Command plugins_command = {
    "plugins", "", "", [](const std::vector<std::string>&) -> int { return exit_unsupported; }};
}
