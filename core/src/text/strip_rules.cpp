#include "text/strip_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include "quipu/model_file.h"

namespace quipu {
namespace {

// In lower case; "" for a key that is absent or no text.
std::string name(const Metadata& metadata, const char* key) {
  const auto value = metadata.find(key);
  if (!value || value->type != QUIPU_VALUE_STRING) return {};
  std::string text(value->as.s.data, value->as.s.size);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool contains_any(const std::string& text, std::initializer_list<const char*> parts) {
  return std::ranges::any_of(
      parts, [&](const char* part) { return text.find(part) != std::string::npos; });
}

constexpr std::array<std::string_view, 3> unstripped_of_phi3{"<unk>", "<s>", "<|endoftext|>"};

}  // namespace

StripRules::StripRules(const Metadata& metadata) {
  const std::string model = name(metadata, "general.name");
  if (contains_any(name(metadata, "tokenizer.ggml.pre"),
                   {"jina-v2-de", "jina-v2-es", "jina-v2-code"}) ||
      contains_any(name(metadata, "general.architecture"), {"nomic-bert-moe", "jina-bert-v3"}))
    mask_ = "<mask>";
  else if (contains_any(model, {"phi-3", "phi3"}))
    phi3_ = true;
  else if (contains_any(model, {"modern-bert"}))
    mask_ = "[MASK]";
}

Strip StripRules::of(std::string_view text) const noexcept {
  if (!mask_.empty() && text == mask_) return Strip::before;
  if (phi3_ && std::ranges::find(unstripped_of_phi3, text) == unstripped_of_phi3.end())
    return Strip::after;
  return Strip::nothing;
}

}  // namespace quipu
