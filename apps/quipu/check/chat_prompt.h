// Prompts of checks: what `quipu run` would make of a message without options.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "quipu/chat_template.h"

namespace quipu::app {

/// The rendering with the variables that `quipu run` gives. Throws as ChatTemplate::render_json.
std::string chat_text(const ChatTemplate& chat, json::array messages, bool answer_next);

/// Tokens of a message of the user, in the template; of the text as it is where `chat` is null.
std::vector<Token> message_tokens(const ChatTemplate* chat, const Tokenizer& tokenizer,
                                  const std::string& text);

}  // namespace quipu::app
