// The vocabulary of kernel.h for the baseline of any target, and the kernels made of it: plain
// loops, the specification that the other instruction sets are tested against.
#pragma once

#include "quipu/abi/codec.h"
#include "quipu/sdk/half.h"
#include "quipu/sdk/kernel_words.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// The half at any address.
QUIPU_INLINE float load_half(const void* address) {
  uint16_t half;
  memcpy(&half, address, sizeof half);
  return half_to_float(half);
}
QUIPU_INLINE TwoFloats load_halves(const uint8_t* address) {
  return {load_half(address), load_half(address + 2)};
}

/// 16 successive weights of a row, as bytes.
struct Bytes {
  uint8_t v[16];
};

QUIPU_INLINE Bytes operator&(Bytes a, unsigned mask) {
  for (auto& x : a.v) x = uint8_t(x & mask);
  return a;
}
QUIPU_INLINE Bytes operator^(Bytes a, unsigned mask) {
  for (auto& x : a.v) x = uint8_t(x ^ mask);
  return a;
}
QUIPU_INLINE Bytes operator|(Bytes a, Bytes b) {
  for (int i = 0; i < 16; ++i) a.v[i] = uint8_t(a.v[i] | b.v[i]);
  return a;
}

/// Where `values` reads: piece `piece` of a block, 16 columns.
struct Pieces {
  const uint8_t* block;
  unsigned piece;

  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bytes(Offset offset) const {
    Bytes a;
    memcpy(a.v, block + offset(piece), 16);
    return a;
  }

  template <class Amount>
  QUIPU_INLINE_MEMBER Bytes shift(Bytes a, Amount amount) const {
    const int n = amount(piece);
    for (auto& x : a.v) x = uint8_t(n < 0 ? x << -n : x >> n);
    return a;
  }

  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bits(Offset offset, unsigned value) const {
    const uint8_t* word = block + offset(piece);
    Bytes a;
    for (int i = 0; i < 16; ++i) a.v[i] = uint8_t((word[i / 8] >> (i % 8) & 1) * value);
    return a;
  }

  QUIPU_INLINE_MEMBER Bytes lookup(Bytes a, const uint8_t (&table)[16]) const {
    for (auto& x : a.v) x = table[x];
    return a;
  }

  template <class Number>
  QUIPU_INLINE_MEMBER Bytes digit(Bytes a, Number number) const {
    constexpr uint8_t powers[] = {1, 3, 9, 27, 81};
    const uint8_t power = powers[number(piece)];
    for (auto& x : a.v) x = uint8_t(uint8_t(x * power) * 3 >> 8);
    return a;
  }

  template <class Make>
  QUIPU_INLINE_MEMBER Bytes made(Make make) const {
    const Sixteen bytes = make(block, piece);
    Bytes a;
    memcpy(a.v, &bytes, 16);
    return a;
  }

  template <class Bits>
  QUIPU_INLINE_MEMBER Bytes flags(Bits bits) const {
    const unsigned word = bits(block, piece);
    Bytes a;
    for (int i = 0; i < 16; ++i) a.v[i] = word >> i & 1 ? 255 : 0;
    return a;
  }
};

/// Where `scale` and `minimum` read: here a group of one block.
struct Blocks {
  const uint8_t* block;
  int group;
  QUIPU_INLINE_MEMBER float half(unsigned offset) const { return load_half(block + offset); }
  QUIPU_INLINE_MEMBER float single(unsigned offset) const {
    return load_word<float>(block + offset);
  }
  QUIPU_INLINE_MEMBER float e8m0(unsigned offset) const { return e8m0_to_float(block[offset]); }
  QUIPU_INLINE_MEMBER float e4m3_of_groups(unsigned offset) const {
    return e4m3_to_float(block[offset + unsigned(group)]);
  }
};

/// The scales and minima of the groups of one block; minima are 0 in a format without them.
template <class Format>
struct Groups {
  static constexpr int count = int(Format::block_columns / Format::group);
  float scale[count];
  float minimum[count];
  /// Where groups differ: scale is factor * integer.
  float factor;
  uint64_t integers[2];

  QUIPU_INLINE_MEMBER int integer(unsigned group) const {
    return int8_t(integers[group / 8] >> (group % 8 * 8));
  }

  QUIPU_INLINE_MEMBER explicit Groups(const uint8_t* block) {
    for (auto& x : minimum) x = 0;
    if constexpr (requires { Format::scale(Blocks{block, 0}); }) {
      for (int g = 0; g < count; ++g) scale[g] = Format::scale(Blocks{block, g});
      if constexpr (Format::has_minimum)
        for (int g = 0; g < count; ++g) minimum[g] = Format::minimum(Blocks{block, g});
    } else {
      Format::scales(block, *this);
    }
  }

  QUIPU_INLINE_MEMBER void set_scales(float f, uint64_t low, uint64_t high = 0) {
    factor = f;
    integers[0] = low;
    integers[1] = high;
    for (int i = 0; i < count; ++i) scale[i] = f * float(integer(unsigned(i)));
  }
  QUIPU_INLINE_MEMBER void set_minima(float f, uint64_t low, uint64_t high = 0) {
    for (int i = 0; i < count; ++i)
      minimum[i] = f * float(int8_t((i < 8 ? low : high) >> (i % 8 * 8)));
  }
};

