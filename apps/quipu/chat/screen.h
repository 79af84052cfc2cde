// What a conversation looks like: answers on stdout, everything else on stderr.
#pragma once

#include <string>
#include <string_view>

#include "reasoning.h"

namespace quipu::app {

class Screen {
 public:
  /// Looks at the terminal, NO_COLOR and TERM. `answers`: shows answers as they come; else stdout
  /// is left to others.
  Screen(bool answers, bool quiet);

  /// stderr is a terminal on which the cursor moves.
  bool moves() const noexcept { return smart_notes_; }
  /// That, and colours are wanted.
  bool styled() const noexcept { return styled_notes_; }

  /// So many tokens run before the answer begins: where that takes a while, a line says so until
  /// something else is shown.
  void waiting(std::size_t tokens);
  /// The next part of an answer. Reasoning is for people: dimmed on a terminal, left out elsewhere.
  void part(const AnswerPart& part);
  /// Ends the answer's last line.
  void end_answer();
  /// The same for one that fails: where nothing of it was shown, nothing is.
  void break_off();
  /// What helps a person, unless quiet; dimmed on a terminal.
  void note(std::string_view text);
  /// What was asked for.
  void show(std::string_view text);

 private:
  void stop_waiting();

  bool answers_, quiet_;
  bool out_terminal_, styled_answers_, smart_notes_, styled_notes_;
  bool thinking_ = false;  // the part under way is reasoning
  bool begun_ = false;     // an answer is under way
  bool waiting_ = false;   // the line that says so is there
};

/// Text without what a terminal would obey: control characters but \n and \t become U+FFFD.
std::string harmless(std::string_view text);

}  // namespace quipu::app
