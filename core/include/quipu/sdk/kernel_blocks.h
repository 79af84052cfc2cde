// The kernels of a format, made of what the format states and of the vocabulary of an instruction
// set with vectors. A row is taken in stretches of 256 columns; the last may be shorter where
// blocks are.
#pragma once

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

template <class Format>
struct Stretch {
  static constexpr unsigned columns = 256;
  static constexpr unsigned bytes = columns / Format::block_columns * Format::block_bytes;
  static constexpr int groups = columns / Format::group;
  static_assert(Format::zero == 0 || !Format::has_minimum, "a minimum makes a zero unnecessary");
  static constexpr bool one_scale = requires(RowBlocks<Format> blocks) { Format::scale(blocks); };
  /// What is yet to be subtracted from the bytes after multiply().
  static constexpr int zero = Format::zero - taken_off<Format::largest>;
  using Numbers = Floats<groups>;

  /// The minimum only where the format has it.
  QUIPU_INLINE_MEMBER static void scales(const uint8_t* stretch, unsigned columns, Numbers& scale,
                                         Numbers& minimum) {
    if constexpr (one_scale) {
      const RowBlocks<Format> blocks{stretch, columns / Format::block_columns};
      scale = Format::scale(blocks);
      if constexpr (Format::has_minimum) minimum = Format::minimum(blocks);
    } else {
      struct {
        Numbers &scale, &minimum;
        QUIPU_INLINE_MEMBER void set_scales(float f, uint64_t low, uint64_t high = 0) {
          from_bytes(scale, low, high);
          scale = f * scale;
        }
        QUIPU_INLINE_MEMBER void set_minima(float f, uint64_t low, uint64_t high = 0) {
          from_bytes(minimum, low, high);
          minimum = f * minimum;
        }
      } out{scale, minimum};
      Format::scales(stretch, out);
    }
  }

  /// The scales of the activations, and their sums, for the groups of a stretch.
  QUIPU_INLINE_MEMBER static void activations(const quipu_activations* x, uint64_t vector,
                                              uint64_t column, unsigned columns, Numbers& scale,
                                              Numbers& sums) {
    const unsigned count = columns / Format::group;
    const float* scales = x->scale + (vector * x->columns + column) / 32;
    if constexpr (Format::group == 16) {
      load_twice(scale, scales, count);
      load(sums, x->sum16 + (vector * x->columns + column) / 16, count);
    } else {
      load(scale, scales, count);
      load(sums, x->sum32 + (vector * x->columns + column) / 32, count);
    }
  }

  QUIPU_INLINE_MEMBER static void add(Numbers& total, Numbers products, Numbers scale,
                                      Numbers minimum, Numbers x_scale, Numbers x_sum) {
    if constexpr (zero != 0)
      total = multiply_add(scale, multiply_add(x_scale, products, -float(zero) * x_sum), total);
    else
      total = multiply_add(scale * x_scale, products, total);
    if constexpr (Format::has_minimum) total = multiply_add(minimum, x_sum, total);
  }
};

/// 8 KiB ahead hides the latency of memory on one sequential stream per core.
template <class Format>
QUIPU_INLINE void prefetch_stretch(const uint8_t* stretch) {
  for (unsigned i = 0; i < Stretch<Format>::bytes; i += 64) prefetch(stretch + 8192 + i);
}