template <class Format>
QUIPU_INLINE void dequantize_blocks(const void* blocks, uint64_t count, float* out) {
  const auto* block = static_cast<const uint8_t*>(blocks);
  for (uint64_t i = 0; i < count; i += Format::block_columns, block += Format::block_bytes) {
    const Groups<Format> groups(block);
    for (unsigned piece = 0; piece < Format::block_columns / 16; ++piece) {
      const Bytes q = Format::values(Pieces{block, piece});
      const unsigned g = piece * 16 / Format::group;
      for (int j = 0; j < 16; ++j) {
        const float product = groups.scale[g] * float(int(q.v[j]) - int(Format::zero));
        *out++ = Format::has_minimum ? product + groups.minimum[g] : product;
      }
    }
  }
}

template <class Format>
QUIPU_INLINE float dot_row(const uint8_t* row, const quipu_activations* x, uint64_t vector) {
  const int8_t* a = x->q + vector * x->columns;
  const float* x_scale = x->scale + vector * x->columns / 32;
  const float* sums = Format::group == 16 ? x->sum16 : x->sum32;
  sums += vector * x->columns / Format::group;
  float total = 0;
  for (uint64_t column = 0; column < x->columns; column += Format::block_columns) {
    const Groups<Format> groups(row);
    for (unsigned g = 0; g < Format::block_columns / Format::group; ++g) {
      int32_t products = 0;
      for (unsigned j = g * Format::group; j < (g + 1) * Format::group; j += 16) {
        const Bytes q = Format::values(Pieces{row, j / 16});
        for (unsigned k = 0; k < 16; ++k) products += int32_t(q.v[k]) * a[column + j + k];
      }
      const uint64_t first = column + g * Format::group;
      const float x_sum = sums[first / Format::group];
      total +=
          groups.scale[g] * (x_scale[first / 32] * float(products) - float(Format::zero) * x_sum);
      if constexpr (Format::has_minimum) total += groups.minimum[g] * x_sum;
    }
    row += Format::block_bytes;
  }
  return total;
}

template <class Format>
QUIPU_INLINE void dot(const void* rows, size_t row_stride, uint32_t row_count,
                      const quipu_activations* x, float* y, size_t y_stride) {
  const auto* row = static_cast<const uint8_t*>(rows);
  for (uint32_t r = 0; r < row_count; ++r, row += row_stride)
    for (uint32_t v = 0; v < x->count; ++v) y[v * y_stride + r] = dot_row<Format>(row, x, v);
}

template <class Format, bool Whole>
QUIPU_INLINE void unpack_form(const void* rows, size_t row_stride, uint32_t first, uint32_t count,
                              const quipu_panel* panel) {
  using Form = WholeBlocks<Format>;
  constexpr unsigned scale_group = Whole ? Format::block_columns : Format::group;
  for (unsigned r = 0; r < 16; ++r) {
    const auto* block = static_cast<const uint8_t*>(rows) + r * row_stride +
                        size_t(first / Format::block_columns) * Format::block_bytes;
    for (uint32_t column = 0; column < count; column += Format::block_columns) {
      const Groups<Format> groups(block);
      for (unsigned g = 0; g < Format::block_columns / scale_group; ++g)
        panel->scale[size_t(column / scale_group + g) * panel->group_stride + r] =
            Whole && Form::products ? groups.factor : groups.scale[g];
      if constexpr (Format::has_minimum)
        for (unsigned g = 0; g < Format::block_columns / Format::group; ++g)
          panel->minimum[size_t(column / Format::group + g) * panel->group_stride + r] =
              groups.minimum[g];
      for (unsigned j = 0; j < Format::block_columns; j += 16) {
        Bytes q = Format::values(Pieces{block, j / 16});
        if constexpr (Whole && Form::products)
          for (auto& x : q.v)
            x = uint8_t(Form::zero +
                        groups.integer(j / Format::group) * (int(x) - int(Format::zero)));
        for (unsigned k = 0; k < 16; k += 4)
          memcpy(panel->q + size_t(column + j + k) / 4 * panel->quad_stride + 4 * r, q.v + k, 4);
      }
      block += Format::block_bytes;
    }
  }
}

/// Four floats, for formats of floats.
struct Lanes {
  static constexpr unsigned count = 4;
  static constexpr int registers = 8;
  float v[4];
};
QUIPU_INLINE Lanes load_lanes(Single, const uint8_t* p) {
  Lanes a;
  memcpy(a.v, p, sizeof a.v);
  return a;
}
QUIPU_INLINE Lanes load_lanes(Half, const uint8_t* p) {
  Lanes a;
  for (int i = 0; i < 4; ++i) a.v[i] = load_half(p + 2 * i);
  return a;
}
QUIPU_INLINE Lanes load_lanes(Bfloat, const uint8_t* p) {
  uint16_t stored[4];
  memcpy(stored, p, sizeof stored);
  Lanes a;
  for (int i = 0; i < 4; ++i) a.v[i] = bfloat_to_float(stored[i]);
  return a;
}
QUIPU_INLINE Lanes operator+(Lanes a, Lanes b) {
  for (int i = 0; i < 4; ++i) a.v[i] += b.v[i];
  return a;
}
QUIPU_INLINE Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  for (int i = 0; i < 4; ++i) c.v[i] += a.v[i] * b.v[i];
  return c;
}
QUIPU_INLINE float sum(Lanes a) {
  return (a.v[0] + a.v[1]) + (a.v[2] + a.v[3]);
}
QUIPU_INLINE void prefetch(const uint8_t* address) {
  __builtin_prefetch(address);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
