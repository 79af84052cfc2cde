// Lines that a person or a script types.
#pragma once

#include <string>
#include <string_view>

namespace quipu::app {

struct Line {
  enum Kind {
    typed,
    interrupt,  ///< Ctrl-C; `text` is what had been typed
    end         ///< Ctrl-D, or the end of the file
  } kind;
  std::string text;
};

class LineReader {
 public:
  virtual ~LineReader();

  /// Waits for the next line, without its newline; from an editor it may hold some. `initial` is
  /// there to be edited, where lines can be edited. Throws io when reading fails.
  virtual Line read(std::string_view prompt, std::string_view initial = {}) = 0;
  /// Whether `initial` is shown and can be changed.
  virtual bool edits() const = 0;
  /// Something that the user may want to type again.
  virtual void remember(const std::string& entry) = 0;
};

/// Reads a descriptor as it is, a prompt before each line where someone sees it.
class PlainReader final : public LineReader {
 public:
  /// `prompts`: shows them on stderr.
  explicit PlainReader(int descriptor, bool prompts) : descriptor_(descriptor), prompts_(prompts) {}

  Line read(std::string_view prompt, std::string_view initial = {}) override;
  bool edits() const override { return false; }
  void remember(const std::string&) override {}

 private:
  int descriptor_;
  bool prompts_;
  std::string pending_;  // bytes after the last line
  bool ended_ = false;
};

/// A message of one or more lines: a backslash at the end of a line goes on with the next, three
/// double quotes begin a block that ends with a line that they end.
Line read_message(LineReader& reader, std::string_view prompt, std::string_view more_prompt,
                  std::string_view initial = {});

}  // namespace quipu::app
