#include "attention/kv_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "quipu/sdk/plugin.h"

namespace quipu_cpu {
namespace {

using quipu::sdk::Error;

// What a head has in one piece, at most: reading slows down where a piece ends. At 2048 positions,
// with 64 KiB in place of single pages, attention gains a quarter where a page is 16 KiB and a
// tenth where it is 32; twice as much gains no more, and the first token touches a whole run.
constexpr std::uint32_t run_bytes = 64 << 10;

constexpr std::uint32_t rounded(std::uint32_t x, std::uint32_t to) {
  return (x + to - 1) / to * to;
}

HeadLayout layout_of(const KvLayer& layer, std::uint32_t type) {
  HeadLayout l{};
  l.type = type;
  l.key_width = layer.key_width;
  l.value_width = layer.value_width;
  l.value_stride = rounded(layer.value_width, 16);
  const std::uint32_t bytes = type == QUIPU_KV_F32 ? 4 : type == QUIPU_KV_F16 ? 2 : 1;
  const bool scales = type == QUIPU_KV_Q8_0;
  const auto groups = [](std::uint32_t width) {
    return rounded(width, scale_columns) / scale_columns;
  };
  std::uint32_t at = (scales ? rounded(l.key_width, 4) : l.key_width) * page_cells * bytes;
  l.key_scales = at;
  if (scales) at += groups(l.key_width) * page_cells * 2;
  l.values = at;
  at += l.value_stride * page_cells * bytes;
  l.value_scales = at;
  if (scales) at += groups(l.value_width) * page_cells * 2;
  l.bytes = at;
  return l;
}

std::byte* reserve(std::uint64_t bytes) {
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    throw Error(QUIPU_E_MEMORY, "the cache of keys and values: cannot reserve " +
                                    std::to_string(bytes) + " bytes; a smaller context needs less");
  // Heads lie far apart from page to page: fewer, larger pages of memory are found faster (decode
  // at 2048 positions: attention takes a tenth less). Refused, it is as it was.
  ::madvise(memory, bytes, MADV_HUGEPAGE);
  return static_cast<std::byte*>(memory);
}

// FNV-1a.
std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  return (hash ^ value) * 0x100000001b3u;
}

}  // namespace

KvCache::KvCache(std::span<const KvLayer> layers, const KvOptions& options)
    : options_(options), kernels_(attention_kernels(options.isa)) {
  if (options.type > QUIPU_KV_F32)
    throw Error(QUIPU_E_UNSUPPORTED, "kv_type: expected f16, q8_0 or f32");
  if (options.cells == 0 || options.cells > std::uint64_t{1} << 36)
    throw Error(QUIPU_E_ARGUMENT,
                "cells: expected 1 to 2^36, found " + std::to_string(options.cells));
  layout_hash_ = mixed(0xcbf29ce484222325u, options.type);
  for (const KvLayer& layer : layers) {
    const HeadLayout layout = layout_of(layer, options.type);
    layers_.push_back({layer, layout, page_bytes_});
    page_bytes_ += std::uint64_t{layout.bytes} * layer.kv_heads;
    cell_bytes_ +=
        (std::uint64_t{layer.key_width} + layer.value_width) * layer.kv_heads * sizeof(float);
    for (const std::uint64_t value : {layer.kv_heads, layer.key_width, layer.value_width})
      layout_hash_ = mixed(layout_hash_, value);
  }
  std::uint32_t largest = 1;
  for (const LayerPlace& place : layers_) largest = std::max(largest, place.layout.bytes);
  run_pages_ = std::max(1u, run_bytes / largest);
  // One page more for each sequence, whose last one is seldom full.
  const std::uint64_t pages = (options.cells + page_cells - 1) / page_cells + options.sequences;
  if (pages >= no_page || (page_bytes_ && pages > ~std::uint64_t{0} / 2 / page_bytes_))
    throw Error(QUIPU_E_MEMORY, "the cache of keys and values: " + std::to_string(options.cells) +
                                    " tokens are too many");
  page_count_ = static_cast<std::uint32_t>(pages);
  bytes_ = pages * page_bytes_;
  if (bytes_) memory_ = reserve(bytes_);
  const std::uint64_t table_bytes = std::max<std::uint64_t>(1, std::uint64_t{options.sequences} *
                                                                   page_count_ * sizeof(PageEntry));
  try {
    table_memory_ = reinterpret_cast<PageEntry*>(reserve(table_bytes));
  } catch (...) {
    if (memory_) ::munmap(memory_, bytes_);
    throw;
  }
  for (std::uint32_t s = 0; s < options.sequences; ++s)
    tables_.push_back({table_memory_ + std::size_t{s} * page_count_, 0});
  pages_.resize(page_count_);
  free_.reserve(page_count_);
  for (std::uint32_t p = page_count_; p > 0; --p) free_.push_back(p - 1);
  batch_cells_.reserve(options.batch);
  batch_changes_.reserve(options.batch);
  last_position_.resize(options.sequences);
}

