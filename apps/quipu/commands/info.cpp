#include "command.h"
namespace quipu::app {
const Command info_command = {
    "info", "", "", [](const std::vector<std::string>&) -> int { return exit_unsupported; }};
}
