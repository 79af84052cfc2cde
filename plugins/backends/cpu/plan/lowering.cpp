#include "plan/lowering.h"

#include <algorithm>
#include <string>

#include "matmul/kernels.h"
#include "moe/experts.h"
#include "quipu/sdk/plugin.h"
#include "stages/columns.h"
#include "stages/elementwise.h"
#include "stages/embed.h"
#include "stages/grouped_linear.h"
#include "stages/linear.h"
#include "stages/norm.h"
#include "stages/observe.h"
#include "stages/precise_linear.h"
#include "stages/rope.h"

namespace quipu_cpu {
namespace {

namespace sdk = quipu::sdk;

template <class Attributes>
const Attributes& attributes_of(const quipu_graph_node& node) {
  return *static_cast<const Attributes*>(node.attributes);
}

class Lowering {
 public:
  Lowering(const quipu_graph& graph, quipu_node output, const Target& target, Program& program)
      : graph_(graph), output_(output), target_(target), weights_(target.weights),
        program_(program), facts_(analyse(graph, output)), values_(graph.node_count + 1),
        observed_(program.buffer(0)) {}

  Lowered lower() {
    for (quipu_node n = 1; n <= graph_.node_count; ++n)
      if (facts_[n].needed && facts_[n].fused_into == 0 && node(n).op != QUIPU_OP_WEIGHT)
        add_jobs(n);
    for (const LinearInput* input : multiplied_)
      if (!input->is_ever_read_as_float(program_.batch())) input->x.buffer->bytes = 0;
    Matrix& result = *values_[output_];
    if (writes_to_caller(output_)) return {&result, attention_};
    Matrix& outside = program_.external(Rows::wanted, result.width);
    add(result.rows == Rows::tokens ? select_job(result, outside) : copy_job(result, outside),
        {&result}, outside);
    return {&outside, attention_};
  }

 private:
  const quipu_graph_node& node(quipu_node n) const { return *graph_.nodes[n - 1]; }
  bool is_weight(quipu_node n) const { return n != 0 && node(n).op == QUIPU_OP_WEIGHT; }
  quipu_node input(quipu_node n, std::uint32_t index) const {
    return index < node(n).input_count ? node(n).inputs[index] : 0;
  }

  /// Whether the node's job can write rows that lie apart, as the caller's may.
  bool writes_to_caller(quipu_node n) const {
    return n == output_ && facts_[n].uses == 0 && facts_[n].rows == Rows::wanted &&
           node(n).op != QUIPU_OP_HOST && node(n).op != QUIPU_OP_SELECT_OUTPUTS;
  }

  /// A new matrix for the node's value.
  Matrix& result(quipu_node n) {
    Matrix& matrix = writes_to_caller(n) ? program_.external(facts_[n].rows, node(n).width)
                                         : program_.matrix(facts_[n].rows, node(n).width);
    values_[n] = &matrix;
    return matrix;
  }

  /// The value of a node for a reader that works on those rows.
  Matrix& value(quipu_node n, Rows rows) {
    Matrix& matrix = *values_[n];
    if (matrix.rows == rows) return matrix;
    auto [at, added] = selected_.try_emplace(n, nullptr);
    if (added) {
      at->second = &program_.matrix(Rows::wanted, matrix.width);
      add(select_job(matrix, *at->second), {&matrix}, *at->second);
    }
    return *at->second;
  }

  Job& add(std::unique_ptr<Job> job, std::initializer_list<const Matrix*> reads,
           const Matrix& writes) {
    std::vector<Buffer*> buffers;
    for (const Matrix* matrix : reads) buffers.push_back(matrix->buffer);
    Buffer* const written[] = {writes.buffer};
    return program_.add(std::move(job), buffers, written);
  }

  const float* floats(quipu_node n) { return n ? weights_.floats(*node(n).weight) : nullptr; }

