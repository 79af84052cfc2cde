#include "tensor_scan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <thread>
#include <vector>

namespace quipu::app {
namespace {

struct Part {
  TensorScan found;
  std::int64_t exponents = 0;  // sum over groups
};

// Bits of a float without its sign order as its magnitude does; those from infinity on are no
// finite numbers.
constexpr std::uint32_t infinity_bits = 0x7F800000;

std::uint32_t magnitude_bits(float x) {
  return std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFF;
}

void scan_group(const float* values, std::uint64_t count, std::uint64_t first, Part& part) {
  std::uint32_t largest = 0;
  for (std::uint64_t i = 0; i < count; ++i) largest = std::max(largest, magnitude_bits(values[i]));
  if (largest == 0) return;
  TensorScan& found = part.found;
  if (largest >= infinity_bits) {
    for (std::uint64_t i = 0; i < count && !found.invalid; ++i)
      if (!std::isfinite(values[i])) {
        found.invalid = first + i;
        found.invalid_value = values[i];
      }
    return;
  }
  ++found.groups;
  part.exponents += static_cast<std::int64_t>(largest >> 23) - 127;
  if (largest <= magnitude_bits(found.largest)) return;
  found.largest = std::bit_cast<float>(largest);
  for (std::uint64_t i = 0; i < count; ++i)
    if (magnitude_bits(values[i]) == largest) {
      found.largest_at = first + i;
      return;
    }
}

}  // namespace

TensorScan scan_tensor(const TensorEntry& tensor, const quipu_codec& codec, std::uint32_t threads) {
  std::uint64_t elements = 1;
  for (const auto axis : tensor.shape) elements *= axis;
  const std::uint64_t columns = codec.block_columns;
  // Whole blocks, at least 32 weights.
  const std::uint64_t group = (31 + columns) / columns * columns;
  const std::uint64_t at_once = group * std::max<std::uint64_t>(1, 8192 / group);
  const std::uint64_t chunks = (elements + at_once - 1) / at_once;
  if (!threads) threads = std::max(1u, std::thread::hardware_concurrency());
  // Less work than a thread's start is done here.
  threads = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(chunks / 32, 1, threads));

  std::vector<Part> parts(threads);
  std::vector<float> buffers(threads * at_once);  // here, for a thread must not throw
  const auto dequantize = Registry::dequantize_of(codec);
  const auto work = [&](std::uint64_t index) {
    Part& part = parts[index];
    float* const values = &buffers[index * at_once];
    for (std::uint64_t chunk = chunks * index / threads; chunk < chunks * (index + 1) / threads;
         ++chunk) {
      const std::uint64_t first = chunk * at_once, count = std::min(at_once, elements - first);
      dequantize(tensor.data + first / columns * codec.block_bytes, count, values);
      for (std::uint64_t i = 0; i < count; i += group)
        scan_group(values + i, std::min(group, count - i), first + i, part);
      if (part.found.invalid) return;
    }
  };
  std::vector<std::jthread> others;
  for (std::uint64_t i = 1; i < threads; ++i) others.emplace_back(work, i);
  work(0);
  others.clear();

  TensorScan scan;
  std::int64_t exponents = 0;
  for (const Part& part : parts) {
    if (part.found.invalid && !scan.invalid) {
      scan.invalid = part.found.invalid;
      scan.invalid_value = part.found.invalid_value;
    }
    if (part.found.largest > scan.largest) {
      scan.largest = part.found.largest;
      scan.largest_at = part.found.largest_at;
    }
    scan.groups += part.found.groups;
    exponents += part.exponents;
  }
  if (scan.groups)
    scan.common = std::exp2(static_cast<double>(exponents) / static_cast<double>(scan.groups));
  return scan;
}

}  // namespace quipu::app
