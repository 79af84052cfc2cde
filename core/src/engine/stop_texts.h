// Finds texts that end an answer in a stream, whatever the pieces it comes in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quipu {

class StopTexts {
 public:
  explicit StopTexts(std::vector<std::string> texts);

  /// Takes the next piece and gives what can be shown: text that no stop text can begin in any
  /// more. When one is complete, gives what came before it, and found() is true.
  std::string push(std::string_view piece);
  /// What was held back, once no more comes.
  std::string finish();
  bool found() const noexcept { return found_; }

 private:
  std::vector<std::string> texts_;
  std::string held_;
  bool found_ = false;
};

}  // namespace quipu
