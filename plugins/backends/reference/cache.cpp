#include "cache.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>

#include "quipu/sdk/plugin.h"
#include "rope.h"
#include "stored.h"

namespace quipu_reference {

using quipu::sdk::Error;

Cache::Cache(const quipu_graph& graph, const quipu_plan_options& options)
    : options_(options), sequences_(options.sequences) {
  for (std::uint32_t i = 0; i < graph.node_count; ++i) {
    const quipu_graph_node& node = *graph.nodes[i];
    if (node.op != QUIPU_OP_ATTENTION) continue;
    const auto& shape = *static_cast<const quipu_attention*>(node.attributes);
    if (layers_.contains(shape.layer)) continue;
    const std::size_t values = cell_size_ + std::size_t{shape.kv_heads} * shape.key_width;
    layers_[shape.layer] = {shape, cell_size_, values, key_turn(graph, node, options.context)};
    cell_size_ = values + std::size_t{shape.kv_heads} * shape.value_width;
  }
}

Cache::Sequence& Cache::find(std::int64_t sequence) {
  if (sequence < 0 || static_cast<std::uint64_t>(sequence) >= sequences_.size())
    throw Error(QUIPU_E_ARGUMENT, "expected a sequence of 0 to " +
                                      std::to_string(sequences_.size() - 1) + ", found " +
                                      std::to_string(sequence));
  return sequences_[static_cast<std::size_t>(sequence)];
}

std::uint64_t Cache::free_cells() const {
  std::set<const Cell*> used;
  for (const Sequence& sequence : sequences_)
    for (const auto& [position, cell] : sequence) used.insert(cell.get());
  return options_.cells - used.size();
}

void Cache::require_room(std::uint64_t cells) const {
  const std::uint64_t free = free_cells();
  if (cells > free)
    throw Error(QUIPU_E_MEMORY, "the cache has no room: " + std::to_string(cells) +
                                    " cells are needed, " + std::to_string(free) + " of " +
                                    std::to_string(options_.cells) + " are free");
}

void Cache::begin(const quipu_batch& batch) {
  std::map<std::uint32_t, std::int32_t> last;
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    const std::uint32_t sequence = batch.sequences[i];
    const std::int32_t position = batch.positions[i];
    const auto where =
        "sequence " + std::to_string(sequence) + ", position " + std::to_string(position);
    if (find(sequence).contains(position)) throw Error(QUIPU_E_ARGUMENT, where + ": taken already");
    if (position < 0 || static_cast<std::uint32_t>(position) >= options_.context)
      throw Error(QUIPU_E_ARGUMENT,
                  where + ": expected a position of 0 to " + std::to_string(options_.context - 1));
    if (last.contains(sequence) && last[sequence] >= position)
      throw Error(QUIPU_E_ARGUMENT, where + ": expected positions that rise");
    last[sequence] = position;
  }
  require_room(batch.count);
  try {
    for (std::uint32_t i = 0; i < batch.count; ++i)
      sequences_[batch.sequences[i]][batch.positions[i]] = std::make_shared<Cell>(cell_size_);
  } catch (...) {
    rollback(batch);
    throw;
  }
}

void Cache::rollback(const quipu_batch& batch) noexcept {
  for (std::uint32_t i = 0; i < batch.count; ++i)
    sequences_[batch.sequences[i]].erase(batch.positions[i]);
}

void Cache::store(std::uint32_t layer, std::uint32_t sequence, std::int32_t position,
                  const float* k, const float* v) {
  const Layer& place = layers_.at(layer);
  const quipu_attention& shape = place.shape;
  float* cell = sequences_[sequence].at(position)->data();
  for (std::uint32_t head = 0; head < shape.kv_heads; ++head) {
    float* key = cell + place.key_offset + head * shape.key_width;
    float* value = cell + place.value_offset + head * shape.value_width;
    std::copy_n(k + head * shape.key_width, shape.key_width, key);
    std::copy_n(v + head * shape.value_width, shape.value_width, value);
    round_stored(options_.kv_type, key, shape.key_width);
    round_stored(options_.kv_type, value, shape.value_width);
  }
}

void Cache::edit(std::uint32_t edit, std::uint32_t sequence, std::int32_t first, std::int32_t last,
                 std::int64_t argument) {
  const std::int64_t end = last == -1 ? std::int64_t{1} << 31 : last;
  if (first < 0 || end < first)
    throw Error(QUIPU_E_ARGUMENT, "expected positions [first, last) in order, found " +
                                      std::to_string(first) + " and " + std::to_string(last));
  if (edit == QUIPU_KV_REMOVE)
    remove(find(sequence), first, end);
  else if (edit == QUIPU_KV_COPY)
    copy(find(sequence), find(argument), first, end);
  else if (edit == QUIPU_KV_SHIFT)
    shift(find(sequence), first, end, argument);
  else
    throw Error(QUIPU_E_ARGUMENT,
                "expected remove, copy or shift, found edit " + std::to_string(edit));
}

void Cache::remove(Sequence& sequence, std::int64_t first, std::int64_t last) {
  std::erase_if(sequence,
                [&](const auto& entry) { return entry.first >= first && entry.first < last; });
}

void Cache::copy(Sequence& to, const Sequence& from, std::int64_t first, std::int64_t last) {
  Sequence copied = to;
  for (const auto& [position, cell] : from)
    if (position >= first && position < last && !copied.emplace(position, cell).second)
      throw Error(QUIPU_E_ARGUMENT,
                  "position " + std::to_string(position) + ": the sequence holds it already");
  to.swap(copied);
}

void Cache::shift(Sequence& sequence, std::int64_t first, std::int64_t last,
                  std::int64_t distance) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  if (distance > most || distance < -most)
    throw Error(QUIPU_E_ARGUMENT,
                "expected a distance below 2^31, found " + std::to_string(distance));
  bool turns = false;
  for (const auto& [number, layer] : layers_) {
    turns = turns || layer.turn.rope.rotary;
    if (!layer.turn.possible)
      throw Error(QUIPU_E_UNSUPPORTED, "layer " + std::to_string(number) +
                                           ": its keys cannot be moved to other positions");
  }
  Sequence moved;
  std::uint64_t copies = 0;
  for (const auto& [position, cell] : sequence) {
    const bool moves = position >= first && position < last;
    const std::int64_t target = position + (moves ? distance : 0);
    if (target < 0 || target > most ||
        !moved.emplace(static_cast<std::int32_t>(target), cell).second)
      throw Error(QUIPU_E_ARGUMENT, "position " + std::to_string(position) + ": cannot move to " +
                                        std::to_string(target));
    copies += moves && turns && cell.use_count() > 2;  // `sequence` and `moved` have it
  }
  require_room(copies);
  if (turns)
    for (const auto& [position, cell] : sequence)
      if (position >= first && position < last)
        moved[static_cast<std::int32_t>(position + distance)] = turned(*cell, distance);
  sequence.swap(moved);
}

std::shared_ptr<Cache::Cell> Cache::turned(const Cell& cell, std::int64_t distance) const {
  auto out = std::make_shared<Cell>(cell);
  for (const auto& [number, layer] : layers_) {
    const KeyTurn& by = layer.turn;
    if (by.rope.rotary == 0) continue;
    for (std::uint32_t head = 0; head < layer.shape.kv_heads; ++head) {
      float* key = out->data() + layer.key_offset + head * layer.shape.key_width;
      turn(by.rope, by.frequencies, static_cast<double>(distance), 1.0, key + by.first);
      round_stored(options_.kv_type, key, layer.shape.key_width);
    }
  }
  return out;
}

}  // namespace quipu_reference
