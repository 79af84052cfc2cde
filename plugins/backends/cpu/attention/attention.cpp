#include "attention/attention.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <numeric>

#include "attention/alibi.h"

namespace quipu_cpu {
namespace {

// Query rows of a task, where there are enough: they share the reading of a page, which costs as
// much as four rows of computing. 192 is 1.03 times as fast as 96 (heads of 64 and 128 columns, Zen
// 5).
constexpr std::uint32_t least_rows = 24, most_rows = 192;

// Score rows times pages below which a task is not worth its own turn at the barrier.
constexpr std::uint64_t small_work = 64;

constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

// What run() lays out in a thread's scratch.
struct Scratch {
  QueryRow* rows;
  PartialRows part, total;
  std::byte* kernel;

  Scratch(std::byte* memory, std::size_t stride) {
    const auto take = [&](std::size_t bytes) {
      std::byte* const start = memory;
      memory += aligned(bytes);
      return start;
    };
    rows = reinterpret_cast<QueryRow*>(take(most_rows * sizeof(QueryRow)));
    for (PartialRows* rows_of : {&part, &total}) {
      rows_of->maximum = reinterpret_cast<float*>(take(most_rows * sizeof(float)));
      rows_of->sum = reinterpret_cast<float*>(take(most_rows * sizeof(float)));
      rows_of->o = reinterpret_cast<float*>(take(most_rows * stride * sizeof(float)));
      rows_of->stride = stride;
    }
    kernel = memory;
  }
};

std::size_t own_scratch_bytes(std::size_t stride) {
  return aligned(most_rows * sizeof(QueryRow)) + 4 * aligned(most_rows * sizeof(float)) +
         2 * aligned(most_rows * stride * sizeof(float));
}

}  // namespace

Attention::Attention(const KvCache& cache, const quipu_attention& shape, std::uint32_t layer,
                     std::uint32_t batch, std::uint32_t threads, std::uint32_t isa)
    : cache_(cache), kernels_(attention_kernels(isa)), shape_(shape), layout_(cache.layout(layer)),
      threads_(threads), group_(shape.heads / shape.kv_heads) {
  if (shape.alibi_max_bias != 0) slopes_ = alibi_slopes(shape.heads, shape.alibi_max_bias);
  scratch_bytes_ =
      own_scratch_bytes(layout_.value_stride) + aligned(kernels_.scratch_bytes(layout_, most_rows));
  order_.reserve(batch);
  starts_.resize(cache.sequences() + 1);
  // A block has at least one query and one head of each group; a decoding query may be split into
  // chunks besides.
  const std::size_t splits = (group_ + most_rows - 1) / most_rows;
  const std::size_t blocks = std::size_t{batch} * shape.kv_heads * splits;
  const std::size_t chunks = cache.most_pages() / chunk_pages + 2;
  blocks_.reserve(blocks);
  // Only a few queries are ever split: see split().
  partial_rows_ = std::size_t{threads} * 4 * chunks * most_rows;
  tasks_.reserve(blocks + std::size_t{threads} * 4 * chunks);
  merges_.reserve(std::size_t{threads} * 4);
  const std::size_t row_floats = 2 + layout_.value_stride;
  partial_bytes_ = aligned(partial_rows_ * row_floats * sizeof(float) + 128);
  void* const memory = ::mmap(nullptr, partial_bytes_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  partial_memory_ = static_cast<std::byte*>(memory);
  partials_.o = reinterpret_cast<float*>(partial_memory_);
  partials_.stride = layout_.value_stride;
  partials_.maximum = partials_.o + partial_rows_ * layout_.value_stride;
  partials_.sum = partials_.maximum + partial_rows_;
}

Attention::~Attention() {
  ::munmap(partial_memory_, partial_bytes_);
}

bool Attention::fits(const quipu_attention& other) const noexcept {
  quipu_attention same = other;
  same.layer = shape_.layer;
  same.size = shape_.size;
  return std::memcmp(&same, &shape_, sizeof same) == 0;
}

void Attention::prepare(const quipu_batch& batch, const std::uint32_t* tokens,
                        std::uint32_t queries) noexcept {
  batch_ = &batch;
  tokens_ = tokens;
  blocks_.clear();
  tasks_.clear();
  merges_.clear();
  partial_used_ = 0;
  const auto token = [&](std::uint32_t query) { return tokens ? tokens[query] : query; };
  // Counting sort by sequence.
  std::ranges::fill(starts_, 0u);
  for (std::uint32_t i = 0; i < queries; ++i) ++starts_[batch.sequences[token(i)] + 1];
  for (std::size_t s = 1; s < starts_.size(); ++s) starts_[s] += starts_[s - 1];
  order_.resize(queries);
  for (std::uint32_t i = 0; i < queries; ++i) order_[starts_[batch.sequences[token(i)]]++] = i;
  std::uint32_t first = 0;
  for (std::uint32_t s = 0; s < cache_.sequences(); ++s) {
    if (starts_[s] > first) add_blocks(s, first, starts_[s] - first);
    first = starts_[s];
  }
  for (const Block& block : blocks_) split(block);
}

// Queries of a block whose rows are `heads` for each: fewer than fit where some threads would have
// little to do, and whole tiles if that is possible.
std::uint32_t Attention::queries_of_block(std::uint32_t heads, std::uint32_t count) const noexcept {
  const std::uint64_t splits = (group_ + heads - 1) / heads;
  const auto shared = static_cast<std::uint32_t>(count * splits * shape_.kv_heads / (4 * threads_));
  const std::uint32_t queries =
      std::clamp(shared, std::max(1u, least_rows / heads), std::max(1u, most_rows / heads));
  const std::uint32_t whole = tile_rows / std::gcd(tile_rows, heads);
  return queries > whole ? queries / whole * whole : queries;
}

// Blocks of one head follow each other, which finds its pages in the cache of the core. Short and
// long contexts take turns, so that equal shares of the tasks are equal work.
void Attention::add_blocks(std::uint32_t sequence, std::uint32_t first,
                           std::uint32_t count) noexcept {
  const std::uint32_t heads = std::min(group_, most_rows);
  const std::uint32_t queries = queries_of_block(heads, count);
  const std::uint32_t blocks = (count + queries - 1) / queries;
  Block all{};
  all.sequence = sequence;
  all.first = first;
  all.count = count;
  find_pages(all);
  const std::uint64_t work =
      std::uint64_t{count} * group_ * (all.last_entry - all.first_entry) * shape_.kv_heads;
  // Little work is shared by all threads at most once, not by as many tasks as there are heads.
  const std::uint32_t run =
      work < small_work * threads_ ? (shape_.kv_heads + threads_ - 1) / threads_ : 1;
  for (std::uint32_t kv = 0; kv < shape_.kv_heads; kv += run)
    for (std::uint32_t head = 0; head < group_; head += heads)
      for (std::uint32_t i = 0; i < blocks; ++i) {
        const std::uint32_t index = i % 2 ? blocks - 1 - i / 2 : i / 2;
        Block block{};
        block.sequence = sequence;
        block.first = first + index * queries;
        block.count = std::min(queries, first + count - block.first);
        block.head = head;
        block.head_count = std::min(heads, group_ - head);
        block.kv_head = kv;
        block.kv_head_count = std::min(run, shape_.kv_heads - kv);
        find_pages(block);
        blocks_.push_back(block);
      }
}

// Pages from the window of the first query to the position of the last.
void Attention::find_pages(Block& block) const noexcept {
  const auto pages = cache_.pages(block.sequence);
  const auto position = [&](std::uint32_t i) {
    const std::uint32_t query = order_[i];
    return batch_->positions[tokens_ ? tokens_[query] : query];
  };
  const std::int64_t low = position(block.first), high = position(block.first + block.count - 1);
  std::int64_t from = 0;
  if (shape_.window)
    from = shape_.window_kind == QUIPU_WINDOW_SLIDING
               ? std::max<std::int64_t>(0, low - shape_.window + 1)
               : low / shape_.window * shape_.window;
  const auto* const begin = pages.data();
  const auto* const end = begin + pages.size();
  const auto before = [&](auto bound, std::int64_t at) {
    return static_cast<std::uint32_t>(
        bound(begin, end, static_cast<std::uint32_t>(at / page_cells), {}, &PageEntry::block) -
        begin);
  };
  block.first_entry = before(std::ranges::lower_bound, from);
  block.last_entry = shape_.causal ? before(std::ranges::upper_bound, high)
                                   : static_cast<std::uint32_t>(pages.size());
}

// One task for a block, or one for each chunk where there would be too few tasks and the context is
// long.
void Attention::split(const Block& block) noexcept {
  const auto pages = cache_.pages(block.sequence);
  const auto chunk_of = [&](std::uint32_t entry) { return pages[entry].block / chunk_pages; };
  const std::uint32_t entries = block.last_entry - block.first_entry;
  const bool few = blocks_.size() < 4 * std::size_t{threads_} && threads_ > 1;
  const std::uint32_t chunks =
      entries ? chunk_of(block.last_entry - 1) - chunk_of(block.first_entry) + 1 : 0;
  const std::uint32_t rows = block.count * block.head_count;
  const std::size_t room = partial_rows_ - partial_used_;
  if (!few || chunks < 2 || block.kv_head_count != 1 || std::size_t{chunks} * rows > room) {
    tasks_.push_back({block, no_partial});
    return;
  }
  const auto partial = static_cast<std::uint32_t>(partial_used_);
  std::uint32_t count = 0;
  for (std::uint32_t entry = block.first_entry; entry < block.last_entry; ++count) {
    Block part = block;
    part.first_entry = entry;
    while (entry < block.last_entry && chunk_of(entry) == chunk_of(part.first_entry)) ++entry;
    part.last_entry = entry;
    tasks_.push_back({part, partial + count * rows});
  }
  partial_used_ += std::size_t{count} * rows;
  merges_.push_back({block, partial, count});
}

std::uint32_t Attention::fill_rows(const Block& block, std::uint32_t kv_head,
                                   const AttentionCall& call, QueryRow* rows) const noexcept {
  std::uint32_t count = 0;
  for (std::uint32_t i = block.first; i < block.first + block.count; ++i) {
    const std::uint32_t query = order_[i];
    const std::int64_t position = batch_->positions[tokens_ ? tokens_[query] : query];
    std::int64_t first = 0;
    const std::int64_t last = shape_.causal ? position : std::numeric_limits<std::int32_t>::max();
    if (shape_.window)
      first = shape_.window_kind == QUIPU_WINDOW_SLIDING ? position - shape_.window + 1
                                                         : position / shape_.window * shape_.window;
    for (std::uint32_t h = 0; h < block.head_count; ++h) {
      const std::uint32_t head = kv_head * group_ + block.head + h;
      rows[count++] = {call.q + query * call.q_stride + std::size_t{head} * shape_.key_width,
                       std::max<std::int64_t>(first, 0), last, static_cast<std::int32_t>(position),
                       slopes_.empty() ? 0.0f : slopes_[head]};
    }
  }
  return count;
}

// What is read after a task's pages of a key-value head, if its thread runs the next task; or null.
const std::byte* Attention::head_after(std::uint32_t task, std::uint32_t layer,
                                       std::uint32_t kv_head) const noexcept {
  const Block* block = &tasks_[task].block;
  if (++kv_head == block->kv_head + block->kv_head_count) {
    if (task + 1 == tasks_.size()) return nullptr;
    block = &tasks_[task + 1].block;
    kv_head = block->kv_head;
  }
  if (block->first_entry == block->last_entry) return nullptr;
  return cache_.head(cache_.pages(block->sequence)[block->first_entry].page, layer, kv_head);
}

void Attention::run(std::uint32_t index, const AttentionCall& call,
                    std::byte* memory) const noexcept {
  const auto& [block, partial] = tasks_[index];
  const Scratch scratch(memory, layout_.value_stride);
  const auto pages = cache_.pages(block.sequence);
  for (std::uint32_t kv = block.kv_head; kv < block.kv_head + block.kv_head_count; ++kv) {
    const std::uint32_t rows = fill_rows(block, kv, call, scratch.rows);
    kernels_.prepare(layout_, scratch.rows, rows, scratch.kernel);
    for (std::uint32_t entry = block.first_entry; entry < block.last_entry;) {
      // The first chunk's parts are the total so far.
      const PartialRows& part = entry == block.first_entry ? scratch.total : scratch.part;
      PageHead heads[chunk_pages];
      std::uint32_t count = 0;
      const std::uint32_t chunk = pages[entry].block / chunk_pages;
      for (; entry < block.last_entry && pages[entry].block / chunk_pages == chunk; ++entry)
        heads[count++] = {cache_.head(pages[entry].page, call.layer, kv),
                          std::int64_t{pages[entry].block} * page_cells,
                          cache_.occupied(pages[entry].page)};
      AttendArguments a{};
      a.layout = &layout_;
      a.pages = heads;
      a.page_count = count;
      a.row_count = rows;
      a.rows = scratch.rows;
      a.following = entry < block.last_entry ? cache_.head(pages[entry].page, call.layer, kv)
                                             : head_after(index, call.layer, kv);
      a.scale = shape_.scale;
      a.softcap = shape_.softcap;
      a.out = part;
      if (partial != no_partial)
        a.out = {partials_.maximum + partial, partials_.sum + partial,
                 partials_.o + std::size_t{partial} * partials_.stride, partials_.stride};
      a.scratch = scratch.kernel;
      kernels_.attend(a);
      if (partial != no_partial) return;
      if (&part == &scratch.total) continue;
      for (std::uint32_t r = 0; r < rows; ++r)
        kernels_.fold(&scratch.total.maximum[r], &scratch.total.sum[r],
                      scratch.total.o + r * part.stride, part.maximum[r], part.sum[r],
                      part.o + r * part.stride, part.stride);
    }
    for (std::uint32_t r = 0; r < rows; ++r) {
      const std::uint32_t query = order_[block.first + r / block.head_count];
      const std::uint32_t head = kv * group_ + block.head + r % block.head_count;
      kernels_.finish(scratch.total.maximum[r], scratch.total.sum[r],
                      scratch.total.o + r * scratch.total.stride,
                      call.sinks ? call.sinks[head] : -std::numeric_limits<float>::infinity(),
                      call.out + query * call.out_stride + std::size_t{head} * shape_.value_width,
                      shape_.value_width);
    }
  }
}

Attention::Extent Attention::extent() const noexcept {
  Extent all{};
  for (const Block& block : blocks_) {
    const std::uint64_t pages =
        std::uint64_t{block.last_entry - block.first_entry} * block.kv_head_count;
    const std::uint64_t rows = std::uint64_t{block.count} * block.head_count;
    all.bytes += pages * layout_.bytes;
    all.multiply_adds += pages * page_cells * rows * (layout_.key_width + layout_.value_width);
  }
  return all;
}

void Attention::merge(std::uint32_t index, const AttentionCall& call) const noexcept {
  const auto& [block, partial, chunks] = merges_[index];
  const std::uint32_t rows = block.count * block.head_count;
  for (std::uint32_t r = 0; r < rows; ++r) {
    // The first chunk's place takes the others, as in run().
    const std::size_t first = std::size_t{partial} + r;
    float maximum = partials_.maximum[first], sum = partials_.sum[first];
    float* const o = partials_.o + first * partials_.stride;
    for (std::uint32_t c = 1; c < chunks; ++c) {
      const std::size_t at = first + std::size_t{c} * rows;
      kernels_.fold(&maximum, &sum, o, partials_.maximum[at], partials_.sum[at],
                    partials_.o + at * partials_.stride, partials_.stride);
    }
    const std::uint32_t query = order_[block.first + r / block.head_count];
    const std::uint32_t head = block.kv_head * group_ + block.head + r % block.head_count;
    kernels_.finish(maximum, sum, o,
                    call.sinks ? call.sinks[head] : -std::numeric_limits<float>::infinity(),
                    call.out + query * call.out_stride + std::size_t{head} * shape_.value_width,
                    shape_.value_width);
  }
}

}  // namespace quipu_cpu
