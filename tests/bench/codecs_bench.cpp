// What the codecs' kernels reach, as shares of what the machine can do at the same moment:
//   decode   rows from memory (more than the caches hold) against one vector, as a share of a plain
//            read of the same bytes taken in the same round, on one thread and on two
//   cached   the same with weights in the second-level cache, on one thread
//   vectors  integer operations per second with 2, 4 and 8 vectors, weights from memory, two
//   threads unpack   cost of 16 rows in cycles of the plain read's clock, per 64 columns prefill
//   panels and a plain 6 x 32 tile at 512 activation rows, as a share of the integer peak
// Medians over rounds, kernels of the highest instruction set. Not a test:
// `[CODECS_BENCH_ISA=0|1|2] codecs_bench [MiB] [rounds] [codec…]`.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

#include "codecs_bench_tile.h"
#include "plugins/quants/codecs.h"

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Two threads that start a job together; the time is of the slower.
class Pair {
 public:
  Pair()
      : helper_([this] {
          for (;;) {
            turn_.arrive_and_wait();
            if (!job_) return;
            job_(1);
            turn_.arrive_and_wait();
          }
        }) {}
  ~Pair() {
    job_ = nullptr;
    turn_.arrive_and_wait();
    helper_.join();
  }
  double seconds(const std::function<void(int)>& job) {
    job_ = job;
    const double start = now();
    turn_.arrive_and_wait();
    job(0);
    turn_.arrive_and_wait();
    return now() - start;
  }

 private:
  std::function<void(int)> job_;
  std::barrier<> turn_{2};
  std::thread helper_;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

struct Dots {
  const quipu_codec& codec;
  const quipu_kernels& kernels;
  std::size_t columns, bytes, rows;
  const unsigned char* data;

  /// Rows first to last, 16 KiB or more at a time.
  void operator()(std::size_t first, std::size_t last, const quipu_activations& x, float* y) const {
    const std::size_t step = std::max<std::size_t>(1, 16384 / bytes);
    for (std::size_t r = first; r < last; r += step)
      kernels.dot(data + r * bytes, bytes, static_cast<std::uint32_t>(std::min(step, last - r)), &x,
                  y + r, rows);
  }
};

void measure(const quipu_codec& codec, const quipu_kernels& kernels, std::size_t mib, int rounds,
             unsigned char* memory, Pair& pair) {
  std::mt19937 random(1);
  const std::size_t columns = 2048, bytes = codecs::row_bytes(codec, columns);
  const std::size_t rows = (mib << 20) / bytes / 64 * 64;
  codecs::fill(codec, memory, 64 * columns / codec.block_columns, random);
  for (std::size_t r = 64; r < rows; r += 64) std::memcpy(memory + r * bytes, memory, 64 * bytes);
  const Dots dots{codec, kernels, columns, bytes, rows, memory};
  const bool floats = kernels.dot_input == QUIPU_INPUT_FLOAT;
  std::vector<float> y(8 * rows), x(8 * columns, 0.5f);
  const codecs::Input input(columns, 8, random);
  const auto vectors = [&](std::uint32_t count) {
    quipu_activations table = input.table;
    table.count = count;
    if (floats) table.x = x.data();
    return table;
  };

  const auto one = vectors(1);
  // Chunks too short for the machine's mood to change within a round, together too many for its
  // caches.
  const std::size_t chunk = (16u << 20) / bytes / 2 * 2, chunks = rows / chunk;
  const double size = double(chunk * bytes);
  std::vector<double> ratio1, ratio2, speed1, speed2, cached;
  for (int round = 0; round < rounds; ++round)
    for (std::size_t c = 0; c + 4 <= chunks; c += 4) {
      const auto at = [&](std::size_t i) { return (c + i) * chunk; };
      const auto half = chunk / 2;
      double start = now();
      plain_read(memory + at(0) * bytes, chunk * bytes);
      const double read1 = now() - start;
      start = now();
      dots(at(1), at(2), one, y.data());
      const double dot1 = now() - start;
      const double read2 = pair.seconds(
          [&](int i) { plain_read(memory + (at(2) + (i ? half : 0)) * bytes, half * bytes); });
      const double dot2 = pair.seconds(
          [&](int i) { dots(at(3) + (i ? half : 0), at(3) + (i ? chunk : half), one, y.data()); });
      ratio1.push_back(read1 / dot1);
      ratio2.push_back(read2 / dot2);
      speed1.push_back(size / dot1 / 1e9);
      speed2.push_back(size / dot2 / 1e9);
    }
  const std::size_t few = std::max<std::size_t>(1, (400u << 10) / bytes);
  for (int i = 0; i < 100; ++i) {
    const double begin = now();
    dots(0, few, one, y.data());
    cached.push_back(double(few * bytes) / (now() - begin) / 1e9);
  }
  std::printf("%-5s isa %2u | decode 1T %5.1f GB/s (%.2f)  2T %5.1f GB/s (%.2f)  cached 1T %5.1f |",
              codec.name, kernels.isa, median(speed1), median(ratio1), median(speed2),
              median(ratio2), median(cached));
  for (const std::uint32_t count : {2u, 4u, 8u}) {
    if (count > kernels.dot_count) continue;
    const auto many = vectors(count);
    std::vector<double> speed;
    for (int round = 0; round < std::max(3, rounds / 2); ++round)
      speed.push_back(2.0 * double(rows * columns) * count / 1e9 / pair.seconds([&](int i) {
        dots(i ? rows / 2 : 0, i ? rows : rows / 2, many, y.data());
      }));
    std::printf(" M=%u %4.0f", count, median(speed));
  }
  if (kernels.unpack) {
    codecs::Panel panel(codec, 256);
    double best = 1e9;
    for (int i = 0; i < 200; ++i) {
      const double begin = now();
      for (std::uint32_t c = 0; c < columns; c += 256)
        kernels.unpack(memory, bytes, c, 256, &panel.table);
      best = std::min(best, now() - begin);
    }
    std::printf(" GOPS | unpack %.0f ns per 16 x 64", best / (columns / 64) * 1e9);
    prefill(codec, kernels, memory, rounds);
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  const std::size_t mib = count > 1 ? std::size_t(std::atoi(arguments[1])) : 320;
  const int rounds = count > 2 ? std::atoi(arguments[2]) : 7;
  const char* isa = std::getenv("CODECS_BENCH_ISA");  // a number of QUIPU_ISA_*
  const std::uint32_t highest = isa ? std::uint32_t(std::atoi(isa)) : std::uint32_t(QUIPU_ISA_NEON);
  std::vector<unsigned char> memory((mib + 1) << 20);
  Pair pair;
  for (const auto* codec : codecs::all()) {
    bool wanted = count <= 3;
    for (int i = 3; i < count; ++i) wanted |= codec->name == std::string(arguments[i]);
    if (!wanted) continue;
    std::uint32_t best = 0;
    for (std::uint32_t k = 0; k < codec->kernel_count; ++k)
      if (codecs::runs_here(codec->kernels[k]) && codec->kernels[k].isa <= highest) best = k;
    measure(*codec, codec->kernels[best], mib, rounds, memory.data(), pair);
  }
}
