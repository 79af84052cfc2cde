// Keys and values of the tokens that sequences have seen, in pages of 64 positions.
//
// Page n of a sequence holds its positions 64 n ... 64 n + 63, so where a token lies, and with it
// the order in which attention adds, depends on its position alone and not on how it got there.
// All layers share the tables of pages. A page may belong to several sequences; writing to it gives
// the writer a copy first.
//
// In memory, pages come in runs: what a head of a layer keeps of all pages of a run is in one
// piece, as attention reads it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attention/attention_kernels.h"
#include "attention/kv_layout.h"
#include "quipu/abi/backend.h"

namespace quipu_cpu {

/// How the keys of a layer turn when their positions change. Columns first_column ...
/// first_column + rotary - 1 of a key are those that were turned.
struct KeyRotation {
  std::uint32_t rotary = 0;   ///< 0: keys know nothing of positions
  std::uint32_t pairing = 0;  ///< QUIPU_ROPE_ADJACENT or HALVES
  std::uint32_t first_column = 0;
  std::vector<double> frequencies;  ///< [rotary / 2] radians per position, scaling included
};

/// What one layer keeps of a token.
struct KvLayer {
  std::uint32_t kv_heads = 0;
  std::uint32_t key_width = 0, value_width = 0;
  KeyRotation rotation;
};

struct KvOptions {
  std::uint32_t type = QUIPU_KV_F16;
  std::uint64_t cells = 0;
  std::uint32_t sequences = 0;
  std::uint32_t batch = 0;  ///< most tokens of one begin()
  std::uint32_t isa = QUIPU_ISA_SCALAR;
  std::uint64_t identity = 0;  ///< of the model: a saved sequence is loaded only where it is equal
};

/// One page of a sequence.
struct PageEntry {
  std::uint32_t block;  ///< it holds positions 64 block ... 64 block + 63
  std::uint32_t page;
};

/// Throws quipu::sdk::Error; whatever throws has changed nothing. One thread at a time, but for
/// store_key() and store_value(), which any number of threads may call for different tokens or
/// columns.
class KvCache {
 public:
  /// Reserves memory for all cells without touching it.
  KvCache(std::span<const KvLayer> layers, const KvOptions& options);
  ~KvCache();
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  /// Gives every token of the batch a cell. E_ARGUMENT: a sequence that does not exist, positions
  /// that are negative, do not rise or are already there. E_MEMORY: no room. Allocates nothing.
  void begin(const quipu_batch& batch);
  /// Writes the keys (after rope) [kv_heads * key_width] of a token of the batch.
  void store_key(std::uint32_t layer, std::uint32_t token, const float* k) const noexcept;
  /// Writes columns first … first + count - 1 of its values [kv_heads * value_width]. All of them,
  /// or, where value_width is a multiple of value_columns, multiples of that.
  void store_value(std::uint32_t layer, std::uint32_t token, std::uint32_t first,
                   std::uint32_t count, const float* v) const noexcept;
  static constexpr std::uint32_t value_columns = scale_columns;
  /// Ends the batch: keeps its tokens, or leaves the cache as it was before begin().
  void commit() noexcept;
  void rollback() noexcept;

  /// QUIPU_KV_*, as quipu_backend::kv_edit says.
  void edit(std::uint32_t edit, std::uint32_t sequence, std::int32_t first, std::int32_t last,
            std::int64_t argument);
  /// So many tokens are sure to find room at the ends of whatever sequences.
  std::uint64_t free_cells() const noexcept;
  /// Bytes reserved for keys and values.
  std::uint64_t bytes() const noexcept { return bytes_; }

  /// 0 for a sequence that does not exist.
  std::uint64_t saved_size(std::uint32_t sequence) const noexcept;
  void save(std::uint32_t sequence, std::span<std::byte> out) const;
  /// Into an empty sequence. E_INVALID: the bytes are not what save() wrote for this model.
  void load(std::uint32_t sequence, std::span<const std::byte> in);

