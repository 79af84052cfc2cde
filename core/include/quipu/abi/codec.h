/* Codec: turns the stored bytes of a quant format into numbers, in tiers. Only `dequantize` is
 * required: with it alone a format runs on every backend. `unpack` makes prefill fast, `dot` makes
 * decode fast; both have one variant per instruction set.
 *
 * A weight matrix is [rows, columns], row-major: each row is columns / block_columns blocks, back
 * to back.
 */
#ifndef QUIPU_ABI_CODEC_H
#define QUIPU_ABI_CODEC_H

#include "quipu/abi/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Activation vectors, in the two forms that `dot` kernels read. The backend makes them once per
 * input; every weight that reads this input shares them, whatever its format. Vector c begins c *
 * columns (or c * columns / 32, / 16) elements in.
 *
 *  Quantised form: x[c][j] ~ scale[c][j / 32] * q[c][j], with q in natural order and within [-127,
 * 127]. A codec with values offset by z needs z * sum(q): sums are kept ready, already multiplied
 * by their scale. */
typedef struct quipu_activations {
  uint32_t size;
  uint32_t count;   /* vectors: 1 to 8 for `dot` */
  uint64_t columns; /* a multiple of 32 in the quantised form */
  const float* x;   /* [count][columns], set for kernels with input QUIPU_INPUT_FLOAT, else NULL */
  const int8_t* q;  /* [count][columns], 64-byte aligned; NULL for float kernels, as the rest */
  const float* scale; /* [count][columns / 32] */
  const float* sum32; /* [count][columns / 32]  scale * sum of the 32 q */
  const float* sum16; /* [count][columns / 16]  scale * sum of the 16 q */
} quipu_activations;

enum { QUIPU_INPUT_FLOAT = 1, QUIPU_INPUT_INT8 = 2 };

/** Where `unpack` writes: a panel of 16 rows by `columns` as small integers, with
 *      w[row][j] = scale[j / group][row] * (q[row][j] - zero) + minimum[j / group][row]
 *  q is stored [j / 4][row][j % 4], one byte each, successive j / 4 being quad_stride bytes apart;
 *  scale and minimum are [j / group][row], successive groups being group_stride floats apart.
 *  Where whole_blocks is 1, which codecs with whole_blocks can do, 256 columns share a scale and
 *  another number is subtracted; minima stay as they are:
 *      w[row][j] = scale[j / 256][row] * (q[row][j] - whole_zero) + minimum[j / group][row] */
typedef struct quipu_panel {
  uint32_t size;
  uint32_t quad_stride;
  uint32_t group_stride;
  uint32_t whole_blocks; /* 0 or 1 */
  uint8_t* q;
  float* scale;
  float* minimum; /* NULL when quipu_codec.has_minimum is 0 */
} quipu_panel;

/** The fast paths of one instruction set. A NULL member means: the backend finds another way. No
 * member allocates, locks, throws or keeps state; all may run on any number of threads at once. */
typedef struct quipu_kernels {
  uint32_t size;
  uint32_t isa;       /* QUIPU_ISA_* that it needs */
  uint32_t dot_input; /* QUIPU_INPUT_* that dot reads */
  uint32_t dot_count; /* most vectors that one call of dot takes: 1 to 8 */
  /* y[c * y_stride + r] = sum over j of w[r][j] * x[c][j], for r < rows and c < x->count. Rows are
   * row_stride bytes apart. The sum of a row does not depend on `rows`, on x->count, or on which
   * row it is. May prefetch past the rows; reads nothing past the last one. */
  void (*dot)(const void* rows, size_t row_stride, uint32_t row_count, const quipu_activations* x,
              float* y, size_t y_stride) QUIPU_NOEXCEPT;
  /* 16 rows, columns first … first+count-1, into a panel, whose column 0 is `first`; first and
   * count are multiples of block_columns. Exact: the panel's formula gives what dequantize gives,
   * to float rounding. */
  void (*unpack)(const void* rows, size_t row_stride, uint32_t first, uint32_t count,
                 const quipu_panel* panel) QUIPU_NOEXCEPT;
  /* Faster dequantize, the same bits. */
  void (*dequantize)(const void* blocks, uint64_t count, float* out) QUIPU_NOEXCEPT;
} quipu_kernels;

enum {
  /** Tables and indices, never the weights of a graph. */
  QUIPU_CODEC_WHOLE_NUMBERS = 1,
  /** `quantize` without importance fails with QUIPU_E_ARGUMENT: the format has too few bits to
   * treat all columns alike. */
  QUIPU_CODEC_NEEDS_IMPORTANCE = 2,
  /** A block is one number of two bytes: binary16 of IEEE 754, or the upper half of its binary32. A
   * backend may read the weights themselves in place of calling a kernel. */
  QUIPU_CODEC_HALVES = 4,
  QUIPU_CODEC_BFLOATS = 8
};

typedef struct quipu_codec {
  uint32_t size;
  uint32_t block_columns; /* weights per block */
  uint32_t block_bytes;
  uint32_t flags;   /* QUIPU_CODEC_*, or 0 */
  const char* name; /* "q4_k" */
  const char* type; /* "gguf:12" */
  /* T0. `count` weights, a multiple of block_columns. Bit-exact with the format's definition.
   * Blocks may be unaligned. */
  void (*dequantize)(const void* blocks, uint64_t count, float* out) QUIPU_NOEXCEPT;
  /* Optional: index of the first block with a scale that is not a finite number, or block_count. */
  uint64_t (*find_invalid)(const void* blocks, uint64_t block_count) QUIPU_NOEXCEPT;
  /* T1, optional. Quantises `rows` rows of `columns` floats; importance is [columns] or NULL: how
   * much an error in that column counts; see QUIPU_CODEC_NEEDS_IMPORTANCE. In formats with scales
   * it fails with QUIPU_E_INVALID where a weight is not a finite number or too large for a scale,
   * or where an importance is negative or not a finite number; `out` is then unspecified. Rows do
   * not depend on each other. */
  quipu_status (*quantize)(const float* x, uint64_t rows, uint64_t columns, const float* importance,
                           void* out) QUIPU_NOEXCEPT;
  /* T2: how panels of this format read; group is 0 when no variant has `unpack`. */
  uint32_t group;       /* 16 or 32 columns share a scale */
  int32_t zero;         /* 0 to 128, subtracted from every panel byte */
  uint32_t has_minimum; /* 0 or 1 */
  uint32_t kernel_count;
  const quipu_kernels*
      kernels; /* T2 and T3, ascending by isa; the first is scalar where there is any */
  /* 1: every `unpack` heeds quipu_panel.whole_blocks. Products with such panels cost less, so a
   * codec should say it where it can: where a block of 256 columns has one scale, or where those of
   * its groups are small integers times one, whose products with q fit a byte. */
  uint32_t whole_blocks;
  int32_t whole_zero; /* 0 to 128 */
} quipu_codec;

#ifdef __cplusplus
}
#endif
#endif
