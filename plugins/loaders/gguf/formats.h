// Types of tensors as GGUF numbers them (enum ggml_type), where a rule names them.
#pragma once

#include <string_view>

namespace gguf {

using Format = std::string_view;

namespace format {
constexpr Format f32 = "gguf:0", f16 = "gguf:1", q4_0 = "gguf:2", q4_1 = "gguf:3", q5_0 = "gguf:6",
                 q5_1 = "gguf:7", q8_0 = "gguf:8", q2_k = "gguf:10", q3_k = "gguf:11",
                 q4_k = "gguf:12", q5_k = "gguf:13", q6_k = "gguf:14", iq2_xxs = "gguf:16",
                 iq2_xs = "gguf:17", iq3_xxs = "gguf:18", iq1_s = "gguf:19", iq4_nl = "gguf:20",
                 iq3_s = "gguf:21", iq2_s = "gguf:22", iq4_xs = "gguf:23", f64 = "gguf:28",
                 iq1_m = "gguf:29", bf16 = "gguf:30", tq1_0 = "gguf:34", tq2_0 = "gguf:35",
                 mxfp4 = "gguf:39", q2_0 = "gguf:42";
}

}  // namespace gguf
