// What options of sampling may be.
#pragma once

#include "quipu/sampler.h"

namespace quipu {

/// Throws usage when an option is out of range, naming it as llama.cpp's API does.
void check(const SamplerOptions& options, std::size_t vocabulary);

}  // namespace quipu
