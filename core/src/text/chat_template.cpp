// ChatML: <|im_start|>role\ncontent<|im_end|>\n for each message.
#include "quipu/chat_template.h"

#include "quipu/model_file.h"

namespace quipu {
namespace {

class ChatMl final : public ChatTemplate {
 public:
  std::string_view name() const noexcept override { return "chatml"; }

  std::string render(std::span<const ChatMessage> messages, bool answer_next) const override {
    std::string prompt;
    for (const auto& message : messages)
      prompt += "<|im_start|>" + message.role + "\n" + message.content + "<|im_end|>\n";
    if (answer_next) prompt += "<|im_start|>assistant\n";
    return prompt;
  }
};

}  // namespace

ChatTemplate::~ChatTemplate() = default;

std::unique_ptr<ChatTemplate> ChatTemplate::make(const Metadata& metadata) {
  const auto source = metadata.text("tokenizer.chat_template");
  if (source && source->find("<|im_start|>") != std::string_view::npos)
    return std::make_unique<ChatMl>();
  return nullptr;
}

}  // namespace quipu
