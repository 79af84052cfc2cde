// Quant formats in one short file, fast on every instruction set.
//
// A format states how its bytes become weights; everything else follows from that statement:
// dequantisation, the dot products of decoding and the panels of prefill, for each instruction set.
// A weight is
//      w = scale * (q - zero) + minimum,    q a byte, scale and minimum shared by a group of
//      columns.
// A format is a class in an unnamed namespace with
//
//   static constexpr char name[], type[];                   "q4_0", "gguf:2"
//   static constexpr uint32_t block_columns, block_bytes;   32, 64, 128 or 256 columns
//   static constexpr uint32_t group;                        16 or 32 columns share a scale
//   static constexpr int32_t zero;                          0 where has_minimum
//   static constexpr bool has_minimum;
//   static constexpr unsigned largest;                      the largest q
//   static constexpr uint32_t halves[];                     offsets of halves that must be finite;
//       or static bool is_finite(const uint8_t* block);       where a scale is stored otherwise
//   static constexpr bool quantizes = true;                 where it has a quantiser: see
//   quantize.h
//
//   template <class Pieces> static auto values(Pieces piece);
//     The bytes q of 16 columns: piece n is columns 16 n to 16 n + 15 of a block. How many pieces
//     of how many blocks or rows are worked on at once is the instruction set's affair, so the
//     statement is made of these words only, where f maps the number of a piece to what that piece
//     needs and is a lambda without captures:
//       piece.bytes(f)        the 16 bytes at offset f(n) of the block
//       piece.bits(f, value)  the 16 bits at offset f(n), each as a byte that is 0 or `value`, a
//                             power of two; pieces 2 n and 2 n + 1 have theirs side by side
//       piece.shift(q, f)     bytes shifted right by f(n), left where negative; bits that enter are
//                             anything, so mask afterwards
//       piece.lookup(q, t)    t[q] for bytes q below 16; t is a static constexpr uint8_t[16]
//       piece.digit(q, f)     digit f(n), 0 to 4, of bytes that are fractions q / 256 in base 3
//       nibbles(piece, f)     of the 8 bytes at offset f(n): the low nibbles, then the high ones;
//                             pieces 2 n and 2 n + 1 have theirs side by side
//       piece.made(f)         the 16 bytes that f(block, n) computes with kernel_words.h: a Sixteen
//       piece.flags(f)        the 16 bits that f(block, n) gives, each as a byte 0 or 255
//       &, |, ^               with bytes, or with a constant for every byte
//     A format that says `static constexpr bool in_fours = true` has no minimum and is made of
//     other words (kernel_words.h): codes, signs and signed_lookup for codebooks, or packed for 1
//     or 2 bits.
//
// and for the scales, where every group of a block has the same,
//   template <class Blocks> static auto scale(Blocks block);     made of block.half(offset), or
//       single or e8m0, and factors; or, for 4 groups of 16, of block.e4m3_of_groups(offset), where
//       group g has the byte at offset + g
//   template <class Blocks> static auto minimum(Blocks block);   where has_minimum
// or, where groups differ (blocks of 256 columns) by a small integer each,
//   template <class Scales> static void scales(const uint8_t* block, Scales& out);
//     calls out.set_scales(factor, low, high) and, where has_minimum, out.set_minima(factor, low,
//     high): the factor is a float, the integers are signed bytes, those of groups 0-7 in `low`
//     from the lowest bits up and those of groups 8-15 in `high`;
//     set_odd_scales (kernel_words.h) does it for scales factor * (2 s + 1). A format with
//   static constexpr int scale_bounds[] = {lowest, highest};   of these integers
//     has faster panels where they and the q have products that fit a byte.
//
// and ends with QUIPU_QUANT_PLUGIN(VERSION, LICENSE, Format). The file is listed under both SOURCES
// and KERNELS of quipu_add_plugin: it is compiled once as the plugin and once for each instruction
// set.
//
// As a kernel it includes intrinsics and C headers only, and everything in it is static or in an
// unnamed namespace: a linker must never keep an AVX-512 copy of an inline function for all
// callers.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define QUIPU_INLINE __attribute__((always_inline)) static inline
#define QUIPU_INLINE_MEMBER __attribute__((always_inline)) inline

#ifdef QUIPU_KERNEL_ISA
#include "quipu/sdk/kernel_entry.h"
#else
#define QUIPU_KERNEL_ISA baseline
#include "quipu/sdk/kernel_plugin.h"
#endif

/// The vocabulary of the instruction set that is being compiled for.
namespace quipu::sdk {
namespace kernel = QUIPU_KERNEL_ISA;
}
