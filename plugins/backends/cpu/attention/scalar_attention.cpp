// Attention of some query rows over some pages, to be read: what the vector variants must agree
// with. One pass with a running maximum (arXiv:1805.02867, arXiv:2205.14135).
#if !defined(QUIPU_KERNEL_AVX2) && !defined(QUIPU_KERNEL_AVX512)

#include "attention/kernel_parts.h"

namespace quipu_cpu {
namespace {

std::size_t scratch_bytes(const HeadLayout& layout, std::uint32_t) {
  return (std::size_t{layout.key_width} + layout.value_stride) * page_cells * sizeof(float);
}

void prepare(const HeadLayout&, const QueryRow*, std::uint32_t, std::byte*) {}

/// keys[key_width][64] and values[64][value_stride] as floats.
void read_page(const HeadLayout& layout, const std::byte* head, float* keys, float* values) {
  const std::byte* const stored = head + layout.values;
  const std::uint32_t key_count = layout.key_width * page_cells;
  const std::uint32_t value_count = layout.value_stride * page_cells;
  if (layout.type == QUIPU_KV_F32) {
    const auto* const k = reinterpret_cast<const float*>(head);
    const auto* const v = reinterpret_cast<const float*>(stored);
    for (std::uint32_t i = 0; i < key_count; ++i) keys[i] = k[i];
    for (std::uint32_t i = 0; i < value_count; ++i) values[i] = v[i];
    return;
  }
  if (layout.type == QUIPU_KV_F16) {
    const auto* const k = reinterpret_cast<const std::uint16_t*>(head);
    const auto* const v = reinterpret_cast<const std::uint16_t*>(stored);
    for (std::uint32_t i = 0; i < key_count; ++i) keys[i] = half_to_float(k[i]);
    for (std::uint32_t i = 0; i < value_count; ++i) values[i] = half_to_float(v[i]);
    return;
  }
  const auto* const k = reinterpret_cast<const std::uint8_t*>(head);
  const auto* const k_scales = reinterpret_cast<const std::uint16_t*>(head + layout.key_scales);
  const auto* const v = reinterpret_cast<const std::int8_t*>(stored);
  const auto* const v_scales = reinterpret_cast<const std::uint16_t*>(head + layout.value_scales);
  for (std::uint32_t d = 0; d < layout.key_width; ++d)
    for (std::uint32_t lane = 0; lane < page_cells; ++lane)
      keys[d * page_cells + lane] =
          half_to_float(k_scales[d / scale_columns * page_cells + lane]) *
          static_cast<float>(k[(d / 4 * page_cells + lane) * 4 + d % 4] - 128);
  for (std::uint32_t lane = 0; lane < page_cells; ++lane)
    for (std::uint32_t c = 0; c < layout.value_width; ++c)
      values[lane * layout.value_stride + c] =
          half_to_float(v_scales[c / scale_columns * page_cells + lane]) *
          static_cast<float>(v[lane * layout.value_stride + c]);
}

void attend_row(const AttendArguments& a, const QueryRow& row, const PageHead& page,
                std::uint64_t cells, const float* keys, const float* values, float& maximum,
                float& sum, float* o) {
  float scores[page_cells] = {};
  for (std::uint32_t d = 0; d < a.layout->key_width; ++d)
    for (std::uint32_t lane = 0; lane < page_cells; ++lane)
      scores[lane] += row.q[d] * keys[d * page_cells + lane];

  float largest = maximum;
  for (std::uint32_t lane = 0; lane < page_cells; ++lane) {
    float score = scores[lane] * a.scale;
    if (a.softcap != 0) score = a.softcap * __builtin_tanhf(score / a.softcap);
    if (row.slope != 0) {
      const auto distance = static_cast<float>(row.position - (page.position + lane));
      score -= row.slope * __builtin_fabsf(distance);
    }
    scores[lane] = cells >> lane & 1 ? score : minus_infinity;
    largest = scores[lane] > largest ? scores[lane] : largest;
  }

  if (largest > maximum) {
    const float factor = __builtin_expf(maximum - largest);
    sum *= factor;
    for (std::uint32_t c = 0; c < a.layout->value_stride; ++c) o[c] *= factor;
    maximum = largest;
  }
  for (std::uint32_t lane = 0; lane < page_cells; ++lane) {
    if (!(cells >> lane & 1)) continue;
    const float weight = __builtin_expf(scores[lane] - maximum);
    sum += weight;
    for (std::uint32_t c = 0; c < a.layout->value_width; ++c)
      o[c] += weight * values[lane * a.layout->value_stride + c];
  }
}

void attend(const AttendArguments& a) {
  float* const keys = reinterpret_cast<float*>(a.scratch);
  float* const values = keys + std::size_t{a.layout->key_width} * page_cells;
  for (std::uint32_t r = 0; r < a.row_count; ++r) {
    a.out.maximum[r] = minus_infinity;
    a.out.sum[r] = 0;
    for (std::size_t c = 0; c < a.out.stride; ++c) a.out.o[r * a.out.stride + c] = 0;
  }
  for (std::uint32_t p = 0; p < a.page_count; ++p) {
    bool read = false;
    for (std::uint32_t r = 0; r < a.row_count; ++r) {
      const std::uint64_t cells = visible(a.rows[r], a.pages[p]);
      if (cells == 0) continue;
      if (!read) read_page(*a.layout, a.pages[p].data, keys, values);
      read = true;
      attend_row(a, a.rows[r], a.pages[p], cells, keys, values, a.out.maximum[r], a.out.sum[r],
                 a.out.o + r * a.out.stride);
    }
  }
}

void fold(float* maximum, float* sum, float* o, float part_maximum, float part_sum,
          const float* part_o, std::size_t stride) {
  if (part_maximum == minus_infinity) return;
  const float largest = *maximum > part_maximum ? *maximum : part_maximum;
  const float keep = __builtin_expf(*maximum - largest);
  const float take = __builtin_expf(part_maximum - largest);
  *sum = *sum * keep + part_sum * take;
  for (std::size_t c = 0; c < stride; ++c) o[c] = o[c] * keep + part_o[c] * take;
  *maximum = largest;
}

void finish(float maximum, float sum, const float* o, float sink, float* out, std::size_t width) {
  const float largest = maximum > sink ? maximum : sink;
  float factor = 0;
  if (maximum > minus_infinity) {
    const float keep = __builtin_expf(maximum - largest);
    factor = keep / (sum * keep + __builtin_expf(sink - largest));
  }
  for (std::size_t c = 0; c < width; ++c) out[c] = o[c] * factor;
}

}  // namespace

#define QUIPU_JOIN_(a, b) a##b
#define QUIPU_JOIN(a, b) QUIPU_JOIN_(a, b)
extern const AttentionKernels QUIPU_JOIN(attention_kernels_, QUIPU_KERNEL_ISA) = {
    store_key_columns, store_value_columns, scratch_bytes, prepare, attend, fold, finish};

}  // namespace quipu_cpu

#endif
