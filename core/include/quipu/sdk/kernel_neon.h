// The vocabulary of kernel.h for Armv8.2 with dot products and half precision: four pieces of a
// row, or a piece of four rows, at a time.
#pragma once

#include <arm_neon.h>

#include "quipu/abi/codec.h"
#include "quipu/sdk/half.h"
#include "quipu/sdk/kernel_words.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

QUIPU_INLINE void prefetch(const uint8_t* address) {
  __builtin_prefetch(address);
}

QUIPU_INLINE float load_half(const void* address) {
  __fp16 half;
  memcpy(&half, address, sizeof half);
  return half;
}
QUIPU_INLINE TwoFloats load_halves(const uint8_t* address) {
  return {load_half(address), load_half(address + 2)};
}

QUIPU_INLINE uint8x16_t join(Sixteen bytes) {
  return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(bytes.low), vcreate_u64(bytes.high)));
}
QUIPU_INLINE void store(uint8_t* address, Sixteen bytes) {
  vst1q_u8(address, join(bytes));
}

/// 64 columns of a row, or 16 columns of four rows.
struct Bytes {
  uint8x16_t v[4];
};

QUIPU_INLINE Bytes operator&(Bytes a, unsigned mask) {
  for (auto& x : a.v) x = vandq_u8(x, vdupq_n_u8(uint8_t(mask)));
  return a;
}
QUIPU_INLINE Bytes operator^(Bytes a, unsigned mask) {
  for (auto& x : a.v) x = veorq_u8(x, vdupq_n_u8(uint8_t(mask)));
  return a;
}
QUIPU_INLINE Bytes operator|(Bytes a, Bytes b) {
  for (int i = 0; i < 4; ++i) a.v[i] = vorrq_u8(a.v[i], b.v[i]);
  return a;
}
QUIPU_INLINE void store(uint8_t* address, Bytes a) {
  for (int i = 0; i < 4; ++i) vst1q_u8(address + 16 * i, a.v[i]);
}

/// 4 x 4 dwords.
QUIPU_INLINE Bytes transpose(Bytes a) {
  uint32x4_t row[4];
  for (int i = 0; i < 4; ++i) row[i] = vreinterpretq_u32_u8(a.v[i]);
  const uint64x2_t low_even = vreinterpretq_u64_u32(vtrn1q_u32(row[0], row[1])),
                   low_odd = vreinterpretq_u64_u32(vtrn2q_u32(row[0], row[1])),
                   high_even = vreinterpretq_u64_u32(vtrn1q_u32(row[2], row[3])),
                   high_odd = vreinterpretq_u64_u32(vtrn2q_u32(row[2], row[3]));
  return {{vreinterpretq_u8_u64(vtrn1q_u64(low_even, high_even)),
           vreinterpretq_u8_u64(vtrn1q_u64(low_odd, high_odd)),
           vreinterpretq_u8_u64(vtrn2q_u64(low_even, high_even)),
           vreinterpretq_u8_u64(vtrn2q_u64(low_odd, high_odd))}};
}
/// Four rows to their quads of a panel.
QUIPU_INLINE void store(uint8_t* address, size_t quad_stride, Bytes rows) {
  const Bytes quads = transpose(rows);
  for (int i = 0; i < 4; ++i) vst1q_u8(address + size_t(i) * quad_stride, quads.v[i]);
}

/// The 16 bits of a word, as bytes 0 or 255.
QUIPU_INLINE uint8x16_t spread_flags(unsigned word) {
  const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
  return vtstq_u8(vcombine_u8(vdup_n_u8(uint8_t(word)), vdup_n_u8(uint8_t(word >> 8))), bit);
}

/// The first digit, in base 3, of the fractions q / 256. 86 is the first byte above 256 / 3, 171
/// the first above 2 * 256 / 3.
QUIPU_INLINE uint8x16_t third_of(uint8x16_t q) {
  const uint8x16_t minus_digit =
      vaddq_u8(vcgeq_u8(q, vdupq_n_u8(86)), vcgeq_u8(q, vdupq_n_u8(171)));
  return vsubq_u8(vdupq_n_u8(0), minus_digit);
}

