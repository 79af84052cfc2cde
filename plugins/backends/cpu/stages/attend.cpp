#include "stages/attend.h"

#include "stages/row_job.h"

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

}  // namespace

std::unique_ptr<Job> store_job(const KvCache& cache, std::uint32_t layer, const Matrix& k,
                               const Matrix& v) {
  return row_job("cache", Rows::tokens, 2 * (std::uint64_t{k.width} + v.width),
                 [&cache, layer, &k, &v](const Step&, Row row) {
                   cache.store(layer, row.index, k.row(row), v.row(row));
                 });
}

std::unique_ptr<Job> attend_job(const AttentionNode& node) {
  return std::make_unique<AttendJob>(node);
}

std::unique_ptr<Job> merge_job(const AttentionNode& node) {
  return std::make_unique<MergeJob>(node);
}

}  // namespace quipu_cpu
