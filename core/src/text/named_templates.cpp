#include "text/named_templates.h"

namespace quipu {
namespace {

constexpr NamedTemplate all[] = {
    {"chatml",
     R"({% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %})"},
};

}  // namespace

std::span<const NamedTemplate> named_templates() {
  return all;
}

}  // namespace quipu
