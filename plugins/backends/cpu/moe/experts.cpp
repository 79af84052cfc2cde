#include "moe/experts.h"

#include <algorithm>

#include "stages/row_job.h"
#include "stages/weight_use.h"

namespace quipu_cpu {
namespace {

/// Arrays in buffers, filled anew in every run.
struct Routing {
  Buffer& chosen_memory;   // [rows][used] experts, best first
  Buffer& weights_memory;  // [rows][used]
  Buffer& plan_memory;     // the arrays below, one after another
  std::uint32_t* chosen = nullptr;
  float* weights = nullptr;
  std::uint32_t* slot_of = nullptr;          // [rows][used]
  std::uint32_t* row_of = nullptr;           // [slots] row of the token
  std::uint32_t* slot_begin = nullptr;       // [experts + 1]
  std::uint32_t* up_task_begin = nullptr;    // [experts + 1]
  std::uint32_t* down_task_begin = nullptr;  // [experts + 1]
};

/// What the jobs of one node share.
struct Node {
  const RowKernels& kernels;
  Experts experts;
  const Matrix& logits;
  LinearInput& in;
  const Matrix& y;
  Routing routing;
  LinearInput& gathered;   // [slots, width]
  LinearInput& hidden;     // [slots, hidden]
  const Matrix& products;  // [slots, width]
  Scratch scores, multiplying;

  std::uint32_t used() const { return experts.moe.used; }
  std::uint32_t expert_count() const { return experts.moe.experts; }
  std::uint32_t rows(const Step& step) const { return count(y.rows, step); }
  std::uint32_t tokens_of(std::uint32_t expert) const {
    return routing.slot_begin[expert + 1] - routing.slot_begin[expert];
  }
  const WeightMatrix* gate(std::uint32_t expert) const {
    return experts.gate.empty() ? nullptr : &experts.gate[expert];
  }
  bool reads_in_place(std::uint32_t expert) const {
    return tokens_of(expert) == 1 && !experts.moe.weight_input && !experts.observer;
  }
  /// The expert's input rows.
  Activations input_of(std::uint32_t expert) const {
    const std::uint32_t slot = routing.slot_begin[expert];
    return reads_in_place(expert) ? from_row(in.form, routing.row_of[slot])
                                  : from_row(gathered.form, slot);
  }
  /// The expert whose tasks, of those counted in task_begin, include `task`.
  std::uint32_t expert_of(const std::uint32_t* task_begin, std::uint32_t task) const {
    return static_cast<std::uint32_t>(
        std::upper_bound(task_begin, task_begin + expert_count() + 1, task) - task_begin - 1);
  }
};

class RouteJob final : public RowJob {
 public:
  explicit RouteJob(const Node& node)
      : RowJob(node.y.rows, 16 * std::uint64_t{node.expert_count()}), node_(node) {}

  void run_row(const Step&, Row row) const noexcept override {
    const std::size_t first = std::size_t{row.index} * node_.used();
    route(node_.experts.moe, node_.experts.router, node_.logits.row(row),
          reinterpret_cast<float*>(node_.scores.of(row.thread)), node_.routing.chosen + first,
          node_.routing.weights + first);
  }
  std::string describe() const override { return "route"; }

 private:
  const Node& node_;
};

/// Sorts tokens by expert and counts the tasks of the products. One task.
class ArrangeJob final : public Job {
 public:
  explicit ArrangeJob(const Node& node) : node_(node) {}

  std::uint32_t tasks(const Step& step) const noexcept override { return node_.rows(step) != 0; }
  void run(const Step& step, std::uint32_t, std::uint32_t, std::uint32_t) const noexcept override {
    const Routing& r = node_.routing;
    const std::uint32_t experts = node_.expert_count(), used = node_.used();
    const std::uint32_t slots = node_.rows(step) * used;
    std::fill_n(r.slot_begin, experts + 1, 0);
    for (std::uint32_t i = 0; i < slots; ++i) ++r.slot_begin[r.chosen[i] + 1];
    for (std::uint32_t e = 0; e < experts; ++e) r.slot_begin[e + 1] += r.slot_begin[e];
    // Placing moves each expert's begin to its end, which is the next one's begin.
    for (std::uint32_t i = 0; i < slots; ++i) {
      const std::uint32_t slot = r.slot_begin[r.chosen[i]]++;
      r.slot_of[i] = slot;
      r.row_of[slot] = i / used;
    }
    for (std::uint32_t e = experts; e > 0; --e) r.slot_begin[e] = r.slot_begin[e - 1];
    r.slot_begin[0] = 0;

    r.up_task_begin[0] = r.down_task_begin[0] = 0;
    for (std::uint32_t e = 0; e < experts; ++e) {
      const std::uint32_t tokens = node_.tokens_of(e);
      std::uint32_t up_tasks = 0, down_tasks = 0;
      if (tokens > 0) {
        const WeightMatrix &up = node_.experts.up[e], &down = node_.experts.down[e];
        const std::uint32_t up_rows = gated_rows_per_task(node_.gate(e), up, tokens);
        const std::uint32_t down_rows = rows_per_task(down, tokens);
        up_tasks = (up.rows + up_rows - 1) / up_rows;
        down_tasks = (down.rows + down_rows - 1) / down_rows;
      }
      r.up_task_begin[e + 1] = r.up_task_begin[e] + up_tasks;
      r.down_task_begin[e + 1] = r.down_task_begin[e] + down_tasks;
    }
  }
  std::string describe() const override { return "tokens by expert"; }