/// Four lanes of 16 columns: lane n is piece Where::piece(n) of the block at Where::block(n).
template <class Where>
struct Pieces : Where {
  template <class Make>
  QUIPU_INLINE_MEMBER static Bytes each(Make lane) {
    return {{lane(0), lane(1), lane(2), lane(3)}};
  }

  template <class Offset>
  QUIPU_INLINE_MEMBER const uint8_t* at(Offset f, unsigned lane) const {
    return this->block(lane) + f(this->piece(lane));
  }
  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bytes(Offset f) const {
    return each([&](unsigned n) __attribute__((always_inline)) { return vld1q_u8(at(f, n)); });
  }

  template <class Amount>
  QUIPU_INLINE_MEMBER Bytes shift(Bytes q, Amount f) const {
    return each([&](unsigned n) __attribute__((always_inline)) {
      const int amount = f(this->piece(n));
      return amount == 0 ? q.v[n] : vshlq_u8(q.v[n], vdupq_n_s8(int8_t(-amount)));
    });
  }

  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bits(Offset f, unsigned value) const {
    return each([&](unsigned n) __attribute__((always_inline)) {
             return spread_flags(load_word<uint16_t>(at(f, n)));
           }) &
           value;
  }

  QUIPU_INLINE_MEMBER Bytes lookup(Bytes q, const uint8_t (&table)[16]) const {
    const uint8x16_t t = vld1q_u8(table);
    return each([&](unsigned n) __attribute__((always_inline)) { return vqtbl1q_u8(t, q.v[n]); });
  }

  template <class Number>
  QUIPU_INLINE_MEMBER Bytes digit(Bytes q, Number f) const {
    return each([&](unsigned n) __attribute__((always_inline)) {
      constexpr uint8_t powers[] = {1, 3, 9, 27, 81};
      return third_of(vmulq_u8(q.v[n], vdupq_n_u8(powers[f(this->piece(n))])));
    });
  }

  template <class Make>
  QUIPU_INLINE_MEMBER Bytes made(Make f) const {
    return each([&](unsigned n) __attribute__((always_inline)) {
      return join(f(this->block(n), this->piece(n)));
    });
  }
  template <class Flags>
  QUIPU_INLINE_MEMBER Bytes flags(Flags f) const {
    return each([&](unsigned n) __attribute__((always_inline)) {
      return spread_flags(f(this->block(n), this->piece(n)));
    });
  }
};

/// Pieces First to First + 3 of a stretch of blocks.
template <class Format, unsigned First>
struct AlongRow {
  const uint8_t* stretch;
  static constexpr unsigned per_block = Format::block_columns / 16;
  QUIPU_INLINE_MEMBER const uint8_t* block(unsigned lane) const {
    return stretch + (First + lane) / per_block * Format::block_bytes;
  }
  QUIPU_INLINE_MEMBER static constexpr unsigned piece(unsigned lane) {
    return (First + lane) % per_block;
  }
};
template <class Format, unsigned First>
using RowPieces = Pieces<AlongRow<Format, First>>;

/// Piece Piece of the same block of four rows.
template <unsigned Piece>
struct AlongColumn {
  static constexpr unsigned rows = 4;
  const uint8_t* first;
  size_t row_stride;
  QUIPU_INLINE_MEMBER const uint8_t* block(unsigned lane) const {
    return first + lane * row_stride;
  }
  QUIPU_INLINE_MEMBER static constexpr unsigned piece(unsigned) { return Piece; }
};
template <unsigned Piece>
using ColumnPieces = Pieces<AlongColumn<Piece>>;

/// One number for each of N groups or rows.
template <int N>
struct Floats {
  float32x4_t v[N / 4];
};

