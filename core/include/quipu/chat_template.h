// Messages to the prompt that a model was trained on.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace quipu {

class Metadata;

struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant"
  std::string content;
};

/// Immutable; thread-safe.
class ChatTemplate {
 public:
  /// The template for a model, or null when it has none that core can render; then the caller says
  /// so and sends raw text. Today: ChatML, recognised by its <|im_start|> in
  /// tokenizer.chat_template.
  static std::unique_ptr<ChatTemplate> make(const Metadata& metadata);
  virtual ~ChatTemplate();

  /// What people are told was used: "chatml".
  virtual std::string_view name() const noexcept = 0;
  /// The prompt, ready for Tokenizer::encode with parse_special; `answer_next` opens the
  /// assistant's turn.
  virtual std::string render(std::span<const ChatMessage> messages, bool answer_next) const = 0;
};

}  // namespace quipu
