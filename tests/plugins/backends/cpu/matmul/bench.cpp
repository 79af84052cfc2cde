// What matrix products reach on one thread, as a share of the integer peak taken in the same round:
// for every codec by panels and by strips at several numbers of tokens, and for few tokens by dot
// too, which shows where one overtakes the other. Weights come from memory once per product. Best
// of the rounds. Not a test: `cpu_matmul_bench [rounds] [rows] [columns] [codec…]`.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "apps/quipu/machine.h"
#include "matmul/kernels.h"
#include "matmul/matmul.h"
#include "matmul/strips.h"
#include "plugins/quants/codecs.h"

using namespace quipu_cpu;

namespace {

/// Of this thread alone: other programs take their share of a busy machine's wall clock.
double now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

std::byte* aligned(std::vector<std::byte>& memory, std::size_t bytes) {
  memory.assign(bytes + 64, std::byte{});
  return memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
}

struct Case {
  WeightMatrix weight;
  const Activations& x;
  std::uint32_t tokens;
  std::vector<float>& y;
  std::byte* scratch;

  double operations() const { return 2.0 * weight.rows * weight.columns * tokens; }
  double run() const {
    const double start = now();
    multiply(weight, x, tokens, 0, weight.rows, y.data(), weight.rows, scratch);
    return now() - start;
  }
};

/// The matrix with a copy in `memory`.
struct Repacked {
  std::vector<std::byte> memory, scratch_memory;
  StripForm form{};
  WeightMatrix matrix;

  explicit Repacked(const WeightMatrix& native) : matrix(native) {
    std::byte* const scratch = aligned(scratch_memory, strip_scratch_bytes(native));
    StripNeeds needs;
    for (std::uint32_t i = 0; i < strip_count(native); ++i)
      needs.join(strip_needs(native, i, scratch));
    form = strip_form(*native.codec, needs);
    std::byte* const strips = aligned(memory, strips_bytes(native, form));
    for (std::uint32_t i = 0; i < strip_count(native); ++i)
      copy_strip(native, form, i, scratch, strips);
    matrix.strips = strips;
    matrix.form = &form;
  }
};

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 5;
  const auto rows = static_cast<std::uint32_t>(count > 2 ? std::atoi(arguments[2]) : 4864);
  const auto columns = static_cast<std::uint32_t>(count > 3 ? std::atoi(arguments[3]) : 2048);
  const char* const level = std::getenv("QUIPU_BENCH_ISA");
  const std::uint32_t isa =
      static_cast<std::uint32_t>(level ? std::atoi(level) : int{QUIPU_ISA_AVX512});
  const std::vector<std::uint32_t> tokens = {512, 128, 32, 16, 12, 8, 6, 4, 3, 2, 1};
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> x(512 * std::size_t{columns}), y(512 * std::size_t{rows});
  for (auto& value : x) value = normal(random);
  std::vector<std::byte> form_memory, scratch_memory;
  Activations form;
  form.x = x.data();
  form.place_int8(columns, 512, aligned(form_memory, Activations::int8_bytes(columns, 512)));
  for (std::uint32_t t = 0; t < 512; ++t)
    quantize(matmul_kernels(isa), x.data() + std::size_t{t} * columns, form, t, 0, columns);

  std::printf("N=%u K=%u, GOPS of one thread (share of peak); codec, M: panels, strips, dot\n",
              rows, columns);
  for (const quipu_codec* codec : codecs::all()) {
    const bool wanted =
        std::any_of(arguments + std::min(count, 4), arguments + count,
                    [&](const char* name) { return std::string(codec->name) == name; });
    if ((count > 4 && !wanted) || columns % codec->block_columns || codec->group == 0) continue;
    std::vector<unsigned char> data(rows * codecs::row_bytes(*codec, columns));
    codecs::fill(*codec, data.data(), data.size() / codec->block_bytes, random);
    quipu_tensor tensor{};
    tensor.size = sizeof tensor;
    tensor.rank = 2;
    tensor.shape[0] = columns;
    tensor.shape[1] = rows;
    tensor.shape[2] = tensor.shape[3] = 1;
    tensor.codec = codec;
    tensor.data = data.data();
    tensor.row_bytes = codecs::row_bytes(*codec, columns);
    const WeightMatrix panels = weight_matrix(tensor, isa, true),
                       dots = weight_matrix(tensor, isa, false);
    const Repacked repacked(panels);
    std::byte* const scratch = aligned(scratch_memory, matmul_scratch_bytes(panels, 512));
    std::printf("%-5s", codec->name);
    for (const std::uint32_t m : tokens) {
      double best[3] = {}, share[3] = {};
      const int repeats = std::max(1, static_cast<int>(64 / m));
      for (int round = 0; round < rounds; ++round)
        for (int repeat = 0; repeat < std::min(repeats, 4); ++repeat) {
          const double peak = 2 * quipu::app::sample_integer_peak(1);
          const WeightMatrix* const ways[] = {&panels, &repacked.matrix, &dots};
          for (int i = 0; i < (m <= 8 ? 3 : 2); ++i) {
            const Case job{*ways[i], form, m, y, scratch};
            const double speed = job.operations() / job.run();
            best[i] = std::max(best[i], speed / 1e9);
            share[i] = std::max(share[i], speed / peak);
          }
        }
      std::printf(" | %u:", m);
      for (int i = 0; i < (m <= 8 ? 3 : 2); ++i)
        std::printf("%s %.0f (%.0f %%)", i ? "," : "", best[i], 100 * share[i]);
    }
    std::printf(" | peak %.0f\n", 2 * quipu::app::sample_integer_peak(1) / 1e9);
    std::fflush(stdout);
  }
}