template <int N>
QUIPU_INLINE Floats<N> operator*(float a, Floats<N> b) {
  for (auto& x : b.v) x = vmulq_n_f32(x, a);
  return b;
}
template <int N>
QUIPU_INLINE Floats<N> operator*(Floats<N> a, Floats<N> b) {
  for (int i = 0; i < N / 4; ++i) a.v[i] = vmulq_f32(a.v[i], b.v[i]);
  return a;
}
template <int N>
QUIPU_INLINE Floats<N> multiply_add(Floats<N> a, Floats<N> b, Floats<N> c) {
  for (int i = 0; i < N / 4; ++i) c.v[i] = vfmaq_f32(c.v[i], a.v[i], b.v[i]);
  return c;
}
template <int N>
QUIPU_INLINE void store(float* address, Floats<N> a) {
  for (int i = 0; i < N / 4; ++i) vst1q_f32(address + 4 * i, a.v[i]);
}
QUIPU_INLINE float sum(Floats<8> a) {
  return vaddvq_f32(vaddq_f32(a.v[0], a.v[1]));
}
QUIPU_INLINE float sum(Floats<16> a) {
  return vaddvq_f32(vaddq_f32(vaddq_f32(a.v[0], a.v[1]), vaddq_f32(a.v[2], a.v[3])));
}

/// The first `count` of N floats, then zeros. Reads no further.
template <int N>
QUIPU_INLINE void load(Floats<N>& a, const float* address, unsigned count) {
  float some[N] = {};
  if (count < N) {
    memcpy(some, address, count * sizeof(float));
    address = some;
  }
  for (int i = 0; i < N / 4; ++i) a.v[i] = vld1q_f32(address + 4 * i);
}

/// Scales of 32 columns for groups of 16: each of the first count / 2 floats twice.
QUIPU_INLINE void load_twice(Floats<16>& a, const float* address, unsigned count) {
  Floats<8> once;
  load(once, address, count / 2);
  for (int i = 0; i < 2; ++i) {
    a.v[2 * i] = vzip1q_f32(once.v[i], once.v[i]);
    a.v[2 * i + 1] = vzip2q_f32(once.v[i], once.v[i]);
  }
}

/// Signed bytes: those of the first eight groups from the lowest bits of `low` up, then `high`.
template <int N>
QUIPU_INLINE void from_bytes(Floats<N>& a, uint64_t low, uint64_t high) {
  const uint64_t halves[] = {low, high};
  for (int i = 0; i < N / 8; ++i) {
    const int16x8_t wide = vmovl_s8(vcreate_s8(halves[i]));
    a.v[2 * i] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
    a.v[2 * i + 1] = vcvtq_f32_s32(vmovl_high_s16(wide));
  }
}

/// N floats; f(n) gives one.
template <int N, class F>
QUIPU_INLINE Floats<N> floats_of(F f) {
  float all[N];
  for (int n = 0; n < N; ++n) all[n] = f(unsigned(n));
  Floats<N> a;
  load(a, all, N);
  return a;
}
/// Eight halves; half(n) gives the bits of one.
template <class Half>
QUIPU_INLINE Floats<8> floats_of_halves(Half half) {
  const uint16x8_t bits = {half(0), half(1), half(2), half(3), half(4), half(5), half(6), half(7)};
  const float16x8_t halves = vreinterpretq_f16_u16(bits);
  return {{vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)}};
}

/// `count` successive blocks of a row: a number for each group of 256 columns.
template <class Format>
struct RowBlocks {
  const uint8_t* stretch;
  unsigned count;
  QUIPU_INLINE_MEMBER Floats<8> half(unsigned offset) const {
    constexpr unsigned groups = Format::block_columns / 32;
    return floats_of_halves([&](unsigned n) __attribute__((always_inline)) {
      const uint8_t* block = stretch + n / groups * Format::block_bytes;
      return n / groups < count ? load_word<uint16_t>(block + offset) : uint16_t(0);
    });
  }
  QUIPU_INLINE_MEMBER Floats<8> single(unsigned offset) const {
    return of_groups<8>([=](const uint8_t* block, unsigned) __attribute__((always_inline)) {
      return load_word<float>(block + offset);
    });
  }
  QUIPU_INLINE_MEMBER Floats<8> e8m0(unsigned offset) const {
    return of_groups<8>([=](const uint8_t* block, unsigned) __attribute__((always_inline)) {
      return e8m0_to_float(block[offset]);
    });
  }
  QUIPU_INLINE_MEMBER Floats<16> e4m3_of_groups(unsigned offset) const {
    return of_groups<16>([=](const uint8_t* block, unsigned group) __attribute__((always_inline)) {
      return e4m3_to_float(block[offset + group]);
    });
  }