KvCache::~KvCache() {
  if (memory_) ::munmap(memory_, bytes_);
  if (table_memory_)
    ::munmap(table_memory_, std::max<std::uint64_t>(1, std::uint64_t{options_.sequences} *
                                                           page_count_ * sizeof(PageEntry)));
}

std::uint32_t KvCache::find(std::uint32_t sequence, std::uint32_t block) const noexcept {
  const auto entries = pages(sequence);
  const auto found = std::ranges::lower_bound(entries, block, {}, &PageEntry::block);
  return found != entries.end() && found->block == block ? found->page : no_page;
}

// work(layout, layer, head)
template <class Work>
void KvCache::for_each_head(Work work) const noexcept {
  for (std::uint32_t l = 0; l < layers_.size(); ++l)
    for (std::uint32_t h = 0; h < layers_[l].shape.kv_heads; ++h) work(layers_[l].layout, l, h);
}

std::uint32_t KvCache::take_page() noexcept {
  if (free_.empty()) return no_page;
  const std::uint32_t page = free_.back();
  free_.pop_back();
  // What an earlier owner left must not meet a weight of zero as a NaN.
  if (pages_[page].written)
    for_each_head([&](const HeadLayout& layout, std::uint32_t l, std::uint32_t h) {
      std::memset(head(page, l, h), 0, layout.bytes);
    });
  pages_[page] = {0, 1, true};
  return page;
}

void KvCache::release_page(std::uint32_t page) noexcept {
  if (--pages_[page].owners) return;
  used_ -= static_cast<std::uint64_t>(__builtin_popcountll(pages_[page].occupied));
  pages_[page].occupied = 0;
  free_.push_back(page);
}

// no_page takes the entry away.
void KvCache::set_page(std::uint32_t sequence, std::uint32_t block, std::uint32_t page) noexcept {
  Table& table = tables_[sequence];
  PageEntry* const end = table.entries + table.size;
  PageEntry* const at = std::ranges::lower_bound(table.entries, end, block, {}, &PageEntry::block);
  const bool there = at != end && at->block == block;
  if (page == no_page) {
    if (!there) return;
    std::move(at + 1, end, at);
    --table.size;
  } else if (there) {
    at->page = page;
  } else {
    std::move_backward(at, end, end + 1);
    *at = {block, page};
    ++table.size;
  }
}

void KvCache::copy_page(std::uint32_t from, std::uint32_t to, std::uint64_t cells) noexcept {
  for_each_head([&](const HeadLayout& layout, std::uint32_t l, std::uint32_t h) {
    std::memcpy(head(to, l, h), head(from, l, h), layout.bytes);
  });
  pages_[to].occupied = cells;
  used_ += static_cast<std::uint64_t>(__builtin_popcountll(cells));
}

// The sequence's page for a block, one that no other sequence has; no_page when there is no room.
// Notes what rollback() undoes.
std::uint32_t KvCache::own_page(std::uint32_t sequence, std::uint32_t block) noexcept {
  const std::uint32_t page = find(sequence, block);
  if (page != no_page && pages_[page].owners == 1) return page;
  const std::uint32_t fresh = take_page();
  if (fresh == no_page) return no_page;
  if (page != no_page) {
    copy_page(page, fresh, pages_[page].occupied);
    --pages_[page].owners;
  }
  set_page(sequence, block, fresh);
  if (batch_changes_.size() < batch_changes_.capacity())
    batch_changes_.push_back({sequence, block, page});
  return fresh;
}

