// What the files of formats compute with outside vectors, and codebooks.
#pragma once

#if defined(__BMI2__)
#include <immintrin.h>
#endif

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// A number at any address, the lowest byte first.
template <class Word>
QUIPU_INLINE Word load_word(const uint8_t* address) {
  Word word;
  memcpy(&word, address, sizeof word);
  return word;
}

/// What load_halves(address) gives: two halves side by side.
struct TwoFloats {
  float first, second;
};

/// The lowest `Bits` bits go to the first byte, the next to the second, and so on.
template <unsigned Bits>
QUIPU_INLINE uint64_t bytes_of_bits(uint64_t packed) {
  constexpr uint64_t mask = 0x0101010101010101 * ((1u << Bits) - 1);
#if defined(__BMI2__)
  return _pdep_u64(packed, mask);
#else
  uint64_t x = packed;  // of at most 32 bits: halves apart, then quarters, then eighths
  x = (x | x << (32 - 4 * Bits)) & (0x0000000100000001 * ((1u << (4 * Bits)) - 1));
  x = (x | x << (16 - 2 * Bits)) & (0x0001000100010001 * ((1u << (2 * Bits)) - 1));
  return (x | x << (8 - Bits)) & mask;
#endif
}

/// A power of two as E8M0 has it (OCP Microscaling Formats specification 1.0, section 5.4.1). The
/// lowest is a subnormal float.
QUIPU_INLINE float e8m0_to_float(unsigned byte) {
  return float_from_bits(byte == 0 ? 0x00400000 : byte << 23);
}
/// A positive E4M3 number (section 5.3.1 there); 127, its NaN, is 0, and a sign is not looked at.
QUIPU_INLINE float e4m3_to_float(unsigned byte) {
  return byte == 127 ? 0 : 0x1p120f * float_from_bits((byte & 127) << 20);
}

/// 16 bytes, 0-7 and 8-15, each from the lowest bits up.
struct Sixteen {
  uint64_t low, high;
};

/// Width bits, at most 8, of a block, from its bit `position` on.
template <unsigned Width>
QUIPU_INLINE unsigned load_bits(const uint8_t* block, unsigned position) {
  const uint8_t* at = block + position / 8;
  const unsigned skipped = position % 8;
  unsigned bits = at[0];
  if (skipped + Width > 8) bits |= unsigned(at[1]) << 8;
  return bits >> skipped & ((1u << Width) - 1);
}

/// Entries of 8 weights of 2 bits or of 4 weights of 3 bits, the first weight lowest. Entries::of
/// is the array of them.
template <unsigned Bits, class Entries>
struct Codebook {
  static constexpr unsigned bits = Bits;
  static constexpr unsigned weights = Bits == 2 ? 8 : 4;
  static constexpr unsigned count = sizeof Entries::of / sizeof Entries::of[0];
  /// The bits of an entry's number above the lowest 8.
  static constexpr unsigned upper_bits = __builtin_ctz(count) - 8;

  QUIPU_INLINE_MEMBER static constexpr uint16_t entry(unsigned number) {
    return Entries::of[number % count];
  }
  QUIPU_INLINE_MEMBER static uint64_t bytes(unsigned number) {
    return bytes_of_bits<Bits>(entry(number));
  }
};

/// Eight signs in seven bits: their number is even, which says the last.
QUIPU_INLINE constexpr unsigned even_signs(unsigned seven) {
  return seven | unsigned(__builtin_parity(seven)) << 7;
}

/// The low nibbles of the 8 bytes at offset f(n) of a block, then their high nibbles.
template <class Pieces, class Offset>
QUIPU_INLINE auto nibbles(Pieces piece, Offset) {
  return piece.made([](const uint8_t* block, unsigned n) __attribute__((always_inline)) {
    const auto pairs = load_word<uint64_t>(block + Offset{}(n));
    constexpr uint64_t nibble = 0x0f0f0f0f0f0f0f0f;
    return Sixteen{pairs & nibble, pairs >> 4 & nibble};
  });
}

struct Bounds {
  int low, high;
};

/// Of the products of q - zero with the integers of the scales, where a format tells their bounds.
template <class Format>
constexpr Bounds product_bounds() {
  constexpr int q[] = {-int(Format::zero), int(Format::largest) - int(Format::zero)};
  Bounds all{0, 0};
  for (const int scale : Format::scale_bounds)
    for (const int x : q) {
      if (scale * x < all.low) all.low = scale * x;
      if (scale * x > all.high) all.high = scale * x;
    }
  return all;
}
template <class Format>
constexpr bool products_fit() {
  if constexpr (requires { Format::scale_bounds; })
    return product_bounds<Format>().low >= -128 &&
           product_bounds<Format>().high - product_bounds<Format>().low <= 255;
  return false;
}

