// The levels of IQ4_NL and IQ4_XS, 127 added. Source: the formats' definition in ggml
// (ggml-common.h).
#pragma once

#include "quipu/sdk/kernel.h"

namespace {

constexpr uint8_t iq4_levels[16] = {0,   23,  44,  62,  78,  92,  105, 117,
                                    128, 140, 152, 165, 180, 196, 216, 240};

}  // namespace
