// How quantisers lay small integers into bytes.
#pragma once

#include <cstdint>
#include <cstring>

namespace {

/// `count` bytes: q0 to q(count - 1) in the low nibbles, the next `count` in the high ones.
inline void pack_nibbles(const std::uint8_t* q, int count, std::uint8_t* out) {
  for (int i = 0; i < count; ++i)
    out[i] = static_cast<std::uint8_t>((q[i] & 15) | q[i + count] << 4);
}

/// `count` bytes: the numbers in turn, the low nibble first.
inline void pack_nibble_pairs(const std::uint8_t* q, int count, std::uint8_t* out) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(q[2 * i] | q[2 * i + 1] << 4);
}

/// 32 bytes: of 128 numbers the two bits from `bit` up, numbers 0-31, 32-63, 64-95, 96-127 from
/// the lowest bits up.
inline void pack_quarters(const std::uint8_t* q, int bit, std::uint8_t* out) {
  for (int i = 0; i < 32; ++i) {
    unsigned byte = 0;
    for (int part = 0; part < 4; ++part) byte |= (q[32 * part + i] >> bit & 3u) << (2 * part);
    out[i] = static_cast<std::uint8_t>(byte);
  }
}

/// 32 bits: bit `bit` of 32 numbers.
inline void pack_bits(const std::uint8_t* q, int bit, std::uint8_t* out) {
  std::uint32_t word = 0;
  for (int i = 0; i < 32; ++i) word |= static_cast<std::uint32_t>(q[i] >> bit & 1) << i;
  std::memcpy(out, &word, sizeof word);
}

}  // namespace