/// One row against Count vectors (0: x->count of them).
template <class Format, unsigned Count>
QUIPU_INLINE void dot_row(const uint8_t* row, const quipu_activations* x, float* y,
                          size_t y_stride) {
  using S = Stretch<Format>;
  const unsigned vectors = Count ? Count : x->count;
  typename S::Numbers total[Count ? Count : 8] = {};
  uint64_t column = 0;
  const auto half = [](Sums a, Sums b) __attribute__((always_inline)) {
    return half_sums<S::groups, Format::largest>(a, b);
  };
  // The sums are those of `columns` columns from `column` on.
  const auto add = [&](unsigned vector, unsigned columns, HalfSums<S::groups> first,
                       HalfSums<S::groups> second, typename S::Numbers scale,
                       typename S::Numbers minimum) __attribute__((always_inline)) {
    typename S::Numbers x_scale, x_sum;
    S::activations(x, vector, column, columns, x_scale, x_sum);
    S::add(total[vector], group_sums<S::groups, Format::largest>(first, second), scale, minimum,
           x_scale, x_sum);
  };
  const auto take = [&]<unsigned Columns>() __attribute__((always_inline)) {
    prefetch_stretch<Format>(row);
    const auto values = [&]<unsigned Part>() __attribute__((always_inline)) {
      return Format::values(RowPieces<Format, 4 * Part>{row});
    };
    typename S::Numbers scale, minimum;
    if constexpr (Lanes::registers == 16) {
      // A half of the stretch at a time, bytes and their products do not crowd the registers.
      HalfSums<S::groups> halves[Count ? Count : 8][2];
      const auto multiply_half = [&]<unsigned Half>() __attribute__((always_inline)) {
        constexpr bool is_whole = Columns > 128 * Half + 64;
        const Bytes q = values.template operator()<2 * Half>();
        Bytes more;
        if constexpr (is_whole) more = values.template operator()<2 * Half + 1>();
        for (unsigned v = 0; v < vectors; ++v) {
          const int8_t* a = x->q + v * x->columns + column + 128 * Half;
          halves[v][Half] = half(multiply<Format::largest>(q, a),
                                 is_whole ? multiply<Format::largest>(more, a + 64) : Sums{});
        }
      };
      multiply_half.template operator()<0>();
      if constexpr (Columns > 128) multiply_half.template operator()<1>();
      S::scales(row, Columns, scale, minimum);
      for (unsigned v = 0; v < vectors; ++v)
        add(v, Columns, halves[v][0], Columns > 128 ? halves[v][1] : HalfSums<S::groups>{}, scale,
            minimum);
    } else {
      Bytes q[4];
      q[0] = values.template operator()<0>();
      if constexpr (Columns > 64) q[1] = values.template operator()<1>();
      if constexpr (Columns > 128) q[2] = values.template operator()<2>();
      if constexpr (Columns > 192) q[3] = values.template operator()<3>();
      S::scales(row, Columns, scale, minimum);
      for (unsigned v = 0; v < vectors; ++v) {
        const int8_t* a = x->q + v * x->columns + column;
        Sums sums[4] = {};
        for (unsigned i = 0; i < Columns / 64; ++i)
          sums[i] = multiply<Format::largest>(q[i], a + 64 * i);
        add(v, Columns, half(sums[0], sums[1]),
            Columns > 128 ? half(sums[2], sums[3]) : HalfSums<S::groups>{}, scale, minimum);
      }
    }
  };

  for (; column + S::columns <= x->columns; column += S::columns, row += S::bytes)
    take.template operator()<S::columns>();

  if constexpr (Format::block_columns < S::columns) {
    const unsigned rest = unsigned(x->columns - column);
    if (rest == 128) {
      take.template operator()<128>();
    } else if (Format::block_columns <= 64 && rest == 64) {
      take.template operator()<64>();
    } else if (rest) {
      prefetch_stretch<Format>(row);
      typename S::Numbers scale, minimum;
      S::scales(row, rest, scale, minimum);
      Bytes q[3];
      if (rest >= 64) q[0] = Format::values(RowPieces<Format, 0>{row});
      if (rest >= 128) q[1] = Format::values(RowPieces<Format, 4>{row});
      if (rest >= 192) q[2] = Format::values(RowPieces<Format, 8>{row});
      for (unsigned v = 0; v < vectors; ++v) {
        const int8_t* a = x->q + v * x->columns + column;
        Sums sums[4] = {};
        if (rest >= 64) sums[0] = multiply<Format::largest>(q[0], a);
        if (rest >= 128) sums[1] = multiply<Format::largest>(q[1], a + 64);
        if (rest >= 192) sums[2] = multiply<Format::largest>(q[2], a + 128);
        if (Format::block_columns == 32 &&
            rest % 64) {  // a lone block: as two, with activations of zero for the second
          uint8_t pair[2 * Format::block_bytes] = {};
          int8_t pair_x[64] = {};
          memcpy(pair, row + rest / 64 * 2 * Format::block_bytes, Format::block_bytes);
          memcpy(pair_x, a + rest / 64 * 64, 32);
          sums[rest / 64] =
              multiply<Format::largest>(Format::values(RowPieces<Format, 0>{pair}), pair_x);
        }
        add(v, rest, half(sums[0], sums[1]), half(sums[2], sums[3]), scale, minimum);
      }
    }
  }
  for (unsigned v = 0; v < vectors; ++v) y[v * y_stride] = sum(total[v]);
}

template <class Format, unsigned Count>
QUIPU_INLINE void dot_rows(const void* rows, size_t row_stride, uint32_t row_count,
                           const quipu_activations* x, float* y, size_t y_stride) {
  const auto* row = static_cast<const uint8_t*>(rows);
  for (uint32_t r = 0; r < row_count; ++r, row += row_stride)
    dot_row<Format, Count>(row, x, y + r, y_stride);
}

