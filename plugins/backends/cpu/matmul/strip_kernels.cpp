// Up to eight rows of activations times a strip of 32 weight rows that were copied for it. On Arm
// there are no copies.
#if !defined(QUIPU_KERNEL_NEON)

#include "matmul/kernels.h"

#if defined(QUIPU_KERNEL_AVX512)
#include "matmul/strip_avx512.h"
#elif defined(QUIPU_KERNEL_AVX2)
#include "matmul/strip_avx2.h"
#else
#include "matmul/strip_scalar.h"
#endif

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

template <int Group, bool Nibbles>
static void strip_of(uint32_t tokens, const TileInput& x, const StripForm& form,
                     const StripView& strip, const TileOutput& out) noexcept {
  switch (tokens) {
  case 1:
    return strip_rows<1, Group, Nibbles>(x, form, strip, out);
  case 2:
    return strip_rows<2, Group, Nibbles>(x, form, strip, out);
  case 3:
    return strip_rows<3, Group, Nibbles>(x, form, strip, out);
  case 4:
    return strip_rows<4, Group, Nibbles>(x, form, strip, out);
  case 5:
    return strip_rows<5, Group, Nibbles>(x, form, strip, out);
  case 6:
    return strip_rows<6, Group, Nibbles>(x, form, strip, out);
  case 7:
    return strip_rows<7, Group, Nibbles>(x, form, strip, out);
  default:
    return strip_rows<8, Group, Nibbles>(x, form, strip, out);
  }
}

void strip(uint32_t tokens, const TileInput& x, const StripForm& form, const StripView& strip,
           const TileOutput& out) noexcept {
  if (form.group == 16)
    return form.nibbles ? strip_of<16, true>(tokens, x, form, strip, out)
                        : strip_of<16, false>(tokens, x, form, strip, out);
  return form.nibbles ? strip_of<32, true>(tokens, x, form, strip, out)
                      : strip_of<32, false>(tokens, x, form, strip, out);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu

#endif
