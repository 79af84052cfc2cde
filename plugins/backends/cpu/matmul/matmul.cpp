#include "matmul/matmul.h"

#include <algorithm>

#include "device.h"
#include "matmul/float_gemm.h"
#include "matmul/float_tiles.h"
#include "matmul/kernels.h"
#include "matmul/panel.h"
#include "matmul/strips.h"
#include "quipu/abi/isa.h"

namespace quipu_cpu {
namespace {

// From so many tokens on by panels, in vectors: fewer have the same sums as one alone. Measured on
// Zen 5 with rows of 2048 columns from memory: 8 tokens by panels take 0.5 to 1 times as long as by
// dot with AVX-512, 0.6 to 1 times with AVX2, whatever the format.
std::uint32_t panel_from(const WeightMatrix& m) noexcept {
  return 8 * m.vectors_per_token;
}

// From so many tokens on by tiles or OpenBLAS: fewer have the same sums as one alone. Tiles of 4, 6
// and 7 tokens would take 0.75, 0.63 and 0.74 times as long as dot (Zen 5, TinyLlama BF16).
constexpr std::uint32_t float_tile_from = 8;

// Rows that are dequantised together: for OpenBLAS, and for our own kernels, which take four.
constexpr std::uint32_t gemm_rows = 128, float_rows = 4;

// About what a task of `dot` reads: enough to hide what a task costs, little enough to share
// evenly.
constexpr std::uint64_t dot_task_bytes = 32 << 10;

bool dots_floats(const WeightMatrix& m) noexcept {
  return m.dot && m.dot->dot_input == QUIPU_INPUT_FLOAT;
}

// Rows times a few vectors at a time, by the codec's own kernel.
void multiply_dot(const WeightMatrix& m, const Activations& x, std::uint32_t tokens,
                  std::uint32_t first, std::uint32_t last, float* y,
                  std::size_t y_stride) noexcept {
  for (std::uint32_t t = 0; t < tokens; t += m.dot->dot_count) {
    const std::size_t at = std::size_t{t} * m.columns;
    quipu_activations a{};
    a.size = sizeof a;
    a.count = std::min(m.dot->dot_count, tokens - t);
    a.columns = m.columns;
    if (dots_floats(m)) {
      a.x = x.x + at;
    } else {
      a.q = x.q + at;
      a.scale = x.scale + at / 32;
      a.sum32 = x.sum32 + at / 32;
      a.sum16 = x.sum16 + at / 16;
    }
    m.dot->dot(m.data + first * m.row_bytes, m.row_bytes, last - first, &a, y + t * y_stride,
               y_stride);
  }
}

// Fixed groups of rows, so that a row meets the same arithmetic whichever task has it.
void multiply_dequantized(const WeightMatrix& m, const Activations& x, std::uint32_t tokens,
                          std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
                          std::uint32_t group, bool by_gemm, float* rows) noexcept {
  for (std::uint32_t r = first; r < last; r += group) {
    const std::uint32_t count = std::min(group, last - r);
    for (std::uint32_t i = 0; i < count; ++i)
      m.dequantize(m.data + (r + i) * m.row_bytes, m.columns, rows + std::size_t{i} * m.columns);
    float* const to = y + (r - first);
    if (by_gemm && m.gemm(rows, count, x.x, tokens, m.columns, to, y_stride)) continue;
    m.kernels->multiply_floats(rows, count, x.x, tokens, m.columns, to, y_stride);
  }
}

}  // namespace

void add(const Addition& more, std::uint32_t token, std::uint32_t row, std::uint32_t count,
         float* y) noexcept {
  if (more.bias)
    for (std::uint32_t i = 0; i < count; ++i) y[i] += more.bias[row + i];
  if (more.addend) {
    const float* const addend = more.addend + token * more.addend_stride + row;
    for (std::uint32_t i = 0; i < count; ++i) y[i] += addend[i];
  }
}

#if defined(__x86_64__)
WiderThanAvx2 wider_than_avx2() noexcept {
  constexpr std::uint32_t avx_vnni = 1u << 4;
  WiderThanAvx2 found{};
  found.avxvnni = (cpuid_7_1() & avx_vnni) != 0;
  found.avx512bw = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  found.avx512vnni = found.avx512bw && __builtin_cpu_supports("avx512vnni");
  return found;
}

// Not levels of their own, as sums are those of AVX2 to the last bit. Where a processor with all of
// level AVX512 runs AVX2 somebody asked for just that.
static const MatmulKernels& best_of_avx2() noexcept {
  const WiderThanAvx2 found = wider_than_avx2();
  if (found.avx512vnni)
    return __builtin_cpu_supports("avx512vbmi") ? avx2_matmul : avx512vnni_matmul;
  if (found.avx512bw) return avx512bw_matmul;
  return found.avxvnni ? avxvnni_matmul : avx2_matmul;
}
#endif

const MatmulKernels& matmul_kernels(std::uint32_t isa) noexcept {
  switch (isa) {
#if defined(__x86_64__)
  case QUIPU_ISA_AMX:
    return amx_matmul;
  case QUIPU_ISA_AVX512:
    return avx512_matmul;
  case QUIPU_ISA_AVX2: {
    static const MatmulKernels& best = best_of_avx2();
    return best;
  }
#elif defined(__aarch64__)
  case QUIPU_ISA_I8MM:
    return i8mm_matmul;
  case QUIPU_ISA_NEON:
    return neon_matmul;
#endif
  default:
    return scalar_matmul;
  }
}

const MatmulKernels& panel_kernels(const MatmulKernels& kernels, std::uint32_t group,
                                   std::uint32_t tokens) noexcept {
#if defined(__x86_64__)
  // On a virtual core of Emerald Rapids, beside a VNNI tile of 65 % of the integer peak: 1.2 to 1.3
  // times as fast from 128 tokens on, as fast at 32, 0.9 times with scales for 16 columns, which
  // halve what one instruction multiplies. One instruction on bytes that are not zero takes 35 to
  // 43 cycles there, a load 24 to 28, a store 25, and little of it overlaps.
  constexpr std::uint32_t amx_from = 64;
  if (&kernels == &amx_matmul && (group != 32 || tokens < amx_from)) return avx512_matmul;
#endif
  (void)group;
  (void)tokens;
  return kernels;
}

WeightMatrix weight_matrix(const quipu_tensor& tensor, std::uint32_t isa, bool deterministic,
                           std::uint64_t index) {
  WeightMatrix m;
  m.tensor = &tensor;
  m.row_bytes = tensor.row_bytes;
  m.columns = static_cast<std::uint32_t>(tensor.shape[0]);
  m.rows = static_cast<std::uint32_t>(tensor.shape[1]);
  m.data = static_cast<const std::byte*>(tensor.data) + index * m.bytes();
  m.codec = tensor.codec;
  m.deterministic = deterministic;
  m.gemm = float_gemm;
  m.dequantize = m.codec->dequantize;
  m.kernels = &matmul_kernels(isa);
  const bool has_panel = m.codec->group == 16 || m.codec->group == 32;
  for (std::uint32_t i = 0; i < m.codec->kernel_count; ++i) {
    const quipu_kernels& kernels = m.codec->kernels[i];
    if (kernels.isa > isa) continue;
    if (QUIPU_HAS(&kernels, dot)) m.dot = &kernels;
    if (QUIPU_HAS(&kernels, dequantize)) m.dequantize = kernels.dequantize;
    if (has_panel && QUIPU_HAS(&kernels, unpack)) m.unpack = &kernels;
  }
  m.floats = float_form(*m.codec, *m.kernels);
  return m;
}

Way way(const WeightMatrix& m, std::uint32_t tokens) noexcept {
  if (m.strips) return Way::strips;
  const bool int8_dot = m.dot && m.dot->dot_input == QUIPU_INPUT_INT8 && m.columns % 32 == 0;
  const bool panel = m.unpack && m.columns % 32 == 0;
  if (panel && (m.deterministic || tokens >= panel_from(m) || !int8_dot)) return Way::panel;
  if (int8_dot) return Way::dot;
  return tokens >= float_tile_from && !m.deterministic ? Way::float_tile : Way::float_dot;
}

std::string kernel_name(const WeightMatrix& m, Way way) {
  switch (way) {
  case Way::dot:
    return std::string("dot ") + isa_name(m.dot->isa);
  case Way::panel: {
    constexpr std::uint32_t many = 512;
    const std::uint32_t tile = panel_kernels(*m.kernels, m.codec->group, many).isa;
    const std::string panel = std::string("panel ") + isa_name(m.unpack->isa);
    return m.unpack->isa == tile ? panel : panel + ", tile " + isa_name(tile);
  }
  case Way::strips:
    return std::string("strips ") + isa_name(m.kernels->isa);
  case Way::float_tile:
    if (m.floats.multiply)
      return std::string(m.floats.rounded ? "bfloat tile " : "float tile ") +
             isa_name(m.kernels->isa);
    if (has_float_gemm()) return "OpenBLAS";
    break;
  case Way::float_dot:
    if (dots_floats(m)) return std::string("float dot ") + isa_name(m.dot->isa);
    break;
  }
  return std::string("dequantise, float dot ") + isa_name(m.kernels->isa);
}

bool reads_int8(const WeightMatrix& m, std::uint32_t tokens) noexcept {
  const Way w = way(m, tokens);
  return w == Way::dot || w == Way::panel || w == Way::strips;
}

bool reads_float(const WeightMatrix& m, std::uint32_t tokens) noexcept {
  return !reads_int8(m, tokens);
}

bool adds_in_place(const WeightMatrix& m, std::uint32_t tokens) noexcept {
  const Way w = way(m, tokens);
  return w == Way::panel || (w == Way::float_tile && m.floats.multiply);
}

bool reads_bfloat(const WeightMatrix& m, std::uint32_t tokens) noexcept {
  return way(m, tokens) == Way::float_tile && rounds(m.floats, tokens);
}

bool ever_reads_float(const WeightMatrix& m, std::uint32_t most) noexcept {
  // The way changes once at most as tokens grow.
  return reads_float(m, 1) || reads_float(m, most);
}

std::uint32_t rows_per_task(const WeightMatrix& m, std::uint32_t tokens) noexcept {
  switch (way(m, tokens)) {
  case Way::panel:
  case Way::strips:
    return panel_rows;
  case Way::float_tile:
    return m.floats.multiply ? float_tile_rows : gemm_rows;
  default: {
    const auto rows =
        static_cast<std::uint32_t>(dot_task_bytes / std::max<std::uint64_t>(m.row_bytes, 1));
    return std::max(16u, rows / 16 * 16);
  }
  }
}

std::size_t matmul_scratch_bytes(const WeightMatrix& m, std::uint32_t tokens) noexcept {
  const std::size_t row = std::size_t{m.columns} * sizeof(float);
  // The way changes once at most as tokens grow, so the first and the last are all there are.
  std::size_t bytes = 0;
  for (const Way each : {way(m, 1), way(m, tokens)}) switch (each) {
    case Way::dot:
      break;
    case Way::panel:
      bytes = std::max(bytes, panel_scratch_bytes(m, tokens));
      break;
    case Way::strips:
      bytes = std::max(bytes, strips_scratch_bytes(tokens));
      break;
    case Way::float_dot:
      bytes = std::max(bytes, dots_floats(m) ? 0 : float_rows * row);
      break;
    case Way::float_tile:
      bytes = std::max(bytes, m.floats.multiply ? float_tiles_scratch_bytes(m) : gemm_rows * row);
      break;
    }
  return (bytes + 63) / 64 * 64;
}

void multiply(const WeightMatrix& m, const Activations& x, std::uint32_t tokens,
              std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
              std::byte* scratch, const Addition& more, const Following& following) noexcept {
  auto* const floats = reinterpret_cast<float*>(scratch);
  switch (way(m, tokens)) {
  case Way::dot:
    multiply_dot(m, x, tokens, first, last, y, y_stride);
    break;
  case Way::panel:
    return multiply_panels(m, x, tokens, first, last, y, y_stride, scratch, more, following);
  case Way::strips:
    return multiply_strips(m, x, tokens, first, last, y, y_stride, scratch, more, following);
  case Way::float_tile:
    if (m.floats.multiply)
      return multiply_float_tiles(m, x, tokens, first, last, y, y_stride, scratch, more, following);
    multiply_dequantized(m, x, tokens, first, last, y, y_stride, gemm_rows, true, floats);
    break;
  case Way::float_dot:
    if (dots_floats(m))
      multiply_dot(m, x, tokens, first, last, y, y_stride);
    else
      multiply_dequantized(m, x, tokens, first, last, y, y_stride, float_rows, false, floats);
    break;
  }
  for (std::uint32_t t = 0; t < tokens; ++t) add(more, t, 0, last - first, y + t * y_stride);
}

}  // namespace quipu_cpu