  void add_jobs(quipu_node n) {
    const quipu_graph_node& self = node(n);
    const Rows rows = facts_[n].rows;
    const RowKernels& kernels = target_.kernels;
    const auto unary = [&](auto make) {
      const Matrix& x = value(input(n, 0), rows);
      const Matrix& y = result(n);
      add(make(x, y), {&x}, y);
    };
    switch (self.op) {
    case QUIPU_OP_EMBED: {
      const Matrix& y = result(n);
      add(embed_job(attributes_of<quipu_embed>(self), *node(input(n, 0)).weight, target_.isa, y),
          {}, y);
      break;
    }
    case QUIPU_OP_LINEAR:
      add_linear(n, n, nullptr);
      break;
    case QUIPU_OP_NORM:
      unary([&](const Matrix& x, const Matrix& y) {
        return norm_job(kernels, attributes_of<quipu_norm>(self), norm_weight(input(n, 1)),
                        norm_weight(input(n, 2)), x, y);
      });
      break;
    case QUIPU_OP_ROPE:
      add_rope(n);
      break;
    case QUIPU_OP_ATTENTION:
      add_attention(n);
      break;
    case QUIPU_OP_ACTIVATION:
      unary([&](const Matrix& x, const Matrix& y) {
        return activation_job(kernels, attributes_of<quipu_activation>(self), x, y);
      });
      break;
    case QUIPU_OP_GLU:
      add_glu(n);
      break;
    case QUIPU_OP_MOE:
      add_moe(n);
      break;
    case QUIPU_OP_ADD:
      add_sum(n);
      break;
    case QUIPU_OP_MUL:
      add_product(n);
      break;
    case QUIPU_OP_SCALE:
      unary([&](const Matrix& x, const Matrix& y) {
        return scale_job(kernels, attributes_of<quipu_scale>(self), x, y);
      });
      break;
    case QUIPU_OP_CLAMP:
      unary([&](const Matrix& x, const Matrix& y) {
        return clamp_job(kernels, attributes_of<quipu_clamp>(self), x, y);
      });
      break;
    case QUIPU_OP_SOFTCAP:
      unary([&](const Matrix& x, const Matrix& y) {
        return softcap_job(kernels, attributes_of<quipu_scale>(self).factor, x, y);
      });
      break;
    case QUIPU_OP_SPLIT:
      unary([&](const Matrix& x, const Matrix& y) {
        return split_job(attributes_of<quipu_split>(self), x, y);
      });
      break;
    case QUIPU_OP_CONCAT: {
      const Matrix& a = value(input(n, 0), rows);
      const Matrix& b = value(input(n, 1), rows);
      const Matrix& y = result(n);
      add(concat_job(attributes_of<quipu_concat>(self), a, b, y), {&a, &b}, y);
      break;
    }
    case QUIPU_OP_SELECT_OUTPUTS:
      values_[n] = &value(input(n, 0), Rows::wanted);
      break;
    case QUIPU_OP_HOST:
      add_host(n);
      break;
    default:
      throw sdk::Error(QUIPU_E_UNSUPPORTED,
                       "operation " + std::to_string(self.op) +
                           ": expected one of opset 1, which backend cpu runs");
    }
  }

  const quipu_tensor* weight_of(quipu_node n) const { return n ? node(n).weight : nullptr; }

  NormWeight norm_weight(quipu_node n) {
    if (n == 0) return {};
    const quipu_tensor& gains = *node(n).weight;
    return {floats(n), static_cast<std::uint32_t>(gains.shape[0] * gains.shape[1])};
  }

  LinearPart linear_part(quipu_node linear) {
    return {weights_.matrix(*node(input(linear, 1)).weight), floats(input(linear, 2))};
  }

  /// The forms of a matrix, made by a job of their own unless product_input() came first.
  LinearInput& linear_input_of(const Matrix& x) {
    const auto [at, added] = inputs_.try_emplace(&x);
    if (added) {
      at->second = &linear_input(x, program_, program_.batch());
      if (at->second->int8.bytes > 0) {
        Buffer *const reads[] = {x.buffer}, *const writes[] = {&at->second->int8};
        program_.add(quantize_job(matmul_kernels(target_.isa), *at->second), reads, writes);
      }
    }
    return *at->second;
  }

  /// The forms of a product whose job writes them itself.
  LinearInput& product_input(const Matrix& y) {
    LinearInput& input = linear_input(y, program_, program_.batch());
    inputs_[&y] = &input;
    return input;
  }

  /// A job that multiplies with those weights; the input's floats are kept for it if one wants
  /// them.
  Job& add_linear_job(std::unique_ptr<Job> job, const LinearInput& in,
                      std::initializer_list<const WeightMatrix*> weights, Buffer* addend,
                      std::initializer_list<Buffer*> writes) {
    const bool reads_floats = std::ranges::any_of(weights, [&](const WeightMatrix* weight) {
      return ever_reads_float(*weight, program_.batch());
    });
    Buffer* const reads[] = {reads_floats ? in.x.buffer : nullptr, &in.int8, addend};
    return program_.add(std::move(job), reads, std::span(writes));
  }

