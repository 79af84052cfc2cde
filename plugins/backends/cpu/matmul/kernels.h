// What the matmul room has one variant of per instruction set. Included by kernel files: nothing
// here emits code.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace quipu_cpu {

/// Where quantised columns go: places in the arrays of Activations.
struct QuantizedColumns {
  int8_t* q;
  float* scale;
  float* sum32;
  float* sum16;
  int32_t* total32;
  int32_t* total16;
};

/// 32 weight rows by up to panel_columns columns, unpacked: bytes [column / 4][32 rows][4], scales
/// and minima [group][32 rows].
struct PanelView {
  uint8_t* q;
  const float* scale;
  const float* minimum;  ///< null: none
  int32_t zero;
  uint32_t group;     ///< 16 or 32
  bool whole_blocks;  ///< scales are per 256 columns, minima per group
  uint32_t columns;   ///< a multiple of 32, or of 256 with whole_blocks
  uint32_t largest;   ///< no byte is larger: what MatmulKernels::largest says, 255 without it
};

constexpr uint32_t panel_rows = 32;
/// The panel and six rows of activations fit a first-level cache of 32 KiB. Fewer columns cost more
/// rounds of sums (256: a twentieth of a prefill), more do not pay (768 and 1024: as 512 or worse;
/// Zen 5).
constexpr uint32_t panel_columns = 512;

/// Up to MatmulKernels::tile_tokens rows of activations, at the panel's first column. Strides are
/// from row to row, in elements.
struct TileInput {
  const int8_t* q;
  size_t q_stride;
  const float* scale;  ///< per 32 columns
  size_t scale_stride;
  const float* sum;  ///< scale * sum of q, per group of the panel
  size_t sum_stride;
  const int32_t* total;  ///< sum of q, per group of the panel, or per 32 with whole_blocks
  size_t total_stride;
};

/// Where the sums of a tile go. Until they are whole, c[t * c_stride + r] holds them for the 32
/// rows r; with the last columns, y[t * y_stride + r] gets them with what is added to the product.
struct TileOutput {
  float* c;
  size_t c_stride;
  bool continues;  ///< c holds the sums of the columns before
  float* y;        ///< null: these are not the last columns
  size_t y_stride;
  const float* bias;    ///< [32] or null
  const float* addend;  ///< [tokens][32] or null
  size_t addend_stride;
};

/// How a copy of weights reads: strips of 32 rows, each in blocks of 32 columns, one after another.
///
///   [scales][minima][q]    scales [32 / group][32 rows], minima likewise where there are any; then
///                          bytes [column / 4][32 rows][4], or nibbles: of the quads of columns 0
///                          to 3 the low ones, of the quads of columns 4 to 7 the high ones
///
/// Everything begins at a multiple of 64 bytes.
struct StripForm {
  int32_t zero;
  uint32_t group;  ///< 16 or 32
  bool has_minimum;
  bool nibbles;      ///< else bytes
  bool halves;       ///< scales and minima as halves, else as floats
  uint32_t largest;  ///< byte
  uint32_t block_bytes;
};

constexpr uint32_t strip_tokens = 8;

/// A strip.
struct StripView {
  const uint8_t* blocks;
  uint32_t columns;  ///< a multiple of 32
  /// What comes next: so many lines of 64 bytes are fetched with each block, from `ahead` on, and
  /// after those before `ahead_end` from `ahead_then` on.
  uint32_t ahead_lines;
  const uint8_t *ahead, *ahead_end, *ahead_then;
};

struct MatmulKernels {
  uint32_t isa;
  /// int8 with a scale per 32: scale = largest |x| / 127, q = x / scale to the nearest, ties to
  /// even. count: a multiple of 32. A block with a value that is not finite gets scale NaN.
  void (*quantize)(const float* x, uint32_t count, const QuantizedColumns& out) noexcept;
  uint32_t tile_tokens;  ///< most tokens of a tile
  bool whole_blocks;     ///< whether it takes panels with a scale per 256 columns
  /// A number that no byte of the panel exceeds, for a tile that takes small bytes a faster way;
  /// null: it has one way.
  uint32_t (*largest)(const PanelView& panel) noexcept;
  /// Called before a panel's tiles, where not null, with the tokens of its largest tiles; others
  /// have one less. May rewrite the panel's bytes for them.
  void (*begin_panel)(uint32_t tokens, const PanelView& panel) noexcept;
  /// Called after the last panel by the thread that began them, where not null.
  void (*end_panels)() noexcept;
  /// Products of so many tokens with the panel. A token's sums do not depend on `tokens`.
  void (*tile)(uint32_t tokens, const TileInput& x, const PanelView& panel,
               const TileOutput& out) noexcept;
  /// The same of up to strip_tokens tokens with a copy. The sums are those with the panel of the
  /// same weights. Null: there are no copies.
  void (*strip)(uint32_t tokens, const TileInput& x, const StripForm& form, const StripView& strip,
                const TileOutput& out) noexcept;
  /// y[t * y_stride + r] = sum over j of w[r * columns + j] * x[t * columns + j]. A sum does not
  /// depend on what else is computed with it.
  void (*multiply_floats)(const float* w, uint32_t rows, const float* x, uint32_t tokens,
                          uint32_t columns, float* y, size_t y_stride) noexcept;
};

extern const MatmulKernels scalar_matmul;
#if defined(__x86_64__)
extern const MatmulKernels avx2_matmul;
/// For level AVX2 on processors that have AVX-VNNI, or AVX-512 but not all that level AVX512 asks
/// for: sums are those of avx2_matmul to the last bit.
extern const MatmulKernels avxvnni_matmul, avx512bw_matmul, avx512vnni_matmul;
extern const MatmulKernels avx512_matmul;
extern const MatmulKernels amx_matmul;

/// Which of them this processor can run.
struct WiderThanAvx2 {
  bool avxvnni;     ///< AVX-VNNI: the dot products of bytes of AVX-512 VNNI, on 256 bits
  bool avx512bw;    ///< AVX-512 F, BW, DQ and VL, as since Skylake-X
  bool avx512vnni;  ///< and VNNI, as since Cascade Lake
};
WiderThanAvx2 wider_than_avx2() noexcept;
#elif defined(__aarch64__)
extern const MatmulKernels neon_matmul;
extern const MatmulKernels i8mm_matmul;
#endif

/// The best variant of at most this level.
const MatmulKernels& matmul_kernels(uint32_t isa) noexcept;
/// Those that multiply panels with so many columns to a scale by so many tokens: these, or a lower
/// level that is faster then.
const MatmulKernels& panel_kernels(const MatmulKernels& kernels, uint32_t group,
                                   uint32_t tokens) noexcept;

}  // namespace quipu_cpu