// Values are read for every position of a page and weigh nothing where no token is: they must be
// numbers.
void KvCache::clear_cells(std::uint32_t page, std::uint64_t cells) noexcept {
  cells &= pages_[page].occupied;
  pages_[page].occupied &= ~cells;
  used_ -= static_cast<std::uint64_t>(__builtin_popcountll(cells));
  for_each_head([&](const HeadLayout& layout, std::uint32_t l, std::uint32_t h) {
    const std::size_t row = std::size_t{layout.value_stride} * (layout.type == QUIPU_KV_F32   ? 4
                                                                : layout.type == QUIPU_KV_F16 ? 2
                                                                                              : 1);
    for (std::uint64_t left = cells; left; left &= left - 1)
      std::memset(head(page, l, h) + layout.values +
                      static_cast<std::uint32_t>(__builtin_ctzll(left)) * row,
                  0, row);
  });
}

void KvCache::check_sequence(std::uint64_t sequence) const {
  if (sequence >= tables_.size())
    throw Error(QUIPU_E_ARGUMENT, "sequence: expected one below " + std::to_string(tables_.size()) +
                                      ", found " + std::to_string(sequence));
}

void KvCache::begin(const quipu_batch& batch) {
  if (batch.count > options_.batch)
    throw Error(QUIPU_E_ARGUMENT, "batch: expected at most " + std::to_string(options_.batch) +
                                      " tokens, found " + std::to_string(batch.count));
  batch_cells_.clear();
  batch_changes_.clear();
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    check_sequence(batch.sequences[i]);
    last_position_[batch.sequences[i]] = -1;
  }
  try {
    for (std::uint32_t i = 0; i < batch.count; ++i) {
      const std::uint32_t sequence = batch.sequences[i];
      const std::int64_t position = batch.positions[i];
      if (position <= last_position_[sequence])
        throw Error(QUIPU_E_ARGUMENT, "batch: expected rising positions from 0 in sequence " +
                                          std::to_string(sequence) + ", found " +
                                          std::to_string(position));
      last_position_[sequence] = position;
      const auto block = static_cast<std::uint32_t>(position / page_cells);
      const auto lane = static_cast<std::uint32_t>(position % page_cells);
      const std::uint32_t present = find(sequence, block);
      if (present != no_page && pages_[present].occupied >> lane & 1)
        throw Error(QUIPU_E_ARGUMENT, "batch: position " + std::to_string(position) +
                                          " of sequence " + std::to_string(sequence) +
                                          " is in the cache already");
      const std::uint32_t page = own_page(sequence, block);
      if (page == no_page)
        throw Error(QUIPU_E_MEMORY,
                    "the cache of " + std::to_string(options_.cells) + " tokens is full");
      pages_[page].occupied |= std::uint64_t{1} << lane;
      ++used_;
      batch_cells_.push_back({page, lane});
    }
  } catch (...) {
    rollback();
    throw;
  }
}

void KvCache::store_key(std::uint32_t layer, std::uint32_t token, const float* k) const noexcept {
  const LayerPlace& place = layers_[layer];
  const Cell cell = batch_cells_[token];
  for (std::uint32_t h = 0; h < place.shape.kv_heads; ++h)
    kernels_.store_key(place.layout, head(cell.page, layer, h), cell.lane,
                       k + std::size_t{h} * place.shape.key_width);
}

void KvCache::store_value(std::uint32_t layer, std::uint32_t token, std::uint32_t first,
                          std::uint32_t count, const float* v) const noexcept {
  const LayerPlace& place = layers_[layer];
  const Cell cell = batch_cells_[token];
  const std::uint32_t width = place.shape.value_width;
  for (const std::uint32_t end = first + count; first < end;) {
    const std::uint32_t column = first % width, part = std::min(end - first, width - column);
    kernels_.store_value(place.layout, head(cell.page, layer, first / width), cell.lane, column,
                         part, v);
    first += part;
    v += part;
  }
}

void KvCache::commit() noexcept {
  batch_cells_.clear();
  batch_changes_.clear();
}

void KvCache::rollback() noexcept {
  for (const Cell cell : batch_cells_) clear_cells(cell.page, std::uint64_t{1} << cell.lane);
  for (auto change = batch_changes_.rbegin(); change != batch_changes_.rend(); ++change) {
    const std::uint32_t now = find(change->sequence, change->block);
    set_page(change->sequence, change->block, change->before);
    if (change->before != no_page) ++pages_[change->before].owners;
    release_page(now);
  }
  commit();
}

std::uint64_t KvCache::free_cells() const noexcept {
  const std::size_t spare = tables_.size();
  return free_.size() > spare ? (free_.size() - spare) * std::uint64_t{page_cells} : 0;
}

}  // namespace quipu_cpu
