#include "choose_types.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "formats.h"
#include "mix_rules.h"
#include "roles.h"

namespace gguf {
namespace {

// A format whose blocks the rows of a tensor fill, of about the size of the one that is wanted.
Format that_fits(const TensorInfo& tensor, Format wanted, const quipu_choice& choice) {
  struct Fallback {
    Format wide, narrow;
  };
  using namespace format;
  static constexpr Fallback fallbacks[] = {
      {iq1_s, iq4_nl}, {iq1_m, iq4_nl},   {iq2_xxs, iq4_nl}, {iq2_xs, iq4_nl},
      {iq2_s, iq4_nl}, {iq3_xxs, iq4_nl}, {iq3_s, iq4_nl},   {iq4_xs, iq4_nl},
      {q2_0, q4_0},    {q2_k, q4_0},      {q3_k, q4_0},      {tq1_0, q4_0},
      {tq2_0, q4_0},   {q4_k, q5_0},      {q5_k, q5_1},      {q6_k, q8_0}};
  const auto fits = [&](Format format) {
    const std::uint32_t columns = choice.block_columns(choice.context, quipu::sdk::str(format));
    return columns != 0 && tensor.shape[0] % columns == 0;
  };
  // Without a codec nothing can be said, except by those who look for it.
  if (choice.block_columns(choice.context, quipu::sdk::str(wanted)) == 0 || fits(wanted))
    return wanted;
  const auto found = std::ranges::find(fallbacks, wanted, &Fallback::wide);
  if (found != std::end(fallbacks) && fits(found->narrow)) return found->narrow;
  return f16;
}

// A whole model in one of the formats without blocks. Vectors stay as they are, unless they are
// stored in blocks, or floats of another kind are to become f32.
Format plain(const TensorInfo& tensor, Format wanted, std::uint32_t block_columns) {
  using namespace format;
  const bool is_float = tensor.type == f16 || tensor.type == bf16 || tensor.type == f64;
  const bool converts = is_quantised(tensor) || block_columns > 1 || (wanted == f32 && is_float);
  return converts ? wanted : tensor.type;
}

bool is_poor_without_importance(Role role, Format format, FileType mix) {
  using namespace format;
  static constexpr Format poor[] = {iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs};
  if (role == Role::embedding || role == Role::output) return false;
  return std::ranges::find(poor, format) != std::end(poor) ||
         (format == q2_k && mix == FileType::q2_k_s);
}

// As people count: layers by their numbers, then names.
std::vector<std::size_t> by_layer(std::span<const TensorInfo* const> tensors) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto place = [&](std::size_t index) {
    const std::string_view name = tensors[index]->name;
    const auto layer = layer_of(name);
    return std::pair(layer ? std::int64_t{*layer} : -1, name);
  };
  std::ranges::sort(order, {}, place);
  return order;
}

}  // namespace

void choose_types(const Container& keys, std::span<const TensorInfo* const> tensors,
                  const quipu_choice& choice, std::span<quipu_str> types,
                  std::span<std::uint8_t> needs_importance) {
  const auto columns = [&](Format format) {
    return choice.block_columns(choice.context, quipu::sdk::str(format));
  };
  const Model model = describe(keys, tensors);
  const Format usual = quipu::sdk::view(choice.type);
  const FileType mix = choice.mix ? number_of(*choice.mix) : FileType::none;
  MixRules rules(model, mix, usual, (choice.flags & QUIPU_CHOICE_IMPORTANCE) != 0);
  const std::uint32_t block = columns(usual);
  for (const std::size_t index : by_layer(tensors)) {
    const TensorInfo& tensor = *tensors[index];
    const Format wanted = quipu::sdk::view(types[index]);
    Format chosen = tensor.type;
    if (usual.empty()) {
      // A copy.
    } else if (block == 1 && wanted.empty()) {
      chosen = plain(tensor, usual, columns(tensor.type));
    } else if (is_quantised(tensor)) {
      if (!wanted.empty())
        chosen = wanted;
      else if (choice.flags & QUIPU_CHOICE_PURE)
        chosen = usual;
      else
        chosen = rules.format_of(tensor, block != 0 && tensor.shape[0] % block == 0);
      chosen = that_fits(tensor, chosen, choice);
    }
    types[index] = quipu::sdk::str(chosen);
    needs_importance[index] = is_poor_without_importance(role_of(tensor.name), chosen, mix);
  }
}

}  // namespace gguf