  // What attention reads.
  std::uint32_t sequences() const noexcept { return static_cast<std::uint32_t>(tables_.size()); }
  std::uint32_t most_pages() const noexcept { return page_count_; }
  const KvLayer& layer(std::uint32_t index) const noexcept { return layers_[index].shape; }
  const HeadLayout& layout(std::uint32_t layer) const noexcept { return layers_[layer].layout; }
  /// In rising order of blocks; the tokens of a batch that has begun are among them. Valid until
  /// the cache changes.
  std::span<const PageEntry> pages(std::uint32_t sequence) const noexcept {
    return {tables_[sequence].entries, tables_[sequence].size};
  }
  /// Bit i: cell i holds a token.
  std::uint64_t occupied(std::uint32_t page) const noexcept { return pages_[page].occupied; }
  std::byte* head(std::uint32_t page, std::uint32_t layer, std::uint32_t kv_head) const noexcept {
    const LayerPlace& place = layers_[layer];
    const std::uint64_t bytes = place.layout.bytes;
    const std::uint32_t first = page / run_pages_ * run_pages_;
    const std::uint64_t run = std::min(run_pages_, page_count_ - first);
    return memory_ + first * page_bytes_ + run * (place.offset + kv_head * bytes) +
           (page - first) * bytes;
  }

 private:
  struct LayerPlace {
    KvLayer shape;
    HeadLayout layout;
    std::uint64_t offset;  // of the first head, times the pages of a run
  };
  struct Page {
    std::uint64_t occupied = 0;
    std::uint32_t owners = 0;  // sequences that have it
    bool written = false;      // its memory was touched
  };
  struct Table {
    PageEntry* entries;  // room for page_count_
    std::uint32_t size = 0;
  };
  struct Cell {
    std::uint32_t page, lane;
  };
  // What rollback() undoes: the sequence had `before` (or no page) at `block`.
  struct Change {
    std::uint32_t sequence, block, before;
  };
  static constexpr std::uint32_t no_page = ~0u;

  std::uint32_t find(std::uint32_t sequence, std::uint32_t block) const noexcept;
  std::uint32_t take_page() noexcept;
  void release_page(std::uint32_t page) noexcept;
  void set_page(std::uint32_t sequence, std::uint32_t block, std::uint32_t page) noexcept;
  std::uint32_t own_page(std::uint32_t sequence, std::uint32_t block) noexcept;
  template <class Work>
  void for_each_head(Work work) const noexcept;
  void copy_page(std::uint32_t from, std::uint32_t to, std::uint64_t cells) noexcept;
  void clear_cells(std::uint32_t page, std::uint64_t cells) noexcept;
  void move_cell(Cell from, Cell to, std::span<const std::vector<float>> turns) noexcept;

  void check_sequence(std::uint64_t sequence) const;
  void remove(std::uint32_t sequence, std::int64_t first, std::int64_t last);
  void copy(std::uint32_t sequence, std::uint32_t source, std::int64_t first, std::int64_t last);
  void shift(std::uint32_t sequence, std::int64_t first, std::int64_t last, std::int64_t delta);

  std::vector<LayerPlace> layers_;
  KvOptions options_;
  const AttentionKernels& kernels_;
  std::uint64_t page_bytes_ = 0;
  std::uint64_t cell_bytes_ = 0;  // of a saved cell
  std::uint64_t layout_hash_ = 0;
  std::uint32_t page_count_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint32_t run_pages_ = 1;        // pages of a run; the last may have fewer
  std::byte* memory_ = nullptr;        // [runs][layers][heads][pages of the run][head's bytes]
  PageEntry* table_memory_ = nullptr;  // [sequences][page_count_]
  std::vector<Table> tables_;
  std::vector<Page> pages_;
  std::vector<std::uint32_t> free_;  // taken from the back
  std::uint64_t used_ = 0;           // occupied cells, shared ones once

  std::vector<Cell> batch_cells_;
  std::vector<Change> batch_changes_;
  std::vector<std::int64_t> last_position_;  // per sequence, while begin() looks at a batch
};

}  // namespace quipu_cpu
