#include "matmul/float_gemm.h"

#include <dlfcn.h>

namespace quipu_cpu {
namespace {

// The C interface of BLAS (netlib CBLAS): row-major, no transposition of A, transposition of B.
enum : int { row_major = 101, no_transpose = 111, transpose = 112 };
using Sgemm = void (*)(int, int, int, int, int, int, float, const float*, int, const float*, int,
                       float, float*, int);

Sgemm load() noexcept {
  // Bound at first use: loading takes milliseconds, and quantised models never come here.
  void* const library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return nullptr;
  // Only the build with POSIX threads may be called by several threads at once: the serial one
  // shares a buffer without a lock, and results are wrong now and then; the OpenMP one keeps limits
  // per thread (OpenBLAS issue 3933).
  using GetParallel = int (*)();
  const auto parallel = reinterpret_cast<GetParallel>(dlsym(library, "openblas_get_parallel"));
  constexpr int posix_threads = 1;
  if (!parallel || parallel() != posix_threads) return nullptr;
  // Our own threads share the work; more of them inside would only contend.
  using SetThreads = void (*)(int);
  if (const auto set_threads =
          reinterpret_cast<SetThreads>(dlsym(library, "openblas_set_num_threads")))
    set_threads(1);
  return reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm"));
}

Sgemm sgemm() noexcept {
  static const Sgemm found = load();
  return found;
}

}  // namespace

bool has_float_gemm() noexcept {
  return sgemm() != nullptr;
}

bool float_gemm(const float* w, std::uint32_t rows, const float* x, std::uint32_t tokens,
                std::uint32_t columns, float* y, std::size_t y_stride) noexcept {
  const Sgemm multiply = sgemm();
  if (!multiply) return false;
  multiply(row_major, no_transpose, transpose, static_cast<int>(tokens), static_cast<int>(rows),
           static_cast<int>(columns), 1.0f, x, static_cast<int>(columns), w,
           static_cast<int>(columns), 0.0f, y, static_cast<int>(y_stride));
  return true;
}

}  // namespace quipu_cpu
