// The messages of a conversation, and what its commands do to them.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <string>

namespace quipu::app {

/// Messages are objects as OpenAI's API has them: role, content, reasoning_content. A turn is a
/// message of the user and all that follows it until the next.
class Conversation {
 public:
  Conversation() = default;
  /// Goes on from these. The system messages they begin with belong to no turn.
  explicit Conversation(boost::json::array messages) : messages_(std::move(messages)) {}

  /// All of them, forgotten ones too.
  const boost::json::array& messages() const noexcept { return messages_; }
  /// What the model sees: system messages, then the turns that are not forgotten.
  boost::json::array visible() const;
  std::size_t turns() const;
  std::size_t forgotten() const noexcept { return forgotten_; }

  /// The system message at the front, "" when there is none; "" as text removes it.
  std::string system() const;
  void set_system(const std::string& text);

  void add_user(const std::string& text);
  /// An answer to the last turn; empty reasoning is left out.
  void add_answer(const std::string& content, const std::string& reasoning);

  /// Takes the last turn back and gives its user's text; nullopt when there is none.
  std::optional<std::string> undo();
  /// Takes back what answers the last turn; false when nothing does.
  bool drop_answer();
  /// Keeps the system messages alone.
  void reset();
  /// The oldest turn that the model sees is seen no longer. False where it is the last one.
  bool forget_oldest();
  /// Takes the last `turns` of those steps back.
  void remember(std::size_t turns) noexcept { forgotten_ -= std::min(turns, forgotten_); }

 private:
  std::size_t opening() const;
  std::size_t last_turn() const;
  void settle();

  boost::json::array messages_;
  std::size_t forgotten_ = 0;  // turns, from the oldest
};

}  // namespace quipu::app
