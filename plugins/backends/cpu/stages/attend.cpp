#include "stages/attend.h"

#include <algorithm>
#include <numeric>

#include "stages/row_job.h"
#include "stages/weight_use.h"

namespace quipu_cpu {
namespace {

AttentionCall call_of(const AttentionNode& node) {
  return {node.layer, node.sinks, node.q.data, node.q.stride, node.out.data, node.out.stride};
}

class AttendJob final : public Job {
 public:
  explicit AttendJob(const AttentionNode& node) : node_(node) {}

  std::uint32_t tasks(const Step&) const noexcept override { return node_.group.attention.tasks(); }
  void run(const Step&, std::uint32_t first, std::uint32_t last,
           std::uint32_t thread) const noexcept override {
    const AttentionCall call = call_of(node_);
    std::byte* scratch = node_.scratch.data + thread * node_.scratch_stride;
    for (std::uint32_t task = first; task < last; ++task)
      node_.group.attention.run(task, call, scratch);
  }
  std::string describe() const override { return "attention"; }
  Work work(const Step&) const noexcept override {
    const Attention::Extent extent = node_.group.attention.extent();
    return {extent.bytes, extent.multiply_adds, 0};
  }

 private:
  const AttentionNode& node_;
};

class MergeJob final : public Job {
 public:
  explicit MergeJob(const AttentionNode& node) : node_(node) {}

  std::uint32_t tasks(const Step&) const noexcept override {
    return node_.group.attention.merge_tasks();
  }
  void run(const Step&, std::uint32_t first, std::uint32_t last,
           std::uint32_t) const noexcept override {
    const AttentionCall call = call_of(node_);
    for (std::uint32_t task = first; task < last; ++task) node_.group.attention.merge(task, call);
  }
  std::string describe() const override { return "merge of attention"; }

 private:
  const AttentionNode& node_;
};

// Rows of a task: whole groups of columns of the cache.
std::uint32_t values_per_task(const WeightMatrix& weight, std::uint32_t tokens) noexcept {
  return std::lcm(rows_per_task(weight, tokens), KvCache::value_columns);
}

std::size_t products_bytes(const WeightMatrix& weight, std::uint32_t tokens) noexcept {
  return (std::size_t{tokens} * values_per_task(weight, tokens) * sizeof(float) + 63) / 64 * 64;
}

class LinearValuesJob final : public Job {
 public:
  LinearValuesJob(const CacheLayer& to, const LinearPart& part, const LinearInput& in,
                  const Scratch& scratch)
      : to_(to), part_(part), in_(in), scratch_(scratch) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    const std::uint32_t rows = values_per_task(part_.weight, step.tokens);
    return (part_.weight.rows + rows - 1) / rows;
  }

  void run(const Step& step, std::uint32_t first, std::uint32_t last,
           std::uint32_t thread) const noexcept override {
    const std::uint32_t rows = values_per_task(part_.weight, step.tokens);
    float* const products = reinterpret_cast<float*>(scratch_.of(thread));
    std::byte* const rest = scratch_.of(thread) + products_bytes(part_.weight, step.tokens);
    const Activations in = in_.form_of(step.tokens);
    for (std::uint32_t task = first; task < last; ++task) {
      const std::uint32_t begin = task * rows, end = std::min(part_.weight.rows, begin + rows);
      multiply(part_.weight, in, step.tokens, begin, end, products, end - begin, rest,
               {.bias = part_.bias ? part_.bias + begin : nullptr},
               {task + 1 < last ? &part_.weight : nullptr, end});
      for (std::uint32_t t = 0; t < step.tokens; ++t)
        to_.cache.store_value(to_.layer, t, begin, end - begin,
                              products + std::size_t{t} * (end - begin));
    }
  }

  std::string describe() const override { return describe_linear(part_) + " + cache"; }

  Work work(const Step& step) const noexcept override {
    Work work;
    add_product(work, 0, part_.weight, step.tokens);
    return work;
  }
  std::vector<WeightUse> weights(std::uint32_t kernels) const override {
    const WeightMatrix* const all[] = {&part_.weight};
    return weight_uses(all, kernels);
  }

 private:
  CacheLayer to_;
  LinearPart part_;
  const LinearInput& in_;
  Scratch scratch_;
};

}  // namespace

std::unique_ptr<Job> store_keys_job(const CacheLayer& to, const Matrix& k) {
  return row_job("cache", Rows::tokens, 2 * std::uint64_t{k.width}, [to, &k](const Step&, Row row) {
    to.cache.store_key(to.layer, row.index, k.row(row));
  });
}

std::unique_ptr<Job> store_values_job(const CacheLayer& to, const Matrix& v) {
  return row_job("cache", Rows::tokens, 2 * std::uint64_t{v.width}, [to, &v](const Step&, Row row) {
    to.cache.store_value(to.layer, row.index, 0, v.width, v.row(row));
  });
}

bool can_write_values(const CacheLayer& to, const WeightMatrix& weight) noexcept {
  const std::uint32_t width = to.cache.layer(to.layer).value_width;
  return width % KvCache::value_columns == 0 && weight.rows % width == 0;
}

std::unique_ptr<Job> linear_values_job(const CacheLayer& to, const LinearPart& part,
                                       const LinearInput& in, const Scratch& scratch) {
  return std::make_unique<LinearValuesJob>(to, part, in, scratch);
}

std::size_t linear_values_scratch_bytes(const WeightMatrix& weight, std::uint32_t batch) {
  std::size_t products = 0;
  for (std::uint32_t tokens = 1; tokens <= batch; ++tokens)
    products = std::max(products, products_bytes(weight, tokens));
  return products + matmul_scratch_bytes(weight, batch);
}

std::unique_ptr<Job> attend_job(const AttentionNode& node) {
  return std::make_unique<AttendJob>(node);
}

std::unique_ptr<Job> merge_job(const AttentionNode& node) {
  return std::make_unique<MergeJob>(node);
}

}  // namespace quipu_cpu
