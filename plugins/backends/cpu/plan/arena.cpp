#include "plan/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <vector>

namespace quipu_cpu {

Arena::Arena(std::uint64_t bytes) {
  if (bytes == 0) return;
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(pages);
  bytes_ = bytes;
}

Arena::~Arena() {
  if (data_) munmap(data_, bytes_);
}

void Arena::prefer_huge_pages() noexcept {
  // Refused, pages are small.
  if (data_) madvise(data_, bytes_, MADV_HUGEPAGE);
}

Extent lay_out(std::span<Buffer* const> buffers, std::span<std::uint64_t> offsets) {
  std::vector<std::size_t> order(buffers.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  // Those first that are large and live long: what comes later finds its place around them. Last
  // those of wanted tokens, of which there are few as a rule: they would keep others apart.
  const auto weight = [&](std::size_t i) {
    const Buffer& buffer = *buffers[i];
    return buffer.bytes * (buffer.last_stage - buffer.first_stage + 1);
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (buffers[a]->rows != buffers[b]->rows) return buffers[a]->rows == Rows::tokens;
    return weight(a) > weight(b);
  });
  std::vector<std::size_t> placed;  // by rising offset
  Extent extent;
  for (const std::size_t i : order) {
    const Buffer& buffer = *buffers[i];
    if (buffer.in_place_of) continue;
    const std::uint64_t bytes = (buffer.bytes + 63) / 64 * 64;
    std::uint64_t offset = 0;
    for (const std::size_t other : placed) {
      const Buffer& taken = *buffers[other];
      if (taken.first_stage > buffer.last_stage || buffer.first_stage > taken.last_stage) continue;
      if (offset + bytes <= offsets[other]) break;
      offset = std::max(offset, offsets[other] + (taken.bytes + 63) / 64 * 64);
    }
    offsets[i] = offset;
    extent.bytes = std::max(extent.bytes, offset + bytes);
    if (buffer.rows == Rows::tokens) extent.usual = extent.bytes;
    placed.insert(std::upper_bound(placed.begin(), placed.end(), offset,
                                   [&](std::uint64_t o, std::size_t p) { return o < offsets[p]; }),
                  i);
  }
  for (std::size_t i = 0; i < buffers.size(); ++i)
    if (const Buffer* owner = buffers[i]->in_place_of)
      offsets[i] = offsets[std::ranges::find(buffers, owner) - buffers.begin()];
  return extent;
}

}  // namespace quipu_cpu