/// Panels in which blocks of 256 columns have one scale: as they are or, where groups differ by
/// integers whose products with q - zero fit a byte, with these products as bytes.
template <class Format>
struct WholeBlocks {
  static constexpr bool groups_differ = requires { &Format::template scales<Sixteen>; };
  static constexpr bool products = products_fit<Format>();
  static constexpr bool possible = Format::block_columns == 256 && (products || !groups_differ);
  static constexpr int32_t zero = [] {
    if constexpr (products) return -product_bounds<Format>().low;
    return Format::zero;
  }();
};

// Words of formats that are dotted in fours. Positions are bits of a block.

/// Bytes of Width bits, 1 or 2, moved left by Shift: those of a block side by side from byte First
/// on.
template <unsigned Width, unsigned First, unsigned Shift = 0, class Pieces>
QUIPU_INLINE auto packed(Pieces piece) {
  if constexpr (Width == 1)
    return piece.flags([](const uint8_t* block, unsigned n) __attribute__((always_inline)) {
      return load_word<uint16_t>(block + First + 2 * n);
    }) & 1u << Shift;
  else
    return piece.made([](const uint8_t* block, unsigned n) __attribute__((always_inline)) {
      const uint8_t* at = block + First + 4 * n;
      return Sixteen{bytes_of_bits<2>(load_word<uint16_t>(at)) << Shift,
                     bytes_of_bits<2>(load_word<uint16_t>(at + 2)) << Shift};
    });
}

/// The codes of 16 weights. Entry e of a block has the lowest 8 bits of its number from bit low(e)
/// on, and the others from bit upper(e) on.
template <class Pieces, unsigned Bits, class Entries, class Low, class Upper>
QUIPU_INLINE auto codes(Pieces piece, Codebook<Bits, Entries>, Low, Upper) {
  return piece.made([](const uint8_t* block, unsigned n) __attribute__((always_inline)) {
    using Book = Codebook<Bits, Entries>;
    const auto eight = [=](unsigned half) __attribute__((always_inline)) {
      constexpr unsigned entries = 8 / Book::weights;
      uint64_t bytes = 0;
      for (unsigned i = 0; i < entries; ++i) {
        const unsigned e = (2 * n + half) * entries + i;
        unsigned number = load_bits<8>(block, Low{}(e));
        if constexpr (Book::upper_bits > 0)
          number |= load_bits<Book::upper_bits>(block, Upper{}(e)) << 8;
        bytes |= Book::bytes(number) << (32 * i);
      }
      return bytes;
    };
    return Sixteen{eight(0), eight(1)};
  });
}
template <class Pieces, unsigned Bits, class Entries, class Low>
QUIPU_INLINE auto codes(Pieces piece, Codebook<Bits, Entries> book, Low low) {
  return codes(piece, book, low, low);
}

/// Bytes 0, or 255 where a weight has a sign: the k-th eight weights of a block have theirs in the
/// 8 bits from f(k) on.
template <class Pieces, class Position>
QUIPU_INLINE auto signs(Pieces piece, Position) {
  return piece.flags([](const uint8_t* block, unsigned n) __attribute__((always_inline)) {
    return load_bits<8>(block, Position{}(2 * n)) | load_bits<8>(block, Position{}(2 * n + 1)) << 8;
  });
}
/// The same where the number of signs is even: 7 bits say all 8.
template <class Pieces, class Position>
QUIPU_INLINE auto signs_of_seven(Pieces piece, Position) {
  return piece.flags([](const uint8_t* block, unsigned n) __attribute__((always_inline)) {
    return even_signs(load_bits<7>(block, Position{}(2 * n))) |
           even_signs(load_bits<7>(block, Position{}(2 * n + 1))) << 8;
  });
}
/// The same where one bit says all 8.
template <class Pieces, class Position>
QUIPU_INLINE auto signs_of_one(Pieces piece, Position) {
  return piece.flags([](const uint8_t* block, unsigned n) __attribute__((always_inline)) {
    return load_bits<1>(block, Position{}(2 * n)) * 0xff |
           load_bits<1>(block, Position{}(2 * n + 1)) * 0xff00;
  });
}

/// Levels[code], or Levels[code + 8] where there is a sign.
template <const uint8_t (&Levels)[16], class Pieces, class Bytes>
QUIPU_INLINE auto signed_lookup(Pieces piece, Bytes codes, Bytes signs) {
  return piece.lookup(codes | (signs & 8), Levels);
}

/// Scales factor * (2 s + 1): group g of a block of 256 columns has the Width bits of s from bit
/// f(g) on.
template <unsigned Width, unsigned Groups, class Scales, class Position>
QUIPU_INLINE void set_odd_scales(Scales& out, const uint8_t* block, float factor, Position f) {
  uint64_t odd[2] = {};
  for (unsigned g = 0; g < Groups; ++g)
    odd[g / 8] |= uint64_t(2 * load_bits<Width>(block, f(g)) + 1) << (g % 8 * 8);
  out.set_scales(factor, odd[0], odd[1]);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
