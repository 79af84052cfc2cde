// The parts of codecs_bench that need AVX-512: a plain read, the integer peak, and a plain tile.
#pragma once

// GCC 12 reports the deliberately undefined operands inside its own header.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "plugins/quants/codecs.h"

namespace {

/// Reads every byte, prefetching as the kernels do.
__attribute__((noinline, target("avx2"))) void plain_read(const unsigned char* p,
                                                          std::size_t bytes) {
  __m256i a = _mm256_setzero_si256(), b = a;
  for (std::size_t i = 0; i + 128 <= bytes; i += 128) {
    _mm_prefetch(reinterpret_cast<const char*>(p + i + 8192), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(p + i + 8192 + 64), _MM_HINT_T0);
    const auto at = reinterpret_cast<const __m256i*>(p + i);
    a = _mm256_xor_si256(_mm256_xor_si256(a, _mm256_loadu_si256(at)), _mm256_loadu_si256(at + 1));
    b = _mm256_xor_si256(_mm256_xor_si256(b, _mm256_loadu_si256(at + 2)),
                         _mm256_loadu_si256(at + 3));
  }
  a = _mm256_xor_si256(a, b);
  asm volatile("" : : "x"(a));
}

#define QUIPU_TILE_TARGET target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma")

/// Integer operations per second of vpdpbusd alone, one thread.
__attribute__((noinline, QUIPU_TILE_TARGET)) double integer_peak() {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    __m512i a[12], q = _mm512_set1_epi8(3);
    for (auto& x : a) x = _mm512_setzero_si512();
    for (int i = 0; i < 100000; ++i)
#pragma GCC unroll 12
      for (auto& x : a) asm volatile("vpdpbusd %1, %1, %0" : "+v"(x) : "v"(q));
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 1.2e6 * 128 / best;
}

/// 6 activation rows by 32 weight rows by 256 columns, added to `out` [6][32].
__attribute__((noinline, QUIPU_TILE_TARGET)) void
tile(const quipu_codec& codec, const std::uint8_t* q, const float* scale, const float* minimum,
     const std::int8_t* x, const float* x_scale, const float* x_sum, float* out) {
  __m512 total[6][2];
  for (int i = 0; i < 6; ++i)
    for (int v = 0; v < 2; ++v) total[i][v] = _mm512_loadu_ps(out + 32 * i + 16 * v);
  const int quads = int(codec.group) / 4;
  for (int g = 0; g < 256 / int(codec.group); ++g) {
    __m512i a[6][2];
    for (auto& row : a) row[0] = row[1] = _mm512_setzero_si512();
    for (int k = 0; k < quads; ++k, q += 128, x += 24) {
      const __m512i w0 = _mm512_loadu_si512(q), w1 = _mm512_loadu_si512(q + 64);
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) {
        std::int32_t word;
        std::memcpy(&word, x + 4 * i, 4);
        const __m512i four = _mm512_set1_epi32(word);
        a[i][0] = _mm512_dpbusd_epi32(a[i][0], w0, four);
        a[i][1] = _mm512_dpbusd_epi32(a[i][1], w1, four);
      }
    }
    const int x_group = g * int(codec.group) / 32;
    for (int v = 0; v < 2; ++v) {
      const __m512 s = _mm512_loadu_ps(scale + 32 * g + 16 * v);
      __m512 factor = _mm512_mul_ps(s, _mm512_set1_ps(-float(codec.zero)));
      if (codec.has_minimum) factor = _mm512_loadu_ps(minimum + 32 * g + 16 * v);
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) {
        total[i][v] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(a[i][v]),
                                      _mm512_mul_ps(s, _mm512_set1_ps(x_scale[6 * x_group + i])),
                                      total[i][v]);
        total[i][v] = _mm512_fmadd_ps(factor, _mm512_set1_ps(x_sum[6 * g + i]), total[i][v]);
      }
    }
  }
  for (int i = 0; i < 6; ++i)
    for (int v = 0; v < 2; ++v) _mm512_storeu_ps(out + 32 * i + 16 * v, total[i][v]);
}

/// Prints the share of the integer peak that panels and tile reach on one thread, at 512 and at 32
/// activation rows.
void prefill(const quipu_codec& codec, const quipu_kernels& kernels, const unsigned char* memory,
             int rounds) {
  if (!__builtin_cpu_supports("avx512vnni")) return;
  const std::size_t columns = 2048, rows = 256, bytes = codecs::row_bytes(codec, columns);
  std::vector<std::uint8_t> q(256 / 4 * 128);
  std::vector<float> scale(256 / codec.group * 32), minimum(scale.size()), out(516 * rows);
  std::vector<std::int8_t> x(516 * columns, 1);
  std::vector<float> x_scale(516 * columns / 32, 0.1f), x_sum(516 * columns / 16, 0.2f);
  for (const std::size_t count : {32u, 512u}) {
    std::vector<double> shares;
    const std::size_t tiles = (count + 5) / 6;
    for (int round = 0; round < std::max(3, rounds / 2); ++round) {
      const double peak = integer_peak();
      const auto start = std::chrono::steady_clock::now();
      for (std::size_t r = 0; r < rows; r += 32)
        for (std::uint32_t c = 0; c < columns; c += 256) {
          for (int v = 0; v < 2; ++v) {
            const quipu_panel panel{sizeof panel,
                                    128,
                                    32,
                                    0,
                                    q.data() + 64 * v,
                                    scale.data() + 16 * v,
                                    codec.has_minimum ? minimum.data() + 16 * v : nullptr};
            kernels.unpack(memory + (r + 16 * std::size_t(v)) * bytes, bytes, c, 256, &panel);
          }
          for (std::size_t t = 0; t < tiles; ++t)
            tile(codec, q.data(), scale.data(), minimum.data(), x.data() + t * 6 * columns + c * 6,
                 x_scale.data() + t * 6 * columns / 32, x_sum.data() + t * 6 * columns / 16,
                 out.data() + (r / 32 * tiles + t) * 192);
        }
      const double seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      shares.push_back(2.0 * double(rows * columns * tiles * 6) / seconds / peak);
    }
    std::nth_element(shares.begin(), shares.begin() + long(shares.size() / 2), shares.end());
    std::printf(" | M=%zu %.0f %%", count, 100 * shares[shares.size() / 2]);
  }
}

}  // namespace
