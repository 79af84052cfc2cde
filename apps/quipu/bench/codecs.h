// quipu bench --codecs: the speed of codecs without a model.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace quipu::app {

/// Those of these names, or all; gives the exit code.
int bench_codecs(const Options& options, const std::vector<std::string>& names);

}  // namespace quipu::app
