// BF16: the upper half of a single-precision number. Layout source: GGUF specification, ggml
// type 30.
#include "quipu/sdk/kernel_float.h"

namespace {

struct Bf16 {
  static constexpr char name[] = "bf16", type[] = "gguf:30";
  using Stored = quipu::sdk::Bfloat;
};

}  // namespace

QUIPU_FLOAT_PLUGIN("0.1.0", "Apache-2.0", Bf16);
