#include "machine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace quipu::app {
namespace {

using Clock = std::chrono::steady_clock;

// Seconds that `work` takes on all threads at once, started together.
double time_together(std::uint32_t threads, const std::function<void(std::uint32_t)>& work) {
  std::atomic<std::uint32_t> ready{0};
  std::vector<std::thread> others;
  const auto arrive = [&] {
    ++ready;
    while (ready.load() < threads) std::this_thread::yield();
  };
  for (std::uint32_t i = 1; i < threads; ++i)
    others.emplace_back([&, i] {
      arrive();
      work(i);
    });
  arrive();
  const auto start = Clock::now();
  work(0);
  for (auto& other : others) other.join();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Keeps the compiler from dropping a result.
void keep(std::uint64_t value) {
  asm volatile("" : : "r"(value));
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) std::uint64_t read_avx2(const std::byte* at, std::size_t bytes) {
  __m256i sum[4] = {};
  for (std::size_t i = 0; i + 128 <= bytes; i += 128) {
    _mm_prefetch(reinterpret_cast<const char*>(at + i + 4096), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(at + i + 4160), _MM_HINT_T0);
    for (int j = 0; j < 4; ++j)
      sum[j] = _mm256_xor_si256(
          sum[j], _mm256_load_si256(reinterpret_cast<const __m256i*>(at + i + 32 * j)));
  }
  const __m256i all =
      _mm256_xor_si256(_mm256_xor_si256(sum[0], sum[1]), _mm256_xor_si256(sum[2], sum[3]));
  return static_cast<std::uint64_t>(_mm256_extract_epi64(all, 0));
}

// Twelve independent sums hide the latency of the multiply-add.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) double
multiply_avx512(std::uint64_t rounds) {
  __m512i sum[12] = {};
  __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-2);
  asm volatile("" : "+v"(a), "+v"(b));
  for (std::uint64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
    for (auto& s : sum) {
      s = _mm512_dpbusd_epi32(s, a, b);
      asm volatile("" : "+v"(s));
    }
  std::int64_t total = 0;
  for (const auto& s : sum) total += _mm512_reduce_add_epi32(s);
  keep(static_cast<std::uint64_t>(total));
  return static_cast<double>(rounds) * 12 * 64;
}

__attribute__((target("avx2"))) double multiply_avx2(std::uint64_t rounds) {
  __m256i sum[12] = {};
  __m256i a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(-2);
  const __m256i ones = _mm256_set1_epi16(1);
  asm volatile("" : "+x"(a), "+x"(b));
  for (std::uint64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
    for (auto& s : sum) {
      s = _mm256_add_epi32(s, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones));
      asm volatile("" : "+x"(s));
    }
  std::int64_t total = 0;
  for (const auto& s : sum) total += _mm256_extract_epi32(s, 0);
  keep(static_cast<std::uint64_t>(total));
  return static_cast<double>(rounds) * 12 * 32;
}

#endif

std::uint64_t read(const std::byte* at, std::size_t bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return read_avx2(at, bytes);
#endif
  std::uint64_t sum[8] = {};
  const auto* words = reinterpret_cast<const std::uint64_t*>(at);
  for (std::size_t i = 0; i + 8 <= bytes / 8; i += 8)
    for (int j = 0; j < 8; ++j) sum[j] ^= words[i + j];
  return sum[0] ^ sum[1] ^ sum[2] ^ sum[3] ^ sum[4] ^ sum[5] ^ sum[6] ^ sum[7];
}

double multiply(std::uint64_t rounds) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vnni")) return multiply_avx512(rounds);
  if (__builtin_cpu_supports("avx2")) return multiply_avx2(rounds);
#endif
  (void)rounds;
  return 0;
}

}  // namespace

double measure_read_bandwidth(std::uint32_t threads) {
  constexpr std::size_t share = std::size_t{128} << 20;  // per thread: beyond any shared cache
  // Prefetch runs past the end of a share, so leave room after the last.
  std::vector<std::byte> memory(share * threads + 8192, std::byte{1});
  auto* const first = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64);
  double best = 0;
  for (int pass = 0; pass < 4; ++pass) {
    const double seconds =
        time_together(threads, [&](std::uint32_t i) { keep(read(first + i * share, share)); });
    best = std::max(best, static_cast<double>(share) * threads / seconds);
  }
  return best;
}

double measure_integer_peak(std::uint32_t threads) {
  constexpr std::uint64_t rounds = 2'000'000;
  if (multiply(1) == 0) return 0;
  double best = 0;
  for (int pass = 0; pass < 3; ++pass) {
    const double seconds = time_together(threads, [&](std::uint32_t) { multiply(rounds); });
    best = std::max(best, multiply(1) * rounds * threads / seconds);
  }
  return best;
}

}  // namespace quipu::app
