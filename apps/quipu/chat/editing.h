// What happens to text on its way into a line editor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quipu::app {

/// What Tab makes of a line: as much as all candidates have in common that begin with it; the line
/// itself when none does.
std::string completed(const std::string& line, const std::vector<std::string>& candidates);

/// Pasted text as it may stand in a message: \n ends lines, other control characters but tabs are
/// gone.
std::string cleaned_paste(std::string_view text);

/// What no code point is becomes U+FFFD.
std::string to_utf8(std::wstring_view text);

/// Long pasted texts, each shown as a placeholder that is easy to edit around.
class Pastes {
 public:
  void clear() { texts_.clear(); }
  /// What to show: the text itself, or "[pasted 1: 40 lines]".
  std::string add(std::string text);
  /// The line with every placeholder replaced by its text.
  std::string restored(std::string line) const;

 private:
  struct Paste {
    std::string placeholder, text;
  };
  std::vector<Paste> texts_;
};

}  // namespace quipu::app
