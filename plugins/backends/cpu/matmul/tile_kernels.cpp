// The tile: a few rows of activations times a panel of 32 weight rows.
#include "matmul/kernels.h"
#include "quipu/abi/isa.h"

#if defined(QUIPU_KERNEL_AMX)
#include "matmul/tile_amx.h"
#elif defined(QUIPU_KERNEL_AVX512)
#include "matmul/tile_avx512_blocks.h"
#elif defined(QUIPU_KERNEL_AVXVNNI) || defined(QUIPU_KERNEL_AVX512VNNI)
#include "matmul/tile_vnni.h"
#elif defined(QUIPU_KERNEL_AVX2)
#include "matmul/tile_avx2.h"
#elif defined(QUIPU_KERNEL_NEON)
#include "matmul/tile_neon.h"
#else
#include "matmul/tile_scalar.h"
#endif

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept;
void multiply_floats(const float* w, uint32_t rows, const float* x, uint32_t tokens,
                     uint32_t columns, float* y, size_t y_stride) noexcept;
#if defined(QUIPU_KERNEL_NEON)
static constexpr auto strip = nullptr;
#else
void strip(uint32_t tokens, const TileInput& x, const StripForm& form, const StripView& strip,
           const TileOutput& out) noexcept;
#endif

template <int Group, bool Minimum>
static void tile_of(uint32_t tokens, const TileInput& x, const PanelView& p,
                    const TileOutput& out) noexcept {
  switch (tokens) {
  case 1:
    return tile_rows<1, Group, Minimum>(x, p, out);
  case 2:
    return tile_rows<2, Group, Minimum>(x, p, out);
  case 3:
    return tile_rows<3, Group, Minimum>(x, p, out);
  case 4:
    return tile_rows<4, Group, Minimum>(x, p, out);
  case 5:
    return tile_rows<5, Group, Minimum>(x, p, out);
  case 6:
    if constexpr (most_tokens >= 6) return tile_rows<6, Group, Minimum>(x, p, out);
  }
}

static void tile(uint32_t tokens, const TileInput& x, const PanelView& p,
                 const TileOutput& out) noexcept {
#if defined(QUIPU_KERNEL_AVX512) && !defined(QUIPU_KERNEL_AMX)
  if (p.whole_blocks) return tile_of_blocks(tokens, x, p, out);
#endif
  if (p.group == 16)
    return p.minimum ? tile_of<16, true>(tokens, x, p, out) : tile_of<16, false>(tokens, x, p, out);
  return p.minimum ? tile_of<32, true>(tokens, x, p, out) : tile_of<32, false>(tokens, x, p, out);
}

#if defined(QUIPU_KERNEL_AMX)
static void amx_tile(uint32_t tokens, const TileInput& x, const PanelView& p,
                     const TileOutput& out) noexcept {
  if (is_multiplied(tokens, x, p, out)) return;
  for (uint32_t t = 0; t < tokens; t += most_tokens) {
    const int first = static_cast<int>(t);
    tile(tokens - t < most_tokens ? tokens - t : most_tokens, from_row(x, first), p,
         from_row(out, first));
  }
}
#endif

}  // namespace QUIPU_KERNEL_ISA

#define QUIPU_CPU_TABLE_(isa) isa##_matmul
#define QUIPU_CPU_TABLE(isa) QUIPU_CPU_TABLE_(isa)
namespace kernel = QUIPU_KERNEL_ISA;
#if defined(QUIPU_KERNEL_AMX)
extern const MatmulKernels amx_matmul = {
    QUIPU_ISA_AMX,   kernel::quantize,       kernel::amx_tokens, false,
    kernel::largest, kernel::begin_panel,    kernel::end_panels, kernel::amx_tile,
    kernel::strip,   kernel::multiply_floats};
#else
#if defined(QUIPU_KERNEL_AVX512)
constexpr uint32_t level = QUIPU_ISA_AVX512;
constexpr auto largest_byte = nullptr;
#elif defined(QUIPU_KERNEL_AVXVNNI) || defined(QUIPU_KERNEL_AVX512VNNI)
constexpr uint32_t level = QUIPU_ISA_AVX2;
constexpr auto largest_byte = nullptr;
#elif defined(QUIPU_KERNEL_AVX2)
constexpr uint32_t level = QUIPU_ISA_AVX2;
constexpr auto largest_byte = kernel::largest;
#elif defined(QUIPU_KERNEL_I8MM)
constexpr uint32_t level = QUIPU_ISA_I8MM;
constexpr auto largest_byte = nullptr;
#elif defined(QUIPU_KERNEL_NEON)
constexpr uint32_t level = QUIPU_ISA_NEON;
constexpr auto largest_byte = nullptr;
#else
constexpr uint32_t level = QUIPU_ISA_SCALAR;
constexpr auto largest_byte = nullptr;
#endif
// With AVX2, where small bytes are added up in 16 bits, the larger ones cost what is saved.
constexpr bool whole_blocks = level == QUIPU_ISA_AVX512;
extern const MatmulKernels QUIPU_CPU_TABLE(QUIPU_KERNEL_ISA) = {
    level,   kernel::quantize, kernel::most_tokens, whole_blocks,  largest_byte,
    nullptr, nullptr,          kernel::tile,        kernel::strip, kernel::multiply_floats};
#endif

}  // namespace quipu_cpu