/// A known number of vectors keeps its sums in registers. Two are the forms that output heads read,
/// four a small batch: Q6_K is 1.6 and 1.3 times as fast as with a loop (Zen 5).
template <class Format>
QUIPU_INLINE void dot_row_by_row(const void* rows, size_t row_stride, uint32_t row_count,
                                 const quipu_activations* x, float* y, size_t y_stride) {
  switch (x->count) {
  case 1:
    return dot_rows<Format, 1>(rows, row_stride, row_count, x, y, y_stride);
  case 2:
    return dot_rows<Format, 2>(rows, row_stride, row_count, x, y, y_stride);
  case 4:
    return dot_rows<Format, 4>(rows, row_stride, row_count, x, y, y_stride);
  default:
    return dot_rows<Format, 0>(rows, row_stride, row_count, x, y, y_stride);
  }
}

template <class Format>
QUIPU_INLINE void dot(const void* rows, size_t row_stride, uint32_t row_count,
                      const quipu_activations* x, float* y, size_t y_stride) {
  dot_row_by_row<Format>(rows, row_stride, row_count, x, y, y_stride);
}

/// The integers of 16 rows by 16 groups, and the factors of the rows.
struct RowIntegers {
  uint8_t integers[16][16];
  float factors[16];

  QUIPU_INLINE_MEMBER void set(unsigned row, float factor, uint64_t low, uint64_t high) {
    store(integers[row], Sixteen{low, high});
    factors[row] = factor;
  }

  template <unsigned Group = 0>
  QUIPU_INLINE_MEMBER void store_groups(unsigned count, float* out, size_t stride, const Tile& tile,
                                        Floats<16> factor) const {
    store(out + Group * stride, scaled_column<Group>(tile, factor));
    if constexpr (Group < 15)
      if (Group + 1 < count) store_groups<Group + 1>(count, out, stride, tile, factor);
  }
  QUIPU_INLINE_MEMBER void store_groups_of_all(unsigned count, float* out, size_t stride) const {
    Floats<16> factor;
    load(factor, factors, 16);
    store_groups(count, out, stride, load_tile(integers[0], 16), factor);
  }
};

/// The integers of a block of 16 rows whose groups differ.
struct BlockIntegers {
  unsigned row;
  RowIntegers scales, minima;
  QUIPU_INLINE_MEMBER void set_scales(float factor, uint64_t low, uint64_t high = 0) {
    scales.set(row, factor, low, high);
  }
  QUIPU_INLINE_MEMBER void set_minima(float factor, uint64_t low, uint64_t high = 0) {
    minima.set(row, factor, low, high);
  }
};

/// The scales and minima of a block of 16 rows. Gives the integers of the scales where the panel
/// holds products with them.
template <class Format, bool Whole>
QUIPU_INLINE auto unpack_scales(const uint8_t* block, size_t row_stride, float* scale,
                                float* minimum, size_t group_stride) {
  using Form = WholeBlocks<Format>;
  constexpr unsigned groups = Format::block_columns / Format::group;
  if constexpr (Form::groups_differ) {
    BlockIntegers of;
    for (of.row = 0; of.row < 16; ++of.row) Format::scales(block + of.row * row_stride, of);
    if constexpr (Format::has_minimum) of.minima.store_groups_of_all(groups, minimum, group_stride);
    if constexpr (Whole) {
      memcpy(scale, of.scales.factors, sizeof of.scales.factors);
      return load_tile(of.scales.integers[0], 16);
    } else {
      of.scales.store_groups_of_all(groups, scale, group_stride);
    }
  } else if constexpr (Format::group == 16) {
    for (unsigned g = 0; g < groups; ++g)
      store(scale + g * group_stride, Format::scale(ColumnBlocks<Format>{block, row_stride, g}));
  } else {
    const ColumnBlocks<Format> blocks{block, row_stride};
    const Floats<16> scales = Format::scale(blocks);
    if constexpr (Format::has_minimum) {
      // Before anything is stored, so that both come from the same loads.
      const Floats<16> minima = Format::minimum(blocks);
      for (unsigned g = 0; g < groups; ++g) store(minimum + g * group_stride, minima);
    }
    for (unsigned g = 0; g < (Whole ? 1 : groups); ++g) store(scale + g * group_stride, scales);
  }
  if constexpr (!(Whole && Form::products)) return nullptr;
}

/// Four pieces of 16 rows, which may share loads, to their quads of the panel.
template <class Format, bool Products, unsigned A, unsigned B, unsigned C, unsigned D,
          class Integers>
QUIPU_INLINE void unpack_pieces(const uint8_t* block, size_t row_stride, uint8_t* q,
                                size_t quad_stride, const Integers& integers) {
  constexpr unsigned rows = ColumnPieces<A>::rows;
  for (unsigned row = 0; row < 16; row += rows, block += rows * row_stride, q += 4 * rows) {
    const auto of = [&]<unsigned Piece>(ColumnPieces<Piece> piece) __attribute__((always_inline)) {
      const auto values = Format::values(piece);
      if constexpr (Products)
        return multiply_integers<Piece * 16 / Format::group>(values, integers, row, Format::zero,
                                                             WholeBlocks<Format>::zero);
      else
        return values;
    };
    const auto a = of(ColumnPieces<A>{block, row_stride}),
               b = of(ColumnPieces<B>{block, row_stride});
    if constexpr (C != A) {
      const auto c = of(ColumnPieces<C>{block, row_stride}),
                 d = of(ColumnPieces<D>{block, row_stride});
      store(q + 4 * C * quad_stride, quad_stride, c);
      store(q + 4 * D * quad_stride, quad_stride, d);
    }
    store(q + 4 * A * quad_stride, quad_stride, a);
    store(q + 4 * B * quad_stride, quad_stride, b);
  }
}

