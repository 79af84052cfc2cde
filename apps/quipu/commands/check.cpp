#include "command.h"
namespace quipu::app {
const Command check_command = {
    "check", "", "", [](const std::vector<std::string>&) -> int { return exit_unsupported; }};
}
