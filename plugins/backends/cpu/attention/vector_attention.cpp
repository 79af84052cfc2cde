// Attention of some query rows over some pages, for AVX2 and AVX-512. scalar_attention.cpp says
// what is computed; few_rows.cpp and many_rows.cpp share the work, and the lanes of their vectors
// of keys are positions.
#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)

#include "attention/few_rows.h"
#include "attention/many_rows.h"
#include "attention/vector_parts.h"

namespace quipu_cpu {
namespace {

// store_key_columns() and store_value_columns() of half precision, many numbers at a time.
void store_wide_key(const HeadLayout& layout, std::byte* head, std::uint32_t lane, const float* k) {
  if (layout.type != QUIPU_KV_F16 || layout.key_width % lanes)
    return store_key_columns(layout, head, lane, k);
  auto* const key = reinterpret_cast<std::uint16_t*>(head) + lane;
  for (std::uint32_t d = 0; d < layout.key_width; d += lanes) {
    std::uint16_t halves[lanes];
    store(halves, load(k + d));
    for (std::uint32_t i = 0; i < lanes; ++i) key[(d + i) * page_cells] = halves[i];
  }
}

void store_wide_value(const HeadLayout& layout, std::byte* head, std::uint32_t lane,
                      std::uint32_t first, std::uint32_t count, const float* v) {
  if (layout.type != QUIPU_KV_F16 || count % lanes)
    return store_value_columns(layout, head, lane, first, count, v);
  auto* const value =
      reinterpret_cast<std::uint16_t*>(head + layout.values) + lane * layout.value_stride + first;
  for (std::uint32_t c = 0; c < count; c += lanes) store(value + c, load(v + c));
}

std::size_t scratch_bytes(const HeadLayout& layout, std::uint32_t rows) {
  const std::size_t few = QUIPU_KERNEL_ISA::few_rows_scratch(layout);
  const std::size_t many = QUIPU_KERNEL_ISA::many_rows_scratch(layout, rows);
  return few > many ? few : many;
}

void prepare(const HeadLayout& layout, const QueryRow* rows, std::uint32_t row_count,
             std::byte* scratch) {
  if (row_count > few_rows)
    QUIPU_KERNEL_ISA::prepare_many_rows(layout, rows, row_count, scratch);
  else
    QUIPU_KERNEL_ISA::prepare_few_rows(layout, rows, row_count, scratch);
}

void attend(const AttendArguments& a) {
  for (std::uint32_t r = 0; r < a.row_count; ++r) {
    a.out.maximum[r] = minus_infinity;
    a.out.sum[r] = 0;
  }
  for (std::size_t i = 0; i < a.row_count * a.out.stride; i += lanes) store(a.out.o + i, all(0));
  if (a.row_count > few_rows)
    QUIPU_KERNEL_ISA::attend_many_rows(a);
  else
    QUIPU_KERNEL_ISA::attend_few_rows(a);
}

void fold(float* maximum, float* sum, float* o, float part_maximum, float part_sum,
          const float* part_o, std::size_t stride) {
  if (part_maximum == minus_infinity) return;
  const float top = *maximum > part_maximum ? *maximum : part_maximum;
  const float keep = *maximum == minus_infinity ? 0.0f : exponential(*maximum - top);
  const float take = exponential(part_maximum - top);
  *sum = *sum * keep + part_sum * take;
  for (std::size_t c = 0; c < stride; c += lanes)
    store(o + c, fused(load(part_o + c), all(take), multiply(load(o + c), all(keep))));
  *maximum = top;
}

void finish(float maximum, float sum, const float* o, float sink, float* out, std::size_t width) {
  float factor = 0;
  if (maximum > minus_infinity) {
    const float top = maximum > sink ? maximum : sink;
    const float keep = exponential(maximum - top);
    const float sunk = sink == minus_infinity ? 0.0f : exponential(sink - top);
    factor = keep / (sum * keep + sunk);
  }
  for (std::size_t c = 0; c < width; ++c) out[c] = o[c] * factor;
}

}  // namespace

#define QUIPU_JOIN_(a, b) a##b
#define QUIPU_JOIN(a, b) QUIPU_JOIN_(a, b)
extern const AttentionKernels QUIPU_JOIN(attention_kernels_, QUIPU_KERNEL_ISA) = {
    store_wide_key, store_wide_value, scratch_bytes, prepare, attend, fold, finish};

}  // namespace quipu_cpu

#endif
