#include "quantize/convert.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "quantize/threads.h"
#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

// Weights that a thread takes at a time: their floats stay in its cache.
constexpr std::uint64_t chunk_weights = 32 * 1024;

void check_source(const Conversion& conversion, const std::byte* rows, std::uint64_t bytes) {
  const quipu_codec& codec = *conversion.from;
  if (!codec.find_invalid) return;
  const std::uint64_t blocks = bytes / codec.block_bytes;
  const std::uint64_t found = codec.find_invalid(rows, blocks);
  if (found == blocks) return;
  const auto offset = static_cast<std::uint64_t>(rows - conversion.tensor->data);
  throw Error(ErrorCode::invalid, printable(conversion.tensor->name) + ": block " +
                                      std::to_string(offset / codec.block_bytes + found) + " of " +
                                      codec.name + ": expected scales that are finite numbers");
}

}  // namespace

std::uint64_t row_bytes(const Conversion& conversion, const quipu_codec& codec) {
  return conversion.tensor->shape[0] / codec.block_columns * codec.block_bytes;
}

std::uint64_t row_count(const Conversion& conversion) {
  return conversion.weights / conversion.tensor->shape[0];
}

void convert_rows(const Conversion& conversion, std::uint64_t first, std::uint64_t count,
                  const float* importance, std::uint32_t threads, std::span<std::byte> out) {
  const TensorEntry& tensor = *conversion.tensor;
  const std::uint64_t columns = tensor.shape[0];
  const std::uint64_t matrix_rows = tensor.shape.size() > 1 ? tensor.shape[1] : 1;
  const std::uint64_t from_bytes = row_bytes(conversion, *conversion.from);
  const std::uint64_t to_bytes = row_bytes(conversion, *conversion.to);
  const std::uint64_t chunk_rows = std::max<std::uint64_t>(1, chunk_weights / columns);
  const auto dequantize = Registry::dequantize_of(*conversion.from);
  std::atomic<std::uint64_t> next = first;
  const std::uint64_t last = first + count;

  // A chunk is of one matrix, whose columns have their own importance.
  const auto convert = [&](std::uint64_t row, std::uint64_t rows, float* x) {
    const std::byte* const source = tensor.data + row * from_bytes;
    check_source(conversion, source, rows * from_bytes);
    dequantize(source, rows * columns, x);
    const float* const own = importance ? importance + row / matrix_rows * columns : nullptr;
    Registry::check(
        conversion.to->quantize(x, rows, columns, own, out.data() + (row - first) * to_bytes),
        printable(tensor.name) + ", rows from " + std::to_string(row));
  };
  run_on_threads(threads, [&] {
    std::vector<float> x(chunk_rows * columns);
    try {
      for (std::uint64_t row; (row = next.fetch_add(chunk_rows)) < last;) {
        const std::uint64_t end = std::min(row + chunk_rows, last);
        while (row < end) {
          const std::uint64_t rows = std::min(end - row, matrix_rows - row % matrix_rows);
          convert(row, rows, x.data());
          row += rows;
        }
      }
    } catch (...) {
      next = last;
      throw;
    }
  });
}

}  // namespace quipu
