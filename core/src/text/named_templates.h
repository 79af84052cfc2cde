// Chat templates by name, for models that ship none.
#pragma once

#include <span>
#include <string_view>

namespace quipu {

struct NamedTemplate {
  std::string_view name;    ///< as llama.cpp's --chat-template has it, where that knows the format
  std::string_view source;  ///< Jinja
};

/// In the order in which people are shown them.
std::span<const NamedTemplate> named_templates();

/// What stands before each of them: text(m), the content of a message, which may be a list of
/// parts.
std::string_view named_template_preamble();

}  // namespace quipu