 private:
  const Node& node_;
};

/// Copies the rows of experts that got several tokens; a task is a slot.
class GatherJob final : public Job {
 public:
  explicit GatherJob(const Node& node) : node_(node) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    const std::uint32_t rows = node_.rows(step);
    const bool all_in_place =
        rows == 1 && !node_.experts.moe.weight_input && !node_.experts.observer;
    return all_in_place ? 0 : rows * node_.used();
  }
  void run(const Step&, std::uint32_t first, std::uint32_t last,
           std::uint32_t) const noexcept override {
    for (std::uint32_t slot = first; slot < last; ++slot) gather(slot);
  }
  std::string describe() const override { return "gather"; }

 private:
  void gather(std::uint32_t slot) const noexcept {
    const std::uint32_t expert = node_.expert_of(node_.routing.slot_begin, slot);
    if (node_.reads_in_place(expert)) return;
    const std::uint32_t row = node_.routing.row_of[slot], tokens = node_.tokens_of(expert);
    const WeightMatrix &up = node_.experts.up[expert], *gate = node_.gate(expert);
    const bool int8 = reads_int8(up, tokens) || (gate && reads_int8(*gate, tokens));
    const bool floats =
        node_.experts.observer || reads_float(up, tokens) || (gate && reads_float(*gate, tokens));
    const Matrix &source = node_.in.x, &target = node_.gathered.x;
    if (!node_.experts.moe.weight_input) {
      if (int8) copy_int8_row(node_.in.form, row, node_.gathered.form, slot);
      if (floats) std::copy_n(source.row(row), source.width, target.row(slot));
      return;
    }
    node_.kernels.scale(source.row(row), weight(row, expert), source.width, target.row(slot));
    if (int8) quantize(*up.kernels, target.row(slot), node_.gathered.form, slot, 0, source.width);
  }

  float weight(std::uint32_t row, std::uint32_t expert) const noexcept {
    const std::size_t first = std::size_t{row} * node_.used();
    const std::uint32_t* chosen = node_.routing.chosen + first;
    return node_.routing
        .weights[first + (std::find(chosen, chosen + node_.used(), expert) - chosen)];
  }

  const Node& node_;
};

/// activation(gate) * up of every expert's tokens.
class HiddenJob final : public Job {
 public:
  HiddenJob(const Node& node, const quipu_activation& activation)
      : node_(node), activation_(activation) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    return node_.rows(step) ? node_.routing.up_task_begin[node_.expert_count()] : 0;
  }
  void run(const Step&, std::uint32_t first, std::uint32_t last,
           std::uint32_t thread) const noexcept override {
    for (std::uint32_t task = first; task < last; ++task) {
      const std::uint32_t e = node_.expert_of(node_.routing.up_task_begin, task);
      const std::uint32_t tokens = node_.tokens_of(e);
      const WeightMatrix &up = node_.experts.up[e], &down = node_.experts.down[e];
      const std::uint32_t rows = gated_rows_per_task(node_.gate(e), up, tokens);
      const std::uint32_t begin = (task - node_.routing.up_task_begin[e]) * rows;
      const auto bias = [&](const float* all) {
        return all ? all + std::size_t{e} * up.rows : nullptr;
      };
      const GatedBlock block{node_.gate(e),
                             up,
                             bias(node_.experts.gate_bias),
                             bias(node_.experts.up_bias),
                             activation_,
                             tokens,
                             begin,
                             std::min(up.rows, begin + rows),
                             node_.routing.slot_begin[e],
                             node_.experts.observer || reads_float(down, tokens),
                             reads_int8(down, tokens)};
      const Matrix& hidden = node_.hidden.x;
      gated_block(node_.kernels, block, node_.input_of(e), hidden.data, hidden.stride,
                  node_.hidden.form, node_.multiplying.of(thread));
    }
  }
  std::string describe() const override {
    const WeightMatrix& up = node_.experts.up.front();
    return std::string("experts ") + up.codec->name + " " + std::to_string(node_.used()) + " of " +
           std::to_string(node_.expert_count()) + " [" + std::to_string(up.rows) + ", " +
           std::to_string(up.columns) + "]";
  }

