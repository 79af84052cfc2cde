// A sequence as bytes: a header, the positions, then every token's keys and values as floats, so
// that a cache of another type could read them too.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "attention/cells.h"
#include "attention/kv_cache.h"
#include "quipu/sdk/plugin.h"

namespace quipu_cpu {
namespace {

using quipu::sdk::Error;

struct Header {
  char magic[8];
  std::uint64_t layout, identity, cells, cell_bytes;
};
constexpr char magic[8] = {'Q', 'P', 'K', 'V', '0', '0', '0', '1'};

}  // namespace

std::uint64_t KvCache::saved_size(std::uint32_t sequence) const noexcept {
  if (sequence >= tables_.size()) return 0;
  std::uint64_t cells = 0;
  for (const PageEntry entry : pages(sequence))
    cells += static_cast<std::uint64_t>(__builtin_popcountll(occupied(entry.page)));
  return sizeof(Header) + cells * (sizeof(std::int32_t) + cell_bytes_);
}

void KvCache::save(std::uint32_t sequence, std::span<std::byte> out) const {
  check_sequence(sequence);
  const std::uint64_t size = saved_size(sequence);
  if (out.size() < size)
    throw Error(QUIPU_E_ARGUMENT, "save: expected " + std::to_string(size) +
                                      " bytes of room, found " + std::to_string(out.size()));
  const std::uint64_t cells = (size - sizeof(Header)) / (sizeof(std::int32_t) + cell_bytes_);
  Header header{{}, layout_hash_, options_.identity, cells, cell_bytes_};
  std::memcpy(header.magic, magic, sizeof magic);
  std::memcpy(out.data(), &header, sizeof header);
  std::byte* position = out.data() + sizeof header;
  std::byte* data = position + cells * sizeof(std::int32_t);
  for (const PageEntry entry : pages(sequence))
    for (std::uint64_t left = occupied(entry.page); left; left &= left - 1) {
      const auto lane = static_cast<std::uint32_t>(__builtin_ctzll(left));
      const auto at = static_cast<std::int32_t>(entry.block * page_cells + lane);
      std::memcpy(position, &at, sizeof at);
      position += sizeof at;
      for (std::uint32_t l = 0; l < layers_.size(); ++l) {
        const KvLayer& shape = layers_[l].shape;
        std::vector<float> k(shape.key_width), v(shape.value_width);
        for (std::uint32_t h = 0; h < shape.kv_heads; ++h) {
          read_cell(layers_[l].layout, head(entry.page, l, h), lane, k.data(), v.data());
          std::memcpy(data, k.data(), k.size() * sizeof(float));
          std::memcpy(data + k.size() * sizeof(float), v.data(), v.size() * sizeof(float));
          data += (k.size() + v.size()) * sizeof(float);
        }
      }
    }
}

void KvCache::load(std::uint32_t sequence, std::span<const std::byte> in) {
  check_sequence(sequence);
  if (tables_[sequence].size) throw Error(QUIPU_E_ARGUMENT, "load: expected an empty sequence");
  const auto invalid = [](const std::string& what) {
    return Error(QUIPU_E_INVALID, "saved sequence: " + what);
  };
  Header header{};
  if (in.size() < sizeof header)
    throw invalid("expected a header of " + std::to_string(sizeof header) + " bytes, found " +
                  std::to_string(in.size()));
  std::memcpy(&header, in.data(), sizeof header);
  if (std::memcmp(header.magic, magic, sizeof magic) != 0)
    throw invalid("expected one of this version of quipu");
  if (header.layout != layout_hash_ || header.identity != options_.identity ||
      header.cell_bytes != cell_bytes_)
    throw invalid("expected one of this model and cache type");
  const std::uint64_t each = sizeof(std::int32_t) + cell_bytes_;
  if (header.cells != (in.size() - sizeof header) / each || (in.size() - sizeof header) % each)
    throw invalid("expected " + std::to_string(header.cells) + " tokens, found another length");
  const std::byte* const positions = in.data() + sizeof header;
  const std::byte* const data = positions + header.cells * sizeof(std::int32_t);
  const auto position_of = [&](std::uint64_t i) {
    std::int32_t position = 0;
    std::memcpy(&position, positions + i * sizeof position, sizeof position);
    return position;
  };
  std::int64_t last = -1, block = -1;
  std::uint64_t needed = 0;
  for (std::uint64_t i = 0; i < header.cells; ++i) {
    const std::int32_t position = position_of(i);
    if (position <= last)
      throw invalid("expected rising positions from 0, found " + std::to_string(position));
    last = position;
    needed += position / page_cells != block;
    block = position / page_cells;
  }
  for (std::uint64_t i = 0; i < header.cells * cell_bytes_; i += sizeof(float)) {
    float x = 0;
    std::memcpy(&x, data + i, sizeof x);
    if (!std::isfinite(x)) throw invalid("expected finite numbers");
  }
  if (needed > free_.size())
    throw Error(QUIPU_E_MEMORY,
                "the cache has no room for " + std::to_string(header.cells) + " tokens");
  batch_changes_.clear();
  const std::byte* from = data;
  for (std::uint64_t i = 0; i < header.cells; ++i) {
    const std::int32_t position = position_of(i);
    const std::uint32_t page =
        own_page(sequence, static_cast<std::uint32_t>(position / page_cells));
    const auto lane = static_cast<std::uint32_t>(position % page_cells);
    for (std::uint32_t l = 0; l < layers_.size(); ++l) {
      const KvLayer& shape = layers_[l].shape;
      std::vector<float> k(shape.key_width), v(shape.value_width);
      for (std::uint32_t h = 0; h < shape.kv_heads; ++h) {
        std::memcpy(k.data(), from, k.size() * sizeof(float));
        std::memcpy(v.data(), from + k.size() * sizeof(float), v.size() * sizeof(float));
        from += (k.size() + v.size()) * sizeof(float);
        kernels_.store_key(layers_[l].layout, head(page, l, h), lane, k.data());
        kernels_.store_value(layers_[l].layout, head(page, l, h), lane, 0, shape.value_width,
                             v.data());
      }
    }
    pages_[page].occupied |= std::uint64_t{1} << lane;
    ++used_;
  }
  batch_changes_.clear();
}

}  // namespace quipu_cpu
