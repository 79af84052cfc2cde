// Keys and values of the tokens that sequences have seen: one cell per token, shared by the
// sequences that have it in common.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "key_turn.h"
#include "quipu/abi/backend.h"

namespace quipu_reference {

/// Whatever throws has changed nothing.
class Cache {
 public:
  /// Keys and values of one token in all layers, one after the other.
  using Cell = std::vector<float>;
  /// By position.
  using Sequence = std::map<std::int32_t, std::shared_ptr<Cell>>;

  Cache(const quipu_graph& graph, const quipu_plan_options& options);

  /// Gives every token of a batch a cell, to be filled by store().
  void begin(const quipu_batch& batch);
  /// Takes them away again.
  void rollback(const quipu_batch& batch) noexcept;
  /// k is [kv_heads * key_width] after the rope, v [kv_heads * value_width].
  void store(std::uint32_t layer, std::uint32_t sequence, std::int32_t position, const float* k,
             const float* v);

  const Sequence& sequence(std::uint32_t index) const { return sequences_[index]; }
  const float* key(std::uint32_t layer, const Cell& cell) const {
    return cell.data() + layers_.at(layer).key_offset;
  }
  const float* value(std::uint32_t layer, const Cell& cell) const {
    return cell.data() + layers_.at(layer).value_offset;
  }

  /// As quipu_backend::kv_edit says.
  void edit(std::uint32_t edit, std::uint32_t sequence, std::int32_t first, std::int32_t last,
            std::int64_t argument);
  std::uint64_t free_cells() const;
  /// Bytes that all cells take when they are in use.
  std::uint64_t bytes() const { return options_.cells * cell_size_ * sizeof(float); }

  /// 0 for a sequence that does not exist.
  std::uint64_t saved_size(std::uint32_t sequence) const;
  void save(std::uint32_t sequence, std::span<std::byte> out) const;
  void load(std::uint32_t sequence, std::span<const std::byte> in);

 private:
  struct Layer {
    quipu_attention shape;
    std::size_t key_offset, value_offset;  // within a cell
    KeyTurn turn;
  };

  Sequence& find(std::int64_t sequence);
  void remove(Sequence& sequence, std::int64_t first, std::int64_t last);
  void copy(Sequence& to, const Sequence& from, std::int64_t first, std::int64_t last);
  void shift(Sequence& sequence, std::int64_t first, std::int64_t last, std::int64_t distance);
  std::shared_ptr<Cell> turned(const Cell& cell, std::int64_t distance) const;
  void require_room(std::uint64_t cells) const;

  quipu_plan_options options_;
  std::map<std::uint32_t, Layer> layers_;
  std::size_t cell_size_ = 0;  // floats
  std::vector<Sequence> sequences_;
};

}  // namespace quipu_reference
