// A line editor for terminals, by libedit: history, completion, pasted texts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chat/line_reader.h"

namespace quipu::app {

struct LineEditorOptions {
  std::vector<std::string> history;      ///< oldest first
  std::vector<std::string> completions;  ///< beginnings of lines that Tab offers
  bool colour = true;                    ///< of the prompt
};

/// Reads from stdin and draws on stderr, which are terminals. Sets the locale of characters, so one
/// at a time. Long pasted texts are shown as a placeholder and read as they are.
class LineEditor final : public LineReader {
 public:
  /// Throws io when the terminal cannot be used.
  explicit LineEditor(LineEditorOptions options);
  ~LineEditor() override;

  Line read(std::string_view prompt, std::string_view initial = {}) override;
  bool edits() const override { return true; }
  void remember(const std::string& entry) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quipu::app
