// Saved sequences. Numbers are of this machine:
//
//   header | position of token 0, its cell | position of token 1, its cell | ...
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "cache.h"
#include "quipu/sdk/plugin.h"

namespace quipu_reference {
namespace {

using quipu::sdk::Error;

struct Header {
  char magic[8];
  std::uint32_t kv_type;
  std::uint32_t layers;
  std::uint64_t cell_size;
  std::uint64_t tokens;
};
static_assert(sizeof(Header) == 32);

constexpr char magic[8] = {'Q', 'R', 'E', 'F', 'K', 'V', '0', '1'};

[[noreturn]] void refuse(const std::string& why) {
  throw Error(QUIPU_E_INVALID, "saved sequence: " + why);
}

}  // namespace

std::uint64_t Cache::saved_size(std::uint32_t sequence) const {
  if (sequence >= sequences_.size()) return 0;
  return sizeof(Header) +
         sequences_[sequence].size() * (sizeof(std::int32_t) + cell_size_ * sizeof(float));
}

void Cache::save(std::uint32_t sequence, std::span<std::byte> out) const {
  const std::uint64_t size = saved_size(sequence);
  if (size == 0 || out.size() != size)
    throw Error(QUIPU_E_ARGUMENT, "sequence " + std::to_string(sequence) + ": expected room for " +
                                      std::to_string(size) + " bytes, found " +
                                      std::to_string(out.size()));
  Header header{{},
                options_.kv_type,
                static_cast<std::uint32_t>(layers_.size()),
                cell_size_,
                sequences_[sequence].size()};
  std::memcpy(header.magic, magic, sizeof magic);
  std::byte* to = out.data();
  const auto put = [&](const void* from, std::size_t count) {
    std::memcpy(to, from, count);
    to += count;
  };
  put(&header, sizeof header);
  for (const auto& [position, cell] : sequences_[sequence]) {
    put(&position, sizeof position);
    if (cell_size_) put(cell->data(), cell_size_ * sizeof(float));
  }
}

void Cache::load(std::uint32_t sequence, std::span<const std::byte> in) {
  Sequence& into = find(sequence);
  if (!into.empty())
    throw Error(QUIPU_E_ARGUMENT,
                "sequence " + std::to_string(sequence) + ": expected an empty one to load into");
  Header header;
  if (in.size() < sizeof header)
    refuse("expected a header, found " + std::to_string(in.size()) + " bytes");
  std::memcpy(&header, in.data(), sizeof header);
  if (std::memcmp(header.magic, magic, sizeof magic) != 0) refuse("not one of this backend");
  if (header.kv_type != options_.kv_type || header.layers != layers_.size() ||
      header.cell_size != cell_size_)
    refuse("expected " + std::to_string(layers_.size()) + " layers of " +
           std::to_string(cell_size_) + " numbers of cache type " +
           std::to_string(options_.kv_type) + ", found " + std::to_string(header.layers) + ", " +
           std::to_string(header.cell_size) + " and " + std::to_string(header.kv_type));
  const std::uint64_t token_bytes = sizeof(std::int32_t) + cell_size_ * sizeof(float);
  if ((in.size() - sizeof header) % token_bytes != 0 ||
      (in.size() - sizeof header) / token_bytes != header.tokens)
    refuse("expected " + std::to_string(header.tokens) + " tokens, found " +
           std::to_string(in.size()) + " bytes");
  require_room(header.tokens);

  Sequence loaded;
  const std::byte* from = in.data() + sizeof header;
  std::int64_t before = -1;
  for (std::uint64_t i = 0; i < header.tokens; ++i) {
    std::int32_t position = 0;
    std::memcpy(&position, from, sizeof position);
    if (position <= before || static_cast<std::uint32_t>(position) >= options_.context)
      refuse("expected rising positions below " + std::to_string(options_.context) + ", found " +
             std::to_string(position) + " after " + std::to_string(before));
    before = position;
    auto cell = std::make_shared<Cell>(cell_size_);
    if (cell_size_) std::memcpy(cell->data(), from + sizeof position, cell_size_ * sizeof(float));
    for (const float x : *cell)
      if (!std::isfinite(x)) refuse("expected finite numbers");
    loaded.emplace(position, std::move(cell));
    from += token_bytes;
  }
  into.swap(loaded);
}

}  // namespace quipu_reference