  /// Shows the observer, if any, what a weight is multiplied with.
  void observe(quipu_node weight, const Matrix& x) {
    if (!target_.observer) return;
    Buffer *const reads[] = {x.buffer, &observed_}, *const writes[] = {&observed_};
    program_.add(observe_job(*target_.observer, *node(weight).weight, x), reads, writes);
  }

  /// y = x * weight^T + bias + addend.
  void add_linear_to(const LinearPart& part, const Matrix& x, const Matrix* addend,
                     const Matrix& y) {
    LinearInput& in = linear_input_of(x);
    in.readers.push_back(&part.weight);
    const Scratch space = scratch(linear_scratch_bytes(part, program_.batch()), program_);
    Job& job = add_linear_job(linear_job(part, in, addend, y, space), in, {&part.weight},
                              addend ? addend->buffer : nullptr, {y.buffer, &space.memory});
    if (addend && addend != &x && can_add_in_place(part, program_.batch()))
      job.in_place.push_back({addend->buffer, y.buffer});
  }

  /// The product of a LINEAR node, with another matrix added to it, as the value of node n.
  void add_linear(quipu_node n, quipu_node linear, const Matrix* addend) {
    const Matrix& x = value(input(linear, 0), facts_[linear].rows);
    if (node(input(linear, 1)).weight->shape[2] > 1) return add_grouped(n, linear, addend, x);
    const LinearPart part = linear_part(linear);
    observe(input(linear, 1), x);
    if (node(linear).after_select && !addend && can_be_precise(part.weight, program_.batch()))
      return add_precise_linear(target_.kernels, part, x, result(n), program_);
    add_linear_to(part, x, addend, result(n));
  }

  void add_grouped(quipu_node n, quipu_node linear, const Matrix* addend, const Matrix& x) {
    const auto& matrices = weights_.slices(*node(input(linear, 1)).weight);
    const Matrix& y = addend ? program_.matrix(facts_[linear].rows, node(linear).width) : result(n);
    const Scratch space = scratch(grouped_scratch_bytes(matrices, program_.batch()), program_);
    add(grouped_linear_job(matrices, x, y, space), {&x}, y).writes.push_back(&space.memory);
    if (!addend) return;
    const Matrix& sum = result(n);
    add(add_job(target_.kernels, y, *addend, sum), {&y, addend}, sum);
  }

  void add_glu(quipu_node n) {
    const quipu_node gate = input(n, 0), up = input(n, 1);
    const quipu_activation& activation = attributes_of<quipu_activation>(node(n));
    const Rows rows = facts_[n].rows;
    if (facts_[gate].fused_into == n) {
      const LinearPart gate_part = linear_part(gate), up_part = linear_part(up);
      if (can_be_gated(gate_part.weight, up_part.weight)) {
        const Matrix& x = value(input(gate, 0), rows);
        observe(input(gate, 1), x);
        observe(input(up, 1), x);
        return add_gated(n, gate_part, up_part, x);
      }
      add_linear(gate, gate, nullptr);
      add_linear(up, up, nullptr);
    }
    const Matrix& a = value(gate, rows);
    const Matrix& b = value(up, rows);
    const Matrix& y = result(n);
    add(glu_job(target_.kernels, activation, a, b, y), {&a, &b}, y);
  }

  void add_gated(quipu_node n, const LinearPart& gate, const LinearPart& up, const Matrix& x) {
    LinearInput& in = linear_input_of(x);
    in.readers.push_back(&gate.weight);
    in.readers.push_back(&up.weight);
    const Matrix& y = result(n);
    LinearInput& out = product_input(y);
    const Scratch space =
        scratch(gated_scratch_bytes(&gate.weight, up.weight, program_.batch()), program_);
    const bool floats_always = !facts_[n].only_multiplied || n == output_ || target_.observer;
    if (!floats_always) multiplied_.push_back(&out);
    const GatedLinear linear{gate, up,  attributes_of<quipu_activation>(node(n)),
                             in,   out, floats_always};
    add_linear_job(gated_linear_job(target_.kernels, linear, space), in, {&gate.weight, &up.weight},
                   nullptr, {y.buffer, &out.int8, &space.memory});
  }

  void add_sum(quipu_node n) {
    const quipu_node a = input(n, 0), b = input(n, 1);
    const Rows rows = facts_[n].rows;
    if (is_weight(b)) return add_with_weight(n, add_weight_job);
    if (facts_[b].fused_into == n) return add_linear(n, b, &value(a, rows));
    if (facts_[a].fused_into == n) return add_linear(n, a, &value(b, rows));
    add_binary(n, add_job);
  }

