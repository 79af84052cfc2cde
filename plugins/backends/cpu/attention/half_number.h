// Half-precision numbers as the compiler has them. For kernel files too: nothing here emits code.
#pragma once

namespace quipu_cpu {

#if defined(__aarch64__)
using HalfNumber = __fp16;  // GCC knows _Float16 in C++ for Arm from version 13 on
#else
using HalfNumber = _Float16;
#endif

}  // namespace quipu_cpu
