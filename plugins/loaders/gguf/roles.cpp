#include "roles.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace gguf {
namespace {

struct Part {
  std::string_view text;
  Role role;
};

// The first that a name contains decides.
constexpr Part parts[] = {{"attn_qkv.weight", Role::values},
                          {"attn_kv_b.weight", Role::values},
                          {"attn_v.weight", Role::values},
                          {"attn_k.weight", Role::keys},
                          {"attn_q.weight", Role::queries},
                          {"attn_output.weight", Role::attention_output},
                          {"ffn_up", Role::up},
                          {"ffn_gate", Role::gate},
                          {"ffn_down", Role::down}};

// Of matrices that stay as they are.
constexpr std::string_view kept[] = {
    "_norm.weight",
    // routers
    "ffn_gate_inp.weight", "ffn_gate_tid2eid.weight",
    // small projections
    "altup", "laurel", "per_layer_model_proj", "indexer.k_proj.weight", "indexer.q_proj.weight",
    // convolutions
    "ssm_conv1d", "shortconv.conv.weight",
    // RWKV
    "time_mix_first.weight", "time_mix_w0.weight", "time_mix_w1.weight", "time_mix_w2.weight",
    "time_mix_v0.weight", "time_mix_v1.weight", "time_mix_v2.weight", "time_mix_a0.weight",
    "time_mix_a1.weight", "time_mix_a2.weight", "time_mix_g1.weight", "time_mix_g2.weight",
    "time_mix_decay_w1.weight", "time_mix_decay_w2.weight", "time_mix_lerp_fused.weight",
    // positions
    "attn_rel_b.weight", ".position_embd", "sam.pos_embd", ".rel_pos",
    // vision and audio
    "sam.neck.", "sam.net_", ".patch_embd", ".patch_merger", "a.rvq.codebook", "mm.a.code_embd"};
constexpr std::string_view kept_whole[] = {"position_embd.weight", "token_types.weight"};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

Role role_of(std::string_view name) {
  if (name == "output.weight") return Role::output;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight") return Role::embedding;
  const auto found = std::ranges::find_if(parts, [&](Part p) { return contains(name, p.text); });
  return found == std::end(parts) ? Role::other : found->role;
}

bool is_quantised(const TensorInfo& tensor) {
  const bool vector = tensor.shape[1] == 1 && tensor.shape[2] == 1 && tensor.shape[3] == 1;
  return !vector && tensor.name.ends_with("weight") &&
         std::ranges::find(kept_whole, tensor.name) == std::end(kept_whole) &&
         std::ranges::none_of(kept, [&](auto part) { return contains(tensor.name, part); });
}

std::optional<std::uint32_t> layer_of(std::string_view name) {
  constexpr std::string_view prefix = "blk.";
  if (!name.starts_with(prefix)) return {};
  std::uint32_t layer = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, layer);
  if (error != std::errc{} || stop == end || *stop != '.') return {};
  return layer;
}

}  // namespace gguf
