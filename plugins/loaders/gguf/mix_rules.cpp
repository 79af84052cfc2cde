// The rules are those of llama.cpp's quantize tool (facts: src/llama-quant.cpp), so that files of
// both hold the same formats. In short: output and value projections, which suffer most, get more
// bits; so do the first and last layers and every third between them.
#include "mix_rules.h"

#include <algorithm>

namespace gguf {
namespace {

using enum FileType;

std::string_view text(const Container& keys, std::string_view key) {
  for (const Entry& entry : keys.entries())
    if (entry.key == key && entry.value.type == QUIPU_VALUE_STRING)
      return quipu::sdk::view(entry.value.as.s);
  return {};
}

// A count that some models give for each layer: that of the first.
std::uint64_t count(const Container& keys, const std::string& key, std::uint64_t fallback) {
  for (const Entry& entry : keys.entries())
    if (entry.key == key && entry.value.type == QUIPU_VALUE_ARRAY && entry.value.count) {
      quipu_value first{};
      copy_elements(*static_cast<const Array*>(entry.value.as.array), 0, {&first, 1});
      return first.type == QUIPU_VALUE_STRING ? fallback : first.as.u;
    }
  return keys.integer(key, fallback);
}

bool has_70b_shape(std::string_view family, std::uint64_t layers, bool groups) {
  if (family == "jais2") return layers == 68;
  if (family == "llama") return layers == 80 && groups;
  return layers == 80 && (family == "qwen2" || family == "deci" || family == "olmo");
}

bool gets_more(std::uint64_t i, std::uint64_t count) {
  return i < count / 8 || i >= 7 * count / 8 || (i - count / 8) % 3 == 2;
}

}  // namespace

Model describe(const Container& keys, std::span<const TensorInfo* const> tensors) {
  Model model{};
  model.family = text(keys, "general.architecture");
  const std::string prefix = std::string(model.family) + ".";
  model.layers = keys.integer(prefix + "block_count", 0);
  model.experts = keys.integer(prefix + "expert_count", 0);
  const std::uint64_t heads = count(keys, prefix + "attention.head_count", 0);
  const std::uint64_t value_heads = count(keys, prefix + "attention.head_count_kv", heads);
  model.shares_values = value_heads != 0 && heads / value_heads >= 4;
  model.is_70b = has_70b_shape(model.family, model.layers, heads != value_heads);
  model.ties_output = true;
  for (const TensorInfo* tensor : tensors) {
    const Role role = role_of(tensor->name);
    if (role == Role::values) ++model.value_tensors;
    if (role == Role::output) model.ties_output = false;
  }
  return model;
}

Format MixRules::format_of(const TensorInfo& tensor, bool whole) {
  const Role role = role_of(tensor.name);
  if (role == Role::output || (model_.ties_output && role == Role::embedding)) return output(whole);
  if (mix_ == mxfp4_moe) return tensor.shape[2] > 1 ? format::mxfp4 : format::q8_0;
  if (role == Role::embedding) return embedding();
  if (is_tiny()) return tiny(role);
  switch (role) {
  case Role::values:
    return values(values_++);
  case Role::keys:
  case Role::queries:
    return keys_or_queries(role);
  case Role::attention_output:
    return attention_output();
  case Role::down:
    return down(layer(tensor, downs_++));
  case Role::gate:
    return gate_or_up(layer(tensor, gates_++));
  case Role::up:
    return gate_or_up(layer(tensor, ups_++));
  default:
    return usual_;
  }
}

bool MixRules::is_tiny() const {
  return is(iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq2_m);
}

// The layer of a feed-forward tensor; `number` is that among its kind, which is the same where
// there are no experts.
std::uint64_t MixRules::layer(const TensorInfo& tensor, std::uint64_t number) const {
  if (model_.experts <= 1) return number;
  return layer_of(tensor.name).value_or(number);
}

Format MixRules::output(bool whole) const {
  if (mix_ == mxfp4_moe || is_falcon() || !whole) return format::q8_0;
  if (is_tiny() || is(iq3_xxs)) return format::q5_k;
  return usual_ == format::q8_0 ? usual_ : format::q6_k;
}

Format MixRules::embedding() const {
  if (is(iq1_s, iq1_m, iq2_xxs, iq2_xs)) return format::q2_k;
  if (is(iq2_s, iq2_m, iq3_xxs)) return format::iq3_s;
  return is(tq1_0, tq2_0, q2_0) ? format::q4_k : usual_;
}

Format MixRules::tiny(Role role) {
  const Format better = is(iq2_s, iq2_m) ? format::iq3_s : format::q2_k;
  switch (role) {
  case Role::values:
    return model_.shares_values || model_.experts >= 4 ? format::q4_k : better;
  case Role::keys:
    return has_eight_experts() ? format::q4_k : usual_;
  case Role::down:
    return is_first_eighth(downs_++) ? better : usual_;
  case Role::attention_output:
    if (has_eight_experts()) return format::q5_k;
    if (is(iq1_s, iq1_m)) return format::iq2_xxs;
    return is(iq2_s, iq2_m) ? format::iq3_s : usual_;
  default:
    return usual_;
  }
}

Format MixRules::values(std::uint64_t number) const {
  if (has_eight_experts()) return format::q8_0;
  const Format chosen = values_of_mix(number);
  const bool small = chosen == format::q3_k || chosen == format::q4_k;
  return model_.is_70b && small ? format::q5_k : chosen;
}

Format MixRules::values_of_mix(std::uint64_t number) const {
  const bool shared = model_.shares_values;
  switch (mix_) {
  case q2_k:
    return shared ? format::q4_k : format::q3_k;
  case q2_k_s:
  case iq3_xs:
  case iq3_s:
    return shared ? format::q4_k : usual_;
  case iq3_xxs:
    return shared ? format::q4_k : importance_ ? format::iq3_xxs : format::iq3_s;
  case iq3_m:
    return format::q4_k;
  case q3_k_m:
    return number < 2 ? format::q5_k : format::q4_k;
  case q3_k_l:
    return format::q5_k;
  case iq4_nl:
  case iq4_xs:
    return shared ? format::q5_k : usual_;
  case q4_k_m:
  case q5_k_m:
    return gets_more(number, model_.value_tensors) ? format::q6_k : usual_;
  case q4_k_s:
    return number < 4 ? format::q5_k : usual_;
  default:
    return usual_;
  }
}

Format MixRules::keys_or_queries(Role role) const {
  if (role == Role::keys && has_eight_experts()) return format::q8_0;
  if (is(iq3_xs)) return format::iq3_xxs;
  return is(iq3_xxs) ? format::iq2_s : usual_;
}

Format MixRules::attention_output() const {
  if (is_falcon()) return is(q3_k_l) ? format::q4_k : usual_;
  if (has_eight_experts())
    return is(q2_k, iq3_xs, iq3_xxs, q3_k_s, q3_k_m, iq4_nl, q4_k_s, q4_k_m, iq3_s, iq3_m, iq4_xs)
               ? format::q5_k
               : usual_;
  switch (mix_) {
  case q2_k:
    return format::q3_k;
  case iq3_xxs:
    return format::iq3_s;
  case q3_k_m:
  case iq3_m:
    return format::q4_k;
  case q3_k_l:
    return format::q5_k;
  default:
    return usual_;
  }
}

Format MixRules::down(std::uint64_t layer) const {
  const bool first = is_first_eighth(layer), more = gets_more(layer, model_.layers);
  const bool very_first = layer < model_.layers / 16;
  switch (mix_) {
  case q2_k:
    return format::q3_k;
  case q2_k_s:
    return first ? format::q4_k : usual_;
  case iq3_xxs:
    return importance_ ? usual_ : first ? format::q4_k : format::q3_k;
  case q3_k_m:
    return very_first ? format::q5_k : !is_falcon() || more ? format::q4_k : usual_;
  case q3_k_l:
    return is_falcon() ? format::q4_k : format::q5_k;
  case iq3_m:
    return first || (has_eight_experts() && more) ? format::q4_k : usual_;
  case q4_k_m:
    if (is_falcon()) return very_first ? format::q6_k : more ? format::q5_k : usual_;
    return more ? format::q6_k : usual_;
  case q5_k_m:
    return more ? format::q6_k : usual_;
  case q4_k_s:
    return first && !is_falcon() ? format::q5_k : usual_;
  case iq4_nl:
  case iq4_xs:
    return first && !importance_ ? format::q5_k : usual_;
  case q4_0:
    return first && importance_ ? format::q4_1 : usual_;
  case q5_0:
    return first && importance_ ? format::q5_1 : usual_;
  default:
    return usual_;
  }
}

Format MixRules::gate_or_up(std::uint64_t layer) const {
  const bool inner = !is_first_eighth(layer) && layer < 7 * model_.layers / 8;
  return is(iq3_xs) && inner ? format::iq3_xxs : usual_;
}

}  // namespace gguf
