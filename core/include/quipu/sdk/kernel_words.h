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

/// Entries of 8 weights of 2 bits or of 4 weights of 3 bits, the first weight lowest.
template <unsigned Bits, unsigned Count>
struct Codebook {
  static constexpr unsigned weights = Bits == 2 ? 8 : 4;
  uint16_t entries[Count];

  QUIPU_INLINE_MEMBER uint64_t bytes(unsigned entry) const {
    return bytes_of_bits<Bits>(entries[entry % Count]);
  }
};

/// 16 bytes, 0-7 and 8-15, each from the lowest bits up.
struct Sixteen {
  uint64_t low, high;
};

/// Two entries of 8 weights or four of 4.
template <unsigned Bits, unsigned Count>
QUIPU_INLINE Sixteen codes(const Codebook<Bits, Count>& book, uint64_t numbers) {
  const auto entry = [&](unsigned i) __attribute__((always_inline)) {
    return book.bytes(unsigned(numbers >> (16 * i) & 0xffff));
  };
  if constexpr (Bits == 2) return {entry(0), entry(1)};
  return {entry(0) | entry(1) << 32, entry(2) | entry(3) << 32};
}

/// Eight signs in seven bits: their number is even, which says the last.
QUIPU_INLINE unsigned even_signs(unsigned seven) {
  seven &= 127;
  return seven | unsigned(__builtin_parity(seven)) << 7;
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