 private:
  template <int N, class F>
  QUIPU_INLINE_MEMBER Floats<N> of_groups(F f) const {
    constexpr unsigned groups = Format::block_columns / Format::group;
    return floats_of<N>([&](unsigned n) __attribute__((always_inline)) {
      return n / groups < count ? f(stretch + n / groups * Format::block_bytes, n % groups) : 0;
    });
  }
};

/// The same block of 16 rows.
template <class Format>
struct ColumnBlocks {
  const uint8_t* block;
  size_t row_stride;
  unsigned group = 0;
  QUIPU_INLINE_MEMBER Floats<16> half(unsigned offset) const {
    const auto of_row = [&](unsigned row) __attribute__((always_inline)) {
      return load_word<uint16_t>(block + row * row_stride + offset);
    };
    const Floats<8> low = floats_of_halves(of_row);
    const Floats<8> high = floats_of_halves([&](unsigned row) __attribute__((always_inline)) {
      return of_row(row + 8);
    });
    return {{low.v[0], low.v[1], high.v[0], high.v[1]}};
  }
  QUIPU_INLINE_MEMBER Floats<16> single(unsigned offset) const {
    return floats_of<16>([&](unsigned row) __attribute__((always_inline)) {
      return load_word<float>(block + row * row_stride + offset);
    });
  }
  QUIPU_INLINE_MEMBER Floats<16> e8m0(unsigned offset) const {
    return floats_of<16>([&](unsigned row) __attribute__((always_inline)) {
      return e8m0_to_float(block[row * row_stride + offset]);
    });
  }
  QUIPU_INLINE_MEMBER Floats<16> e4m3_of_groups(unsigned offset) const {
    return floats_of<16>([&](unsigned row) __attribute__((always_inline)) {
      return e4m3_to_float(block[row * row_stride + offset + group]);
    });
  }
};

/// 16 rows by 16 columns: four[r].v[n] holds columns 4 n to 4 n + 3 of rows 4 r to 4 r + 3.
struct Tile {
  Bytes four[4];
};
QUIPU_INLINE Tile load_tile(const uint8_t* rows, size_t row_stride) {
  Tile tile;
  for (auto& four : tile.four) {
    four = transpose(ColumnPieces<0>{rows, row_stride}.bytes([](unsigned) { return 0; }));
    rows += 4 * row_stride;
  }
  return tile;
}

/// One number for each of 16 rows: factor times the signed byte of column Column.
template <unsigned Column>
QUIPU_INLINE Floats<16> scaled_column(const Tile& bytes, Floats<16> factor) {
  for (int i = 0; i < 4; ++i) {
    const int32x4_t four = vreinterpretq_s32_u8(bytes.four[i].v[Column / 4]);
    const int32x4_t byte = vshrq_n_s32(vshlq_n_s32(four, 24 - Column % 4 * 8), 24);
    factor.v[i] = vmulq_f32(vcvtq_f32_s32(byte), factor.v[i]);
  }
  return factor;
}

/// panel_zero + s * (q - zero) for the rows from `row` on, where s is the signed byte of column
/// Column of each row.
template <unsigned Column>
QUIPU_INLINE Bytes multiply_integers(Bytes q, const Tile& integers, unsigned row, int zero,
                                     int panel_zero) {
  const uint8x16_t four = integers.four[row / 4].v[Column / 4];
  for (unsigned n = 0; n < 4; ++n) {
    const uint8x16_t s = vqtbl1q_u8(four, vdupq_n_u8(uint8_t(4 * n + Column % 4)));
    const uint8x16_t offset =
        vmlsq_u8(vdupq_n_u8(uint8_t(panel_zero)), s, vdupq_n_u8(uint8_t(zero)));
    q.v[n] = vmlaq_u8(offset, q.v[n], s);
  }
  return q;
}

