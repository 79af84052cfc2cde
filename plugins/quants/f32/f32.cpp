// F32: single-precision numbers as they are. Layout source: GGUF specification, ggml type 0.
#include "quipu/sdk/kernel_float.h"

namespace {

struct F32 {
  static constexpr char name[] = "f32", type[] = "gguf:0";
  using Stored = quipu::sdk::Single;
};

}  // namespace

QUIPU_FLOAT_PLUGIN("0.1.0", "Apache-2.0", F32);
