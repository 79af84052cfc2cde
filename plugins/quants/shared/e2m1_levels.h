// The values of the 4-bit number E2M1 (OCP Microscaling Formats specification 1.0, section 5.3.3),
// doubled, 12 added: MXFP4 and NVFP4.
#pragma once

#include "quipu/sdk/kernel.h"

namespace {

constexpr uint8_t e2m1_levels[16] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0};

}  // namespace
