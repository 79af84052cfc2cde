// Edits of the cache: remove, copy, shift. What can fail is looked at before anything changes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "attention/cells.h"
#include "attention/kv_cache.h"
#include "quipu/sdk/plugin.h"

namespace quipu_cpu {
namespace {

using quipu::sdk::Error;

// Cells of a block whose positions are in [first, last).
std::uint64_t cells_within(std::uint32_t block, std::int64_t first, std::int64_t last) {
  const std::int64_t start = std::int64_t{block} * page_cells;
  const std::int64_t from = std::max<std::int64_t>(first - start, 0),
                     to = std::min<std::int64_t>(last - start, page_cells);
  if (from >= to) return 0;
  const std::uint64_t below = to == page_cells ? ~std::uint64_t{0} : (std::uint64_t{1} << to) - 1;
  return below & (~std::uint64_t{0} << from);
}

void check_room(std::size_t needed, std::size_t there) {
  if (needed > there) throw Error(QUIPU_E_MEMORY, "the cache has no room for this edit");
}

// Cosine and sine for each pair of a rotation by `delta` positions.
std::vector<float> turns_of(const KeyRotation& rotation, std::int64_t delta) {
  std::vector<float> turns;
  for (const double frequency : rotation.frequencies) {
    turns.push_back(static_cast<float>(std::cos(frequency * static_cast<double>(delta))));
    turns.push_back(static_cast<float>(std::sin(frequency * static_cast<double>(delta))));
  }
  return turns;
}

void turn(const KeyRotation& rotation, const std::vector<float>& turns, float* key) {
  float* const x = key + rotation.first_column;
  for (std::uint32_t pair = 0; pair < rotation.rotary / 2; ++pair) {
    const bool halves = rotation.pairing == QUIPU_ROPE_HALVES;
    float& a = x[halves ? pair : 2 * pair];
    float& b = x[halves ? pair + rotation.rotary / 2 : 2 * pair + 1];
    const float cosine = turns[2 * pair], sine = turns[2 * pair + 1], a0 = a;
    a = a0 * cosine - b * sine;
    b = a0 * sine + b * cosine;
  }
}

}  // namespace

void KvCache::edit(std::uint32_t edit, std::uint32_t sequence, std::int32_t first,
                   std::int32_t last, std::int64_t argument) {
  check_sequence(sequence);
  const std::int64_t end =
      last < 0 ? std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1 : last;
  if (first < 0)
    throw Error(QUIPU_E_ARGUMENT,
                "first: expected a position, 0 or more, found " + std::to_string(first));
  if (first >= end) return;
  batch_changes_.clear();
  switch (edit) {
  case QUIPU_KV_REMOVE:
    remove(sequence, first, end);
    break;
  case QUIPU_KV_COPY:
    check_sequence(argument < 0 ? tables_.size() : static_cast<std::uint64_t>(argument));
    copy(sequence, static_cast<std::uint32_t>(argument), first, end);
    break;
  case QUIPU_KV_SHIFT:
    shift(sequence, first, end, argument);
    break;
  default:
    throw Error(QUIPU_E_ARGUMENT,
                "edit: expected remove, copy or shift, found " + std::to_string(edit));
  }
  batch_changes_.clear();
}

void KvCache::remove(std::uint32_t sequence, std::int64_t first, std::int64_t last) {
  std::size_t needed = 0;
  for (const PageEntry entry : pages(sequence)) {
    const std::uint64_t held = occupied(entry.page),
                        gone = held & cells_within(entry.block, first, last);
    needed += gone && gone != held && pages_[entry.page].owners > 1;
  }
  check_room(needed, free_.size());
  for (std::uint32_t i = tables_[sequence].size; i > 0; --i) {
    const PageEntry entry = tables_[sequence].entries[i - 1];
    const std::uint64_t gone = occupied(entry.page) & cells_within(entry.block, first, last);
    if (gone == 0) continue;
    if (gone == occupied(entry.page)) {
      set_page(sequence, entry.block, no_page);
      release_page(entry.page);
    } else {
      clear_cells(own_page(sequence, entry.block), gone);
    }
  }
}

void KvCache::copy(std::uint32_t sequence, std::uint32_t source, std::int64_t first,
                   std::int64_t last) {
  if (sequence == source) throw Error(QUIPU_E_ARGUMENT, "copy: expected two sequences, found one");
  std::size_t needed = 0;
  for (const PageEntry entry : pages(source)) {
    const std::uint64_t taken = occupied(entry.page) & cells_within(entry.block, first, last);
    if (taken == 0) continue;
    const std::uint32_t own = find(sequence, entry.block);
    if (own != no_page && occupied(own) & taken)
      throw Error(QUIPU_E_ARGUMENT, "copy: expected no tokens at these positions of sequence " +
                                        std::to_string(sequence));
    needed += own == no_page ? taken != occupied(entry.page) : pages_[own].owners > 1;
  }
  check_room(needed, free_.size());
  std::vector<float> k, v;
  for (const PageEntry entry : pages(source)) {
    const std::uint64_t taken = occupied(entry.page) & cells_within(entry.block, first, last);
    if (taken == 0) continue;
    const std::uint32_t own = find(sequence, entry.block);
    if (own == no_page && taken == occupied(entry.page)) {
      set_page(sequence, entry.block, entry.page);
      ++pages_[entry.page].owners;
    } else if (own == no_page) {
      const std::uint32_t page = take_page();
      copy_page(entry.page, page, occupied(entry.page));
      clear_cells(page, ~taken);
      set_page(sequence, entry.block, page);
    } else {
      const std::uint32_t page = own_page(sequence, entry.block);
      for (std::uint64_t left = taken; left; left &= left - 1) {
        const auto lane = static_cast<std::uint32_t>(__builtin_ctzll(left));
        move_cell({entry.page, lane}, {page, lane}, {});
      }
    }
  }
}

// Writes the cell `from` to the cell `to`, its keys turned by `turns` of each layer, or as they are
// where there are none.
void KvCache::move_cell(Cell from, Cell to, std::span<const std::vector<float>> turns) noexcept {
  for (std::uint32_t l = 0; l < layers_.size(); ++l) {
    const LayerPlace& place = layers_[l];
    std::vector<float> k(place.shape.key_width), v(place.shape.value_width);
    for (std::uint32_t h = 0; h < place.shape.kv_heads; ++h) {
      read_cell(place.layout, head(from.page, l, h), from.lane, k.data(), v.data());
      if (!turns.empty() && place.shape.rotation.rotary)
        turn(place.shape.rotation, turns[l], k.data());
      std::byte* const target = head(to.page, l, h);
      kernels_.store_key(place.layout, target, to.lane, k.data());
      kernels_.store_value(place.layout, target, to.lane, 0, place.shape.value_width, v.data());
    }
  }
  pages_[to.page].occupied |= std::uint64_t{1} << to.lane;
  ++used_;
}

void KvCache::shift(std::uint32_t sequence, std::int64_t first, std::int64_t last,
                    std::int64_t delta) {
  std::vector<std::int64_t> moved;
  std::vector<std::uint32_t> blocks;  // that are written
  std::size_t needed = 0;
  for (const PageEntry entry : pages(sequence)) {
    const std::uint64_t within = occupied(entry.page) & cells_within(entry.block, first, last);
    if (within) blocks.push_back(entry.block);
    for (std::uint64_t left = within; left; left &= left - 1)
      moved.push_back(std::int64_t{entry.block} * page_cells + __builtin_ctzll(left));
  }
  if (delta == 0 || moved.empty()) return;
  if (delta < -moved.front() || delta > std::numeric_limits<std::int32_t>::max() - moved.back())
    throw Error(QUIPU_E_ARGUMENT, "shift: expected positions from 0 to 2^31 - 1");
  for (const std::int64_t position : moved) {
    const std::int64_t target = position + delta;
    const auto block = static_cast<std::uint32_t>(target / page_cells);
    blocks.push_back(block);
    const std::uint32_t page = find(sequence, block);
    const bool taken = page != no_page && occupied(page) >> (target % page_cells) & 1;
    if (taken && (target < first || target >= last))
      throw Error(QUIPU_E_ARGUMENT,
                  "shift: expected no token at position " + std::to_string(target));
  }
  std::ranges::sort(blocks);
  const auto [end, rest] = std::ranges::unique(blocks);
  blocks.erase(end, rest);
  for (const std::uint32_t block : blocks) {
    const std::uint32_t page = find(sequence, block);
    needed += page == no_page || pages_[page].owners > 1;
  }
  check_room(needed, free_.size());
  std::vector<std::vector<float>> turns;
  for (const LayerPlace& place : layers_) turns.push_back(turns_of(place.shape.rotation, delta));
  for (const std::uint32_t block : blocks) own_page(sequence, block);
  // From the end that moves away, so that no cell is written before it is read.
  if (delta > 0) std::ranges::reverse(moved);
  for (const std::int64_t position : moved) {
    const auto cell = [&](std::int64_t p) {
      return Cell{find(sequence, static_cast<std::uint32_t>(p / page_cells)),
                  static_cast<std::uint32_t>(p % page_cells)};
    };
    const Cell from = cell(position);
    move_cell(from, cell(position + delta), turns);
    clear_cells(from.page, std::uint64_t{1} << from.lane);
  }
  for (const std::uint32_t block : blocks)
    if (const std::uint32_t page = find(sequence, block); occupied(page) == 0) {
      set_page(sequence, block, no_page);
      release_page(page);
    }
}

}  // namespace quipu_cpu