template <class Format, bool Whole>
QUIPU_INLINE void unpack_form(const void* rows, size_t row_stride, uint32_t first, uint32_t count,
                              const quipu_panel* panel) {
  constexpr bool products = Whole && WholeBlocks<Format>::products;
  constexpr unsigned groups = Format::block_columns / Format::group;
  const auto* block =
      static_cast<const uint8_t*>(rows) + first / Format::block_columns * Format::block_bytes;
  const size_t group_stride = panel->group_stride;
  size_t quad_stride = panel->quad_stride;
  uint8_t* q = panel->q;
  float *scale = panel->scale, *minimum = panel->minimum;
  for (uint32_t column = 0; column < count; column += Format::block_columns) {
    // Its multiples are better computed again than kept for all blocks, where they end up in vector
    // registers.
    asm("" : "+r"(quad_stride));
    const auto scales = [&]() __attribute__((always_inline)) {
      return unpack_scales<Format, Whole>(block, row_stride, scale, minimum, group_stride);
    };
    const auto integers = [&]() __attribute__((always_inline)) {
      if constexpr (products)
        return scales();
      else
        return nullptr;
    }
    ();
    const auto four = [&]<unsigned A, unsigned B, unsigned C, unsigned D>()
        __attribute__((always_inline)) {
      unpack_pieces<Format, products, A, B, C, D>(block, row_stride, q, quad_stride, integers);
    };
    if constexpr (Format::block_columns == 32) {
      four.template operator()<0, 1, 0, 1>();
    } else if constexpr (Format::block_columns == 64) {
      four.template operator()<0, 1, 2, 3>();
    } else if constexpr (Format::block_columns == 128) {
      four.template operator()<0, 1, 2, 3>();
      four.template operator()<4, 5, 6, 7>();
    } else {
      static_assert(Format::block_columns == 256);
      // Pieces of one parity share their loads in the K formats.
      four.template operator()<0, 2, 4, 6>();
      four.template operator()<1, 3, 5, 7>();
      four.template operator()<8, 10, 12, 14>();
      four.template operator()<9, 11, 13, 15>();
    }
    if constexpr (!products) scales();
    block += Format::block_bytes;
    q += Format::block_columns / 4 * quad_stride;
    scale += (Whole ? 1 : groups) * group_stride;
    if constexpr (Format::has_minimum) minimum += groups * group_stride;
  }
}

template <class Format>
QUIPU_INLINE void store_values(const uint8_t* stretch, uint8_t* to) {
  store(to, Format::values(RowPieces<Format, 0>{stretch}));
  store(to + 64, Format::values(RowPieces<Format, 4>{stretch}));
  store(to + 128, Format::values(RowPieces<Format, 8>{stretch}));
  store(to + 192, Format::values(RowPieces<Format, 12>{stretch}));
}

/// The same multiplications and additions as the plain loop, hence the same bits.
template <class Format>
QUIPU_INLINE void dequantize_stretch(const uint8_t* stretch, unsigned columns, float* out) {
  using S = Stretch<Format>;
  uint8_t q[S::columns];
  store_values<Format>(stretch, q);
  typename S::Numbers scales, minima;
  S::scales(stretch, S::columns, scales, minima);
  float scale[S::groups], minimum[S::groups];
  store(scale, scales);
  if constexpr (Format::has_minimum) store(minimum, minima);
  for (unsigned g = 0; g < columns / Format::group; ++g)
    for (unsigned j = g * Format::group; j < (g + 1) * Format::group; ++j) {
      const float product = scale[g] * float(int(q[j]) - int(Format::zero));
      out[j] = Format::has_minimum ? product + minimum[g] : product;
    }
}

template <class Format>
QUIPU_INLINE void dequantize_blocks(const void* blocks, uint64_t count, float* out) {
  using S = Stretch<Format>;
  const auto* p = static_cast<const uint8_t*>(blocks);
  for (; count >= S::columns; count -= S::columns, p += S::bytes, out += S::columns)
    dequantize_stretch<Format>(p, S::columns, out);
  if (count) {
    uint8_t last[S::bytes] = {};
    memcpy(last, p, count / Format::block_columns * Format::block_bytes);
    dequantize_stretch<Format>(last, unsigned(count), out);
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