  Work work(const Step&) const noexcept override {
    Work work;
    for (std::uint32_t e = 0; e < node_.expert_count(); ++e) {
      add_product(work, 0, node_.experts.up[e], node_.tokens_of(e));
      if (node_.gate(e)) add_product(work, 1, *node_.gate(e), node_.tokens_of(e));
    }
    return work;
  }
  std::vector<WeightUse> weights(std::uint32_t kernels) const override {
    std::vector<const WeightMatrix*> all{&node_.experts.up.front()};
    if (node_.gate(0)) all.push_back(node_.gate(0));
    return weight_uses(all, kernels);
  }

 private:
  const Node& node_;
  quipu_activation activation_;
};

/// Shows the observer every expert's rows of a matrix [slots, columns]. One task.
class ObserveExpertsJob final : public Job {
 public:
  ObserveExpertsJob(const Node& node, const quipu_tensor& weight, const Matrix& x)
      : node_(node), weight_(weight), x_(x) {}

  std::uint32_t tasks(const Step& step) const noexcept override { return node_.rows(step) != 0; }
  void run(const Step&, std::uint32_t, std::uint32_t, std::uint32_t) const noexcept override {
    const quipu_observer& observer = *node_.experts.observer;
    for (std::uint32_t e = 0; e < node_.expert_count(); ++e)
      if (const std::uint32_t tokens = node_.tokens_of(e))
        observer.product(observer.context, &weight_, e, x_.row(node_.routing.slot_begin[e]), tokens,
                         x_.stride);
  }
  std::string describe() const override { return "observe experts"; }

 private:
  const Node& node_;
  const quipu_tensor& weight_;
  const Matrix& x_;
};

class DownJob final : public Job {
 public:
  explicit DownJob(const Node& node) : node_(node) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    return node_.rows(step) ? node_.routing.down_task_begin[node_.expert_count()] : 0;
  }
  void run(const Step&, std::uint32_t first, std::uint32_t last,
           std::uint32_t thread) const noexcept override {
    for (std::uint32_t task = first; task < last; ++task) {
      const std::uint32_t e = node_.expert_of(node_.routing.down_task_begin, task);
      const std::uint32_t tokens = node_.tokens_of(e), slot = node_.routing.slot_begin[e];
      const WeightMatrix& down = node_.experts.down[e];
      const std::uint32_t rows = rows_per_task(down, tokens);
      const std::uint32_t begin = (task - node_.routing.down_task_begin[e]) * rows;
      const std::uint32_t end = std::min(down.rows, begin + rows);
      multiply(down, from_row(node_.hidden.form, slot), tokens, begin, end,
               node_.products.row(slot) + begin, node_.products.stride,
               node_.multiplying.of(thread), {}, after(down, end));
    }
  }
  std::string describe() const override {
    const WeightMatrix& down = node_.experts.down.front();
    return std::string("experts ") + down.codec->name + " [" + std::to_string(down.rows) + ", " +
           std::to_string(down.columns) + "]";
  }

  Work work(const Step&) const noexcept override {
    Work work;
    for (std::uint32_t e = 0; e < node_.expert_count(); ++e)
      add_product(work, 0, node_.experts.down[e], node_.tokens_of(e));
    return work;
  }
  std::vector<WeightUse> weights(std::uint32_t kernels) const override {
    const WeightMatrix* const all[] = {&node_.experts.down.front()};
    return weight_uses(all, kernels);
  }

 private:
  const Node& node_;
};

/// The weighted sum of a token's slots, best expert first.
class CombineJob final : public RowJob {
 public:
  explicit CombineJob(const Node& node)
      : RowJob(node.y.rows, std::uint64_t{node.used()} * node.y.width), node_(node) {}

  void run_row(const Step&, Row row) const noexcept override {
    float* y = node_.y.row(row);
    std::fill_n(y, node_.y.width, 0.0f);
    for (std::uint32_t k = 0; k < node_.used(); ++k) {
      const std::size_t i = std::size_t{row.index} * node_.used() + k;
      const float weight = node_.experts.moe.weight_input ? 1.0f : node_.routing.weights[i];
      node_.kernels.accumulate(node_.products.row(node_.routing.slot_of[i]), weight, node_.y.width,
                               y);
      if (node_.experts.down_bias)
        node_.kernels.accumulate(node_.experts.down_bias +
                                     std::size_t{node_.routing.chosen[i]} * node_.y.width,
                                 weight, node_.y.width, y);
    }
  }
  std::string describe() const override { return "sum of experts"; }

