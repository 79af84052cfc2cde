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

// Written out, as a compiler that keeps a sum in memory, or that takes the product of constants out
// of the loop, measures something else. What the sums hold does not matter to the time. Twelve
// independent ones hide the latency of the multiply-add.
double multiply_avx512(std::uint64_t rounds) {
  for (std::uint64_t r = 0; r < rounds; ++r)
    asm volatile("vpdpbusd %%zmm0, %%zmm0, %%zmm4\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm5\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm6\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm7\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm8\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm9\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm10\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm11\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm12\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm13\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm14\n\t"
                 "vpdpbusd %%zmm0, %%zmm0, %%zmm15"
                 :
                 :
                 : "xmm0", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                   "xmm12", "xmm13", "xmm14", "xmm15");
  return static_cast<double>(rounds) * 12 * 64;
}

double multiply_avxvnni(std::uint64_t rounds) {
  for (std::uint64_t r = 0; r < rounds; ++r)
    asm volatile("%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm4\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm5\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm6\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm7\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm8\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm9\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm10\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm11\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm12\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm13\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm14\n\t"
                 "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm15"
                 :
                 :
                 : "xmm0", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                   "xmm12", "xmm13", "xmm14", "xmm15");
  return static_cast<double>(rounds) * 12 * 32;
}

// Without VNNI a multiply-add takes three instructions: the products, their sums in pairs, and the
// addition.
#define QUIPU_PRODUCTS(v, n) "vpmaddubsw %%" v "mm0, %%" v "mm0, %%" v "mm" n "\n\t"
#define QUIPU_PAIRS(v, n) "vpmaddwd %%" v "mm0, %%" v "mm" n ", %%" v "mm" n "\n\t"
#define QUIPU_SUMS(v, n, sum) "vpaddd %%" v "mm" n ", %%" v "mm" sum ", %%" v "mm" sum "\n\t"
#define QUIPU_MULTIPLY(v)                                                                          \
  QUIPU_PRODUCTS(v, "1")                                                                           \
  QUIPU_PRODUCTS(v, "2")                                                                           \
  QUIPU_PRODUCTS(v, "3")                                                                           \
  QUIPU_PRODUCTS(v, "4")                                                                           \
  QUIPU_PAIRS(v, "1")                                                                              \
  QUIPU_PAIRS(v, "2")                                                                              \
  QUIPU_PAIRS(v, "3")                                                                              \
  QUIPU_PAIRS(v, "4")                                                                              \
  QUIPU_SUMS(v, "1", "5")                                                                          \
  QUIPU_SUMS(v, "2", "6")                                                                          \
  QUIPU_SUMS(v, "3", "7")                                                                          \
  QUIPU_SUMS(v, "4", "8")

double multiply_avx512bw(std::uint64_t rounds) {
  for (std::uint64_t r = 0; r < rounds; ++r)
    asm volatile(QUIPU_MULTIPLY("z")
                 :
                 :
                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8");
  return static_cast<double>(rounds) * 4 * 64;
}

double multiply_avx2(std::uint64_t rounds) {
  for (std::uint64_t r = 0; r < rounds; ++r)
    asm volatile(QUIPU_MULTIPLY("y")
                 :
                 :
                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8");
  return static_cast<double>(rounds) * 4 * 32;
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
  if (__builtin_cpu_supports("avx512bw")) return multiply_avx512bw(rounds);
  if (__builtin_cpu_supports("avxvnni")) return multiply_avxvnni(rounds);
  if (__builtin_cpu_supports("avx2")) return multiply_avx2(rounds);
#endif
  (void)rounds;
  return 0;
}

}  // namespace

double time_of_read(std::span<const std::byte> memory, std::uint32_t threads) {
  const std::size_t share = memory.size() / threads / 128 * 128;
  return time_together(threads,
                       [&](std::uint32_t i) { keep(read(memory.data() + i * share, share)); });
}

PlainRead::PlainRead(std::uint32_t threads) : threads_(threads) {
  // Beyond any shared cache, but no share of a large machine's memory worth mentioning.
  constexpr std::size_t share = std::size_t{128} << 20, most = std::size_t{2} << 30;
  memory_.resize(std::min(share * threads, most) + 64, std::byte{1});
}

double PlainRead::bytes_per_second() const {
  const std::size_t skip = (64 - reinterpret_cast<std::uintptr_t>(memory_.data()) % 64) % 64;
  const std::span<const std::byte> memory(memory_.data() + skip, memory_.size() - 64);
  return static_cast<double>(memory.size()) / time_of_read(memory, threads_);
}

double measure_integer_peak(std::uint32_t threads) {
  double best = 0;
  for (int pass = 0; pass < 12; ++pass) best = std::max(best, sample_integer_peak(threads));
  return best;
}

double sample_integer_peak(std::uint32_t threads) {
  constexpr std::uint64_t rounds = 2'000'000;
  const double each = multiply(1);
  if (each == 0) return 0;
  const double seconds = time_together(threads, [&](std::uint32_t) { multiply(rounds); });
  return each * rounds * threads / seconds;
}

}  // namespace quipu::app
