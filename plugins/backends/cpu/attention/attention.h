// Attention over the cache, cut into tasks.
//
// A task is a run of key-value heads for a few queries of one sequence; where that gives too few
// tasks for the cores, one for every chunk of 512 positions as well, whose results are merged in
// rising order. How the work is cut has no influence on any result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attention/attention_kernels.h"
#include "attention/kv_cache.h"

namespace quipu_cpu {

/// One execution of an attention node.
struct AttentionCall {
  std::uint32_t layer = 0;       ///< of the cache
  const float* sinks = nullptr;  ///< [heads] or null
  const float* q = nullptr;      ///< [queries][heads * key_width], rows q_stride floats apart
  std::size_t q_stride = 0;
  float* out = nullptr;  ///< [queries][heads * value_width]
  std::size_t out_stride = 0;
};

/// The tasks of all attention nodes of one shape: fits() says which. One thread prepares; after
/// that, any number of threads run tasks, then merge tasks when those are done. Neither locks nor
/// allocates.
class Attention {
 public:
  /// `layer` is any layer of the cache that such nodes read. threads: how many will share the work.
  Attention(const KvCache& cache, const quipu_attention& shape, std::uint32_t layer,
            std::uint32_t batch, std::uint32_t threads, std::uint32_t isa);
  ~Attention();
  Attention(const Attention&) = delete;
  Attention& operator=(const Attention&) = delete;

  /// Whether a node can use these tasks: all is equal but `layer`, which is left to the call.
  bool fits(const quipu_attention& other) const noexcept;

  /// After KvCache::begin(). Query i belongs to token tokens[i] of the batch, or to token i where
  /// `tokens` is null; `queries` are rising.
  void prepare(const quipu_batch& batch, const std::uint32_t* tokens,
               std::uint32_t queries) noexcept;
  /// Bytes that a thread lends to run(), 64-byte aligned.
  std::size_t scratch_bytes() const noexcept { return scratch_bytes_; }

  std::uint32_t tasks() const noexcept { return static_cast<std::uint32_t>(tasks_.size()); }
  void run(std::uint32_t task, const AttentionCall& call, std::byte* scratch) const noexcept;
  /// What all tasks do together: bytes of the cache that are read, and multiply-adds of queries
  /// with keys and of weights with values, both by whole pages as the kernels take them.
  struct Extent {
    std::uint64_t bytes, multiply_adds;
  };
  Extent extent() const noexcept;
  /// To be run when all tasks are done; often none.
  std::uint32_t merge_tasks() const noexcept { return static_cast<std::uint32_t>(merges_.size()); }
  void merge(std::uint32_t task, const AttentionCall& call) const noexcept;

 private:
  // Queries first ... first + count - 1 of order_, all of one sequence; heads [head, head +
  // head_count) of the group of each of the key-value heads.
  struct Block {
    std::uint32_t sequence;
    std::uint32_t first, count;
    std::uint32_t head, head_count;
    std::uint32_t kv_head, kv_head_count;
    std::uint32_t first_entry, last_entry;  // of the sequence's pages
  };
  struct Task {
    Block block;
    std::uint32_t partial;  // row of the results that are merged, or no_partial
  };
  struct Merge {
    Block block;
    std::uint32_t partial, chunks;
  };
  static constexpr std::uint32_t no_partial = ~0u;

  std::uint32_t queries_of_block(std::uint32_t heads, std::uint32_t count) const noexcept;
  void find_pages(Block& block) const noexcept;
  void add_blocks(std::uint32_t sequence, std::uint32_t first, std::uint32_t count) noexcept;
  void split(const Block& block) noexcept;
  std::uint32_t fill_rows(const Block& block, std::uint32_t kv_head, const AttentionCall& call,
                          QueryRow* rows) const noexcept;
  const std::byte* head_after(std::uint32_t task, std::uint32_t layer,
                              std::uint32_t kv_head) const noexcept;

  const KvCache& cache_;
  const AttentionKernels& kernels_;
  quipu_attention shape_;
  HeadLayout layout_;
  std::uint32_t threads_;
  std::uint32_t group_;        // query heads of a key-value head
  std::vector<float> slopes_;  // [heads], empty without ALiBi
  std::size_t scratch_bytes_ = 0;

  const quipu_batch* batch_ = nullptr;
  const std::uint32_t* tokens_ = nullptr;
  std::vector<std::uint32_t> order_;   // queries, those of a sequence together
  std::vector<std::uint32_t> starts_;  // [sequences + 1] where a sequence's begin in order_
  std::vector<Block> blocks_;
  std::vector<Task> tasks_;
  std::vector<Merge> merges_;

  std::size_t partial_rows_ = 0;  // room
  std::size_t partial_used_ = 0;
  std::byte* partial_memory_ = nullptr;
  std::size_t partial_bytes_ = 0;
  PartialRows partials_{};
};

}  // namespace quipu_cpu