 private:
  const Node& node_;
};

Routing make_routing(const quipu_moe& moe, Program& program) {
  const std::uint64_t slots = std::uint64_t{program.batch()} * moe.used;
  return {program.buffer(slots * sizeof(std::uint32_t)), program.buffer(slots * sizeof(float)),
          program.buffer((2 * slots + 3 * (moe.experts + 1)) * sizeof(std::uint32_t))};
}

void bind(Routing& r, const quipu_moe& moe, std::uint64_t slots) {
  r.chosen = reinterpret_cast<std::uint32_t*>(r.chosen_memory.data);
  r.weights = reinterpret_cast<float*>(r.weights_memory.data);
  r.slot_of = reinterpret_cast<std::uint32_t*>(r.plan_memory.data);
  r.row_of = r.slot_of + slots;
  r.slot_begin = r.row_of + slots;
  r.up_task_begin = r.slot_begin + moe.experts + 1;
  r.down_task_begin = r.up_task_begin + moe.experts + 1;
}

}  // namespace

void add_experts(const RowKernels& kernels, Experts experts, const Matrix& logits, LinearInput& in,
                 const Matrix& y, Program& program) {
  const quipu_moe moe = experts.moe;
  const std::uint32_t slots = program.batch() * moe.used;
  std::size_t scratch_bytes = 0;
  for (std::uint32_t e = 0; e < moe.experts; ++e) {
    const WeightMatrix* gate = experts.gate.empty() ? nullptr : &experts.gate[e];
    scratch_bytes =
        std::max({scratch_bytes, gated_scratch_bytes(gate, experts.up[e], program.batch()),
                  matmul_scratch_bytes(experts.down[e], program.batch())});
  }
  const std::uint32_t hidden = experts.up.front().rows;
  Node& node = program.keep<Node>(
      Node{kernels, std::move(experts), logits, in, y, make_routing(moe, program),
           linear_input(program.matrix(y.rows, slots, in.x.width), program, slots),
           linear_input(program.matrix(y.rows, slots, hidden), program, slots),
           program.matrix(y.rows, slots, y.width),
           scratch(2 * moe.experts * sizeof(float), program), scratch(scratch_bytes, program)});
  program.on_bind([&node, moe, slots] { bind(node.routing, moe, slots); });
  // Every expert gets a number of tokens of its own, and its form depends on that.
  for (std::uint32_t tokens = 1; tokens <= program.batch() && !in.always_int8; ++tokens)
    in.always_int8 = reads_int8(node.experts.up.front(), tokens) ||
                     (!node.experts.gate.empty() && reads_int8(node.experts.gate.front(), tokens));

  const auto add = [&](std::unique_ptr<Job> job, std::vector<Buffer*> reads,
                       std::vector<Buffer*> writes) { program.add(std::move(job), reads, writes); };
  const Routing& r = node.routing;
  add(std::make_unique<RouteJob>(node), {logits.buffer},
      {&r.chosen_memory, &r.weights_memory, &node.scores.memory});
  add(std::make_unique<ArrangeJob>(node), {&r.chosen_memory}, {&r.plan_memory});
  add(std::make_unique<GatherJob>(node),
      {&r.chosen_memory, &r.weights_memory, &r.plan_memory, in.x.buffer, &in.int8},
      {node.gathered.x.buffer, &node.gathered.int8});
  const quipu_activation activation{sizeof activation, moe.activation, moe.alpha, moe.limit};
  add(std::make_unique<HiddenJob>(node, activation),
      {&r.plan_memory, in.x.buffer, &in.int8, node.gathered.x.buffer, &node.gathered.int8},
      {node.hidden.x.buffer, &node.hidden.int8, &node.multiplying.memory});
  if (node.experts.observer) {
    Buffer* const observed = node.experts.observed;
    const auto observe = [&](const quipu_tensor* weight, const Matrix& x) {
      if (weight)
        add(std::make_unique<ObserveExpertsJob>(node, *weight, x),
            {&r.plan_memory, x.buffer, observed}, {observed});
    };
    observe(node.experts.tensors.gate, node.gathered.x);
    observe(node.experts.tensors.up, node.gathered.x);
    observe(node.experts.tensors.down, node.hidden.x);
  }
  // The scratch of the two products is one; naming it here keeps it alive until the second is done.
  add(std::make_unique<DownJob>(node),
      {&r.plan_memory, node.hidden.x.buffer, &node.hidden.int8, &node.multiplying.memory},
      {node.products.buffer});
  add(std::make_unique<CombineJob>(node),
      {&r.chosen_memory, &r.weights_memory, &r.plan_memory, node.products.buffer}, {y.buffer});
}

}  // namespace quipu_cpu
