// Messages to the prompt that a model was trained on: the Jinja template that it ships.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/error.h"

namespace quipu {

class Metadata;

struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant"
  std::string content;
};

/// What raise_exception of a template said; the message is the template's own.
class TemplateRaised : public Error {
 public:
  explicit TemplateRaised(const std::string& message) : Error(ErrorCode::invalid, message) {}
};

/// A moment that strftime_now shows, in local time.
struct TemplateTime {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;

  static TemplateTime now();
  /// "2026-01-02T03:04:05"; nullopt for anything else.
  static std::optional<TemplateTime> parse(std::string_view text);
};

/// Immutable; thread-safe. Runs in a sandbox: a template reaches nothing but its variables, and
/// what takes too many steps, too much memory or too deep nesting is an error. Jinja 3.1 as Hugging
/// Face transformers configures it, without include, import, extends and autoescape, without the
/// filters striptags, urlize, xmlattr, wordwrap, pprint and random; integers have 64 bits, and a
/// result that has more is an error.
class ChatTemplate {
 public:
  /// The model's tokenizer.chat_template, or null when it has none. Models may ship more of them:
  /// tokenizer.chat_template.tool_use is the variant "tool_use", taken where there is one. Throws
  /// invalid, naming the key, for what is no template.
  static std::unique_ptr<ChatTemplate> make(const Metadata& metadata,
                                            std::string_view variant = {});
  /// A template of its own; `name` is what people are told was used.
  static std::unique_ptr<ChatTemplate> parse(std::string_view source, std::string name);
  /// One that quipu knows by name: "chatml", "llama3" … Throws usage that lists names() for any
  /// other.
  static std::unique_ptr<ChatTemplate> named(std::string_view name);
  static std::vector<std::string_view> names();
  virtual ~ChatTemplate();

  /// What people are told was used.
  virtual std::string_view name() const noexcept = 0;
  /// The prompt, ready for Tokenizer::encode with parse_special; `answer_next` opens the
  /// assistant's turn. Throws TemplateRaised, or invalid for what the template does wrong.
  virtual std::string render(std::span<const ChatMessage> messages, bool answer_next) const = 0;
  /// The same with variables as a JSON object: messages, tools, add_generation_prompt and whatever
  /// else the template reads. bos_token and eos_token are the model's unless given.
  virtual std::string render_json(std::string_view variables, TemplateTime now) const = 0;
};

}  // namespace quipu
