// Attention as jobs: keys and values into the cache, the softmax, and the merge of its parts.
#pragma once

#include <memory>

#include "attention/attention.h"
#include "attention/kv_cache.h"
#include "plan/job.h"
#include "stages/linear.h"

namespace quipu_cpu {

/// Attention nodes of one shape over the same rows; prepared before each run.
struct AttentionGroup {
  AttentionGroup(const KvCache& cache, const quipu_attention& shape, std::uint32_t layer,
                 std::uint32_t batch, std::uint32_t threads, std::uint32_t isa, Rows of)
      : attention(cache, shape, layer, batch, threads, isa), rows(of) {}

  Attention attention;
  Rows rows;

  void prepare(const Step& step) noexcept {
    attention.prepare(*step.batch, rows == Rows::wanted ? step.wanted_rows : nullptr,
                      count(rows, step));
  }
};

/// What the jobs of an attention node share. Outlives them.
struct AttentionNode {
  const AttentionGroup& group;
  std::uint32_t layer;  ///< of the cache
  const float* sinks;   ///< [heads] or null
  const Matrix& q;
  const Matrix& out;
  const Buffer& scratch;  ///< threads * scratch_stride bytes
  std::size_t scratch_stride;
};

/// Where the keys or values of a layer go.
struct CacheLayer {
  const KvCache& cache;
  std::uint32_t layer;
};

/// Writes keys or values [tokens, …] of the batch into the cache.
std::unique_ptr<Job> store_keys_job(const CacheLayer& to, const Matrix& k);
std::unique_ptr<Job> store_values_job(const CacheLayer& to, const Matrix& v);
/// Values that a product writes there itself, x * weight^T + bias; whether it can.
bool can_write_values(const CacheLayer& to, const WeightMatrix& weight) noexcept;
std::unique_ptr<Job> linear_values_job(const CacheLayer& to, const LinearPart& part,
                                       const LinearInput& in, const Scratch& scratch);
std::size_t linear_values_scratch_bytes(const WeightMatrix& weight, std::uint32_t batch);
std::unique_ptr<Job> attend_job(const AttentionNode& node);
/// After attend_job; mostly without tasks.
std::unique_ptr<Job> merge_job(const AttentionNode& node);

}  // namespace quipu_cpu