/// Sums of four successive products: 64 columns.
struct Sums {
  int32x4_t v[4];
};

/// What multiply() takes off every byte without putting it back.
template <unsigned>
constexpr int taken_off = 0;

/// Largest: the largest of the unsigned bytes. Dot products of this set read two signed operands,
/// or two unsigned ones; bytes above 127 are read as q - 128, and 128 times the activations added.
template <unsigned Largest>
QUIPU_INLINE Sums multiply(Bytes q, const int8_t* x) {
  Sums sums;
  for (int i = 0; i < 4; ++i) {
    const int8x16_t a = vld1q_s8(x + 16 * i);
    sums.v[i] = vdupq_n_s32(0);
    if constexpr (Largest > 127) {
      sums.v[i] = vshlq_n_s32(vdotq_s32(sums.v[i], vdupq_n_s8(1), a), 7);
      q.v[i] = veorq_u8(q.v[i], vdupq_n_u8(128));
    }
    sums.v[i] = vdotq_s32(sums.v[i], vreinterpretq_s8_u8(q.v[i]), a);
  }
  return sums;
}

/// Of 128 columns, the groups in order, for N groups in 256.
template <int N>
struct HalfSums {
  int32x4_t v[N / 8];
};
template <int N, unsigned>
QUIPU_INLINE HalfSums<N> half_sums(Sums a, Sums b) {
  if constexpr (N == 16)
    return {vpaddq_s32(vpaddq_s32(a.v[0], a.v[1]), vpaddq_s32(a.v[2], a.v[3])),
            vpaddq_s32(vpaddq_s32(b.v[0], b.v[1]), vpaddq_s32(b.v[2], b.v[3]))};
  else
    return {vpaddq_s32(vpaddq_s32(vaddq_s32(a.v[0], a.v[1]), vaddq_s32(a.v[2], a.v[3])),
                       vpaddq_s32(vaddq_s32(b.v[0], b.v[1]), vaddq_s32(b.v[2], b.v[3])))};
}

/// The sums of the N groups of 256 columns.
template <int N, unsigned>
QUIPU_INLINE Floats<N> group_sums(HalfSums<N> a, HalfSums<N> b) {
  Floats<N> groups;
  for (int i = 0; i < N / 8; ++i) {
    groups.v[i] = vcvtq_f32_s32(a.v[i]);
    groups.v[N / 8 + i] = vcvtq_f32_s32(b.v[i]);
  }
  return groups;
}

/// Two vectors of floats, for formats of floats: with the sums that kernel_float.h keeps apart
/// enough for the latency of a multiply-add.
struct Lanes {
  static constexpr unsigned count = 8;
  static constexpr int registers = 32;
  float32x4_t low, high;
};
QUIPU_INLINE Lanes load_lanes(Single, const uint8_t* p) {
  return {vreinterpretq_f32_u8(vld1q_u8(p)), vreinterpretq_f32_u8(vld1q_u8(p + 16))};
}
QUIPU_INLINE Lanes load_lanes(Half, const uint8_t* p) {
  const float16x8_t halves = vreinterpretq_f16_u8(vld1q_u8(p));
  return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
}
QUIPU_INLINE Lanes load_lanes(Bfloat, const uint8_t* p) {
  const uint16x8_t upper = vreinterpretq_u16_u8(vld1q_u8(p));
  return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(upper), 16)),
          vreinterpretq_f32_u32(vshll_high_n_u16(upper, 16))};
}
QUIPU_INLINE Lanes operator+(Lanes a, Lanes b) {
  return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}
QUIPU_INLINE Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
}
QUIPU_INLINE float sum(Lanes a) {
  return vaddvq_f32(vaddq_f32(a.low, a.high));
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