  void add_product(quipu_node n) {
    if (is_weight(input(n, 1)))
      add_with_weight(n, multiply_weight_job);
    else
      add_binary(n, multiply_job);
  }

  template <class Make>
  void add_binary(quipu_node n, Make make) {
    const Matrix& a = value(input(n, 0), facts_[n].rows);
    const Matrix& b = value(input(n, 1), facts_[n].rows);
    const Matrix& y = result(n);
    add(make(target_.kernels, a, b, y), {&a, &b}, y);
  }

  template <class Make>
  void add_with_weight(quipu_node n, Make make) {
    const Matrix& a = value(input(n, 0), facts_[n].rows);
    const quipu_tensor& weight = *node(input(n, 1)).weight;
    const Matrix& y = result(n);
    add(make(target_.kernels, a, weights_.floats(weight),
             static_cast<std::uint32_t>(weight.shape[0]), y),
        {&a}, y);
  }

  struct RopeTable {
    const Matrix *cosine, *sine;
  };
  const RopeTable& rope_table(quipu_node n) {
    const quipu_rope& rope = attributes_of<quipu_rope>(node(n));
    const quipu_node factors = rope_factors(node(n), target_.context);
    const std::vector<double>& turns =
        weights_.frequencies(rope_frequencies(rope, floats(factors)));
    auto [at, added] = rope_tables_.try_emplace({&turns, rope.magnitude});
    if (added) {
      const Matrix& cosine = program_.matrix(Rows::tokens, rope.rotary / 2);
      const Matrix& sine = program_.matrix(Rows::tokens, rope.rotary / 2);
      add(rope_table_job(turns, rope.magnitude, cosine, sine), {}, cosine)
          .writes.push_back(sine.buffer);
      at->second = {&cosine, &sine};
    }
    return at->second;
  }

  void add_rope(quipu_node n) {
    const RopeTable& table = rope_table(n);
    const Matrix& x = value(input(n, 0), facts_[n].rows);
    const Matrix& y = result(n);
    add(rope_job(target_.kernels, attributes_of<quipu_rope>(node(n)), *table.cosine, *table.sine, x,
                 y),
        {&x, table.cosine, table.sine}, y)
        .in_place.push_back({x.buffer, y.buffer});
  }

  AttentionGroup& attention_group(const quipu_attention& shape, std::uint32_t layer, Rows rows) {
    for (AttentionGroup* group : attention_)
      if (group->rows == rows && group->attention.fits(shape)) return *group;
    attention_.push_back(&program_.keep<AttentionGroup>(
        target_.cache, shape, layer, program_.batch(), program_.threads(), target_.isa, rows));
    return *attention_.back();
  }

  /// Stand for what a layer's cache holds.
  struct Cached {
    Buffer *keys, *values;
  };

  /// Stands for the parts that a group's nodes merge, one node at a time.
  Buffer& parts_of(const AttentionGroup& group) {
    const auto [at, added] = parts_.try_emplace(&group, nullptr);
    if (added) at->second = &program_.buffer(0);
    return *at->second;
  }

  /// Writes the values of attention node n into the cache.
  void add_values(quipu_node n, const CacheLayer& to, Buffer& cached) {
    const quipu_node values = input(n, 2);
    if (facts_[values].fused_into == n) {
      const quipu_node weight = input(values, 1);
      if (node(weight).weight->shape[2] == 1) {
        const LinearPart part = linear_part(values);
        if (can_write_values(to, part.weight)) {
          const Matrix& x = value(input(values, 0), Rows::tokens);
          observe(weight, x);
          LinearInput& in = linear_input_of(x);
          in.readers.push_back(&part.weight);
          const Scratch space =
              scratch(linear_values_scratch_bytes(part.weight, program_.batch()), program_);
          add_linear_job(linear_values_job(to, part, in, space), in, {&part.weight}, nullptr,
                         {&cached, &space.memory});
          return;
        }
      }
      add_linear(values, values, nullptr);
    }
    const Matrix& v = value(values, Rows::tokens);
    Buffer *const reads[] = {v.buffer}, *const writes[] = {&cached};
    program_.add(store_values_job(to, v), reads, writes);
  }

