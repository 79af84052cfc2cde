#include "matmul/activations.h"

#include <cstring>

#include "matmul/kernels.h"

namespace quipu_cpu {
namespace {

constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

}  // namespace

std::size_t Activations::int8_bytes(std::uint32_t columns, std::uint32_t rows) noexcept {
  const std::size_t count = std::size_t{columns} * rows;
  // q, then per 32: scale, sum, total; per 16: sum, total. Each array begins at a multiple of 64.
  return aligned(count) + 3 * aligned(count / 32 * 4) + 2 * aligned(count / 16 * 4);
}

void Activations::place_int8(std::uint32_t width, std::uint32_t height,
                             std::byte* memory) noexcept {
  columns = stretch = width;
  rows = height;
  const std::size_t count = std::size_t{columns} * rows;
  const auto take = [&](std::size_t bytes) {
    std::byte* const start = memory;
    memory += aligned(bytes);
    return start;
  };
  q = reinterpret_cast<std::int8_t*>(take(count));
  scale = reinterpret_cast<float*>(take(count / 32 * 4));
  sum32 = reinterpret_cast<float*>(take(count / 32 * 4));
  sum16 = reinterpret_cast<float*>(take(count / 16 * 4));
  total32 = reinterpret_cast<std::int32_t*>(take(count / 32 * 4));
  total16 = reinterpret_cast<std::int32_t*>(take(count / 16 * 4));
}

void quantize(const MatmulKernels& kernels, const float* x, Activations& out, std::uint32_t row,
              std::uint32_t first, std::uint32_t count) noexcept {
  for (const std::uint32_t end = first + count; first < end;) {
    const std::size_t at = out.at(row, first);
    const std::uint32_t part = std::min(end - first, out.width(first) - first % out.stretch);
    kernels.quantize(x, part,
                     {out.q + at, out.scale + at / 32, out.sum32 + at / 32, out.sum16 + at / 16,
                      out.total32 + at / 32, out.total16 + at / 16});
    first += part;
    x += part;
  }
}

void copy_int8_row(const Activations& source, std::uint32_t from, Activations& target,
                   std::uint32_t to) noexcept {
  const std::size_t columns = source.columns, a = from * columns, b = to * columns;
  std::memcpy(target.q + b, source.q + a, columns);
  std::memcpy(target.scale + b / 32, source.scale + a / 32, columns / 32 * sizeof(float));
  std::memcpy(target.sum32 + b / 32, source.sum32 + a / 32, columns / 32 * sizeof(float));
  std::memcpy(target.sum16 + b / 16, source.sum16 + a / 16, columns / 16 * sizeof(float));
  std::memcpy(target.total32 + b / 32, source.total32 + a / 32,
              columns / 32 * sizeof(std::int32_t));
  std::memcpy(target.total16 + b / 16, source.total16 + a / 16,
              columns / 16 * sizeof(std::int32_t));
}

}  // namespace quipu_cpu
