#include "chat/conversation.h"

#include <algorithm>

namespace quipu::app {
namespace {

namespace json = boost::json;

bool has_role(const json::value& message, std::string_view role) {
  const json::value* found = message.as_object().if_contains("role");
  return found && found->is_string() && found->as_string() == role;
}

std::string content_of(const json::value& message) {
  const json::value* found = message.as_object().if_contains("content");
  return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

}  // namespace

// How many messages come before the first turn and are never forgotten.
std::size_t Conversation::opening() const {
  std::size_t count = 0;
  while (count < messages_.size() &&
         (has_role(messages_[count], "system") || has_role(messages_[count], "developer")))
    ++count;
  return count;
}

std::size_t Conversation::last_turn() const {
  std::size_t at = messages_.size();
  while (at > 0 && !has_role(messages_[at - 1], "user")) --at;
  return at == 0 ? messages_.size() : at - 1;
}

std::size_t Conversation::turns() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(messages_, [](auto& message) { return has_role(message, "user"); }));
}

json::array Conversation::visible() const {
  if (forgotten_ == 0) return messages_;
  json::array seen(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(opening()));
  std::size_t turn = 0;
  for (std::size_t i = opening(); i < messages_.size(); ++i) {
    if (has_role(messages_[i], "user")) ++turn;
    if (turn > forgotten_) seen.push_back(messages_[i]);
  }
  return seen;
}

std::string Conversation::system() const {
  return opening() ? content_of(messages_[0]) : std::string();
}

void Conversation::set_system(const std::string& text) {
  if (opening()) messages_.erase(messages_.begin());
  if (!text.empty())
    messages_.insert(messages_.begin(), json::object{{"role", "system"}, {"content", text}});
}

void Conversation::add_user(const std::string& text) {
  messages_.push_back({{"role", "user"}, {"content", text}});
}

void Conversation::add_answer(const std::string& content, const std::string& reasoning) {
  json::object message{{"role", "assistant"}, {"content", content}};
  if (!reasoning.empty()) message["reasoning_content"] = reasoning;
  messages_.push_back(std::move(message));
}

std::optional<std::string> Conversation::undo() {
  const std::size_t at = last_turn();
  if (at == messages_.size()) return {};
  std::string text = content_of(messages_[at]);
  messages_.resize(at);
  settle();
  return text;
}

bool Conversation::drop_answer() {
  const std::size_t at = last_turn();
  if (at + 1 >= messages_.size()) return false;
  messages_.resize(at + 1);
  return true;
}

void Conversation::reset() {
  messages_.resize(opening());
  forgotten_ = 0;
}

bool Conversation::forget_oldest() {
  if (forgotten_ + 1 >= turns()) return false;
  ++forgotten_;
  return true;
}

// The last turn is always seen.
void Conversation::settle() {
  const std::size_t all = turns();
  forgotten_ = std::min(forgotten_, all ? all - 1 : 0);
}

}  // namespace quipu::app