  void add_attention(quipu_node n) {
    const quipu_attention& shape = attributes_of<quipu_attention>(node(n));
    const std::uint32_t layer = target_.layers.index.at(shape.layer);
    const auto [at, added] = cached_.try_emplace(layer);
    if (added) at->second = {&program_.buffer(0), &program_.buffer(0)};
    const Cached& cached = at->second;
    if (input(n, 1) != 0) {
      const CacheLayer to{target_.cache, layer};
      const Matrix& k = value(input(n, 1), Rows::tokens);
      Buffer *const reads[] = {k.buffer}, *const writes[] = {cached.keys};
      program_.add(store_keys_job(to, k), reads, writes);
      add_values(n, to, *cached.values);
    }
    AttentionGroup& group = attention_group(shape, layer, facts_[n].rows);
    const Matrix& q = value(input(n, 0), facts_[n].rows);
    const Matrix& out = result(n);
    const Scratch space = scratch(group.attention.scratch_bytes(), program_);
    const AttentionNode& shared = program_.keep<AttentionNode>(
        AttentionNode{group, layer, floats(input(n, 3)), q, out, space.memory, space.stride});
    Buffer& parts = parts_of(group);
    Buffer* const reads[] = {cached.keys, cached.values, &parts, q.buffer};
    Buffer* const writes[] = {out.buffer, &parts, &space.memory};
    // A task reads the queries of its heads before it writes their results, and no other task needs
    // them unless all write parts that are merged later.
    program_.add(attend_job(shared), reads, writes).in_place.push_back({q.buffer, out.buffer});
    Buffer* const merged[] = {out.buffer, &parts};
    program_.add(merge_job(shared), merged, merged);
  }

  void add_moe(quipu_node n) {
    const quipu_moe& moe = attributes_of<quipu_moe>(node(n));
    const Rows rows = facts_[n].rows;
    const Matrix& x = value(input(n, 0), rows);
    const Matrix& router_input = input(n, 11) ? value(input(n, 11), rows) : x;
    const Matrix& logits = program_.matrix(rows, moe.experts);
    observe(input(n, 1), router_input);
    add_linear_to({weights_.matrix(*node(input(n, 1)).weight), floats(input(n, 2))}, router_input,
                  nullptr, logits);
    const auto slices = [&](quipu_node weight) {
      return weight ? weights_.slices(*node(weight).weight) : std::vector<WeightMatrix>();
    };
    add_experts(target_.kernels,
                {moe,
                 {floats(input(n, 3)), floats(input(n, 10))},
                 slices(input(n, 4)),
                 slices(input(n, 5)),
                 slices(input(n, 6)),
                 floats(input(n, 7)),
                 floats(input(n, 8)),
                 floats(input(n, 9)),
                 target_.observer,
                 &observed_,
                 {weight_of(input(n, 4)), weight_of(input(n, 5)), weight_of(input(n, 6))}},
                logits, linear_input_of(x), result(n), program_);
  }

  void add_host(quipu_node n) {
    std::vector<HostInput> inputs;
    std::vector<Buffer*> reads;
    for (std::uint32_t i = 0; i < node(n).input_count; ++i) {
      const quipu_node in = input(n, i);
      if (in == 0 || is_weight(in)) {
        inputs.push_back({nullptr, floats(in)});
        continue;
      }
      const Matrix& x = value(in, facts_[n].rows);
      inputs.push_back({&x, nullptr});
      reads.push_back(x.buffer);
    }
    const Matrix& y = result(n);
    program_.add(host_job(attributes_of<quipu_host_op>(node(n)), std::move(inputs), y), reads, {})
        .writes.push_back(y.buffer);
  }

  const quipu_graph& graph_;
  quipu_node output_;
  const Target& target_;
  Weights& weights_;
  Program& program_;
  std::vector<NodeFacts> facts_;
  std::vector<Matrix*> values_;
  std::map<quipu_node, Matrix*> selected_;
  std::map<const Matrix*, LinearInput*> inputs_;
  std::vector<const LinearInput*> multiplied_;  // products that nothing else reads
  std::map<std::uint32_t, Cached> cached_;
  std::vector<AttentionGroup*> attention_;
  std::map<const AttentionGroup*, Buffer*> parts_;
  Buffer& observed_;  // stands for what the observer has seen: one job at a time
  std::map<std::pair<const std::vector<double>*, float>, RopeTable> rope_tables_;
};

}  // namespace

Lowered lower(const quipu_graph& graph, quipu_node output, const Target& target, Program& program) {
  return Lowering(graph, output, target, program).lower();
}

}  // namespace quipu_cpu
