// F16: half-precision numbers, IEEE binary16. Layout source: GGUF specification, ggml type 1.
#include "quipu/sdk/kernel_float.h"

namespace {

struct F16 {
  static constexpr char name[] = "f16", type[] = "gguf:1";
  using Stored = quipu::sdk::Half;
};

}  // namespace

QUIPU_FLOAT_PLUGIN("0.1.0", "Apache-2.0", F16);
