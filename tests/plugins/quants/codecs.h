// What the tests of codecs share: the tables of all codecs of the tree, random blocks, guarded
// memory.
#pragma once

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "quipu/abi/codec.h"

namespace codecs {

/// All codecs of plugins/quants, loaded without the core.
inline const std::vector<const quipu_codec*>& all() {
  static const auto tables = [] {
    std::vector<const quipu_codec*> found;
    std::istringstream names(QUIPU_QUANTS);
    for (std::string name; std::getline(names, name, ',');) {
      void* library = dlopen((QUIPU_PLUGINS "/" + name + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
      if (!library) throw std::runtime_error(dlerror());
      const auto entry = reinterpret_cast<quipu_plugin_entry>(dlsym(library, QUIPU_ENTRY_SYMBOL));
      const quipu_plugin* plugin = entry();
      for (std::uint32_t i = 0; i < plugin->item_count; ++i)
        found.push_back(static_cast<const quipu_codec*>(plugin->item(i)));
    }
    return found;
  }();
  return tables;
}

inline bool runs_here(const quipu_kernels& kernels) {
#if defined(__x86_64__)
  if (kernels.isa == QUIPU_ISA_AVX2) return __builtin_cpu_supports("avx2");
  if (kernels.isa == QUIPU_ISA_AVX512)
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi");
#endif
  return true;
}

inline std::size_t row_bytes(const quipu_codec& codec, std::size_t columns) {
  return columns / codec.block_columns * codec.block_bytes;
}

inline std::vector<float> dequantized(const quipu_codec& codec, const void* blocks,
                                      std::size_t count) {
  std::vector<float> values(count);
  codec.dequantize(blocks, count, values.data());
  return values;
}

/// Where the halves of a block lie that must be finite, found by making them infinite.
inline std::vector<std::size_t> scale_offsets(const quipu_codec& codec) {
  std::vector<std::size_t> offsets;
  if (codec.find_invalid)
    for (std::size_t i = 0; i + 1 < codec.block_bytes; ++i) {
      std::vector<unsigned char> block(codec.block_bytes);
      block[i + 1] = 0x7c;
      if (codec.find_invalid(block.data(), 1) == 0) offsets.push_back(i);
    }
  return offsets;
}

inline void put_half(unsigned char* at, std::uint16_t half) {
  std::memcpy(at, &half, sizeof half);
}

/// Whether the largest weight of a block is of ordinary size.
inline bool is_ordinary(const quipu_codec& codec, const void* block) {
  float largest = 0;
  for (const float value : dequantized(codec, block, codec.block_columns)) {
    if (!std::isfinite(value)) return false;
    largest = std::max(largest, std::abs(value));
  }
  return largest > 1e-6f && largest < 1e4f;
}

/// Blocks of random bytes whose scales are of ordinary size, either sign where they have one.
inline void fill(const quipu_codec& codec, unsigned char* out, std::size_t block_count,
                 std::mt19937& random) {
  const auto offsets = scale_offsets(codec);
  for (std::size_t b = 0; b < block_count; ++b, out += codec.block_bytes) do {
      for (std::size_t i = 0; i < codec.block_bytes; ++i)
        out[i] = static_cast<unsigned char>(random());
      for (const auto offset : offsets)
        put_half(out + offset,
                 static_cast<std::uint16_t>((random() & 0x8000) | (0x1c00 + random() % 0x2000)));
      // Where a scale is no half, bytes are drawn until it is ordinary.
    } while (offsets.empty() && codec.block_columns > 1 && !is_ordinary(codec, out));
}

/// Memory between two pages that cannot be touched. `at_end` puts the bytes against the second.
class Guarded {
 public:
  Guarded(std::size_t bytes, bool at_end) : page_(std::size_t(sysconf(_SC_PAGESIZE))) {
    const std::size_t inner = (bytes + page_ - 1) / page_ * page_;
    size_ = inner + 2 * page_;
    base_ = static_cast<unsigned char*>(
        mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    // Emulators refuse to change no pages at all, which Linux allows.
    if (base_ == MAP_FAILED || (inner && mprotect(base_ + page_, inner, PROT_READ | PROT_WRITE)))
      throw std::runtime_error("no guarded memory");
    data_ = base_ + page_ + (at_end ? inner - bytes : 0);
  }
  ~Guarded() { munmap(base_, size_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  unsigned char* data() const { return data_; }

 private:
  std::size_t page_, size_;
  unsigned char *base_, *data_;
};

/// Activations in the quantised form.
struct Input {
  std::size_t columns;
  std::vector<std::int8_t> storage;
  std::int8_t* q;
  std::vector<float> scale, sum32, sum16;
  quipu_activations table{};

  Input(std::size_t columns_, std::uint32_t count, std::mt19937& random)
      : columns(columns_), storage(count * columns + 64), scale(count * columns / 32),
        sum32(count * columns / 32), sum16(count * columns / 16) {
    q = storage.data() + (64 - reinterpret_cast<std::uintptr_t>(storage.data()) % 64) % 64;
    for (std::size_t i = 0; i < count * columns; ++i)
      q[i] = static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
    for (auto& s : scale) s = 0.001f + 0.01f * static_cast<float>(random() % 1000) / 1000;
    add_up();
    table = {sizeof table, count, columns, nullptr, q, scale.data(), sum32.data(), sum16.data()};
  }

  /// Makes the sums those of q and scale.
  void add_up() {
    for (std::size_t g = 0; g < sum16.size(); ++g) {
      int sum = 0;
      for (int j = 0; j < 16; ++j) sum += q[16 * g + j];
      sum16[g] = scale[g / 2] * static_cast<float>(sum);
    }
    for (std::size_t g = 0; g < sum32.size(); ++g) {
      int sum = 0;
      for (int j = 0; j < 32; ++j) sum += q[32 * g + j];
      sum32[g] = scale[g] * static_cast<float>(sum);
    }
  }

  /// Vector `v` alone.
  quipu_activations vector(std::size_t v) const {
    return {sizeof table,
            1,
            columns,
            nullptr,
            q + v * columns,
            scale.data() + v * columns / 32,
            sum32.data() + v * columns / 32,
            sum16.data() + v * columns / 16};
  }
};

/// A panel of 16 rows.
struct Panel {
  std::vector<std::uint8_t> q;
  std::vector<float> scale, minimum;
  std::size_t group, scale_group;
  int zero;
  quipu_panel table{};

  Panel(const quipu_codec& codec, bool whole_blocks, std::size_t columns,
        std::uint32_t quad_stride = 64, std::uint32_t group_stride = 16)
      : q(columns / 4 * quad_stride), group(codec.group), scale_group(whole_blocks ? 256 : group),
        zero(whole_blocks ? codec.whole_zero : codec.zero) {
    scale.resize(columns / scale_group * group_stride);
    if (codec.has_minimum) minimum.resize(columns / group * group_stride);
    table = {sizeof table,
             quad_stride,
             group_stride,
             whole_blocks,
             q.data(),
             scale.data(),
             codec.has_minimum ? minimum.data() : nullptr};
  }

  std::uint8_t byte(std::size_t row, std::size_t column) const {
    return q[column / 4 * table.quad_stride + 4 * row + column % 4];
  }
  std::size_t group_of(std::size_t row, std::size_t column) const {
    return column / group * table.group_stride + row;
  }
  /// By the formula of quipu/abi/codec.h.
  float value(std::size_t row, std::size_t column) const {
    const float product = scale[column / scale_group * table.group_stride + row] *
                          static_cast<float>(byte(row, column) - zero);
    return minimum.empty() ? product : product + minimum[group_of(row, column)];
  }
};

}  // namespace codecs
