#include "chat_prompt.h"

namespace quipu::app {

std::string chat_text(const ChatTemplate& chat, json::array messages, bool answer_next) {
  const json::object variables{{"messages", std::move(messages)},
                               {"tools", nullptr},
                               {"documents", nullptr},
                               {"add_generation_prompt", answer_next}};
  return chat.render_json(json::serialize(variables), TemplateTime::now());
}

std::vector<Token> message_tokens(const ChatTemplate* chat, const Tokenizer& tokenizer,
                                  const std::string& text) {
  if (!chat) return tokenizer.encode(text);
  auto tokens =
      tokenizer.encode(chat_text(*chat, {json::object{{"role", "user"}, {"content", text}}}, true));
  // The template may have written the BOS that the tokenizer adds.
  const Token bos = tokenizer.bos();
  if (bos >= 0 && tokens.size() > 1 && tokens[0] == bos && tokens[1] == bos)
    tokens.erase(tokens.begin());
  return tokens;
}

}  // namespace quipu::app
