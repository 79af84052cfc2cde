// What /set changes: options of the command line, given again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chat/session.h"
#include "command.h"

namespace quipu::app {

class Settings {
 public:
  /// `declare` declares all options of the command, which was started with `words`. The model
  /// outlives the settings.
  Settings(const Command& command, void (*declare)(Options&), std::vector<std::string> words,
           const Model& model);

  const AnswerOptions& current() const noexcept { return current_; }
  /// "default" as value takes back what was set; what takes no value is on or off. Throws usage for
  /// a name or a value that is none, and changes nothing.
  void set(const std::string& name, const std::string& value);
  /// Names that can be set: those that matter to most, and the others.
  const std::vector<std::string>& names() const noexcept { return names_; }
  const std::vector<std::string>& rare_names() const noexcept { return rare_names_; }
  /// A line for the option of that name; without one, for each that matters or was given, and the
  /// names of the others.
  std::string table(const std::string& name = {}) const;

 private:
  using Given = std::vector<std::pair<std::string, std::string>>;

  Options parsed(const Given& given) const;
  void check(const std::string& name) const;

  const Command& command_;
  void (*declare_)(Options&);
  std::vector<std::string> words_, names_, rare_names_;
  const Model& model_;
  Given given_;
  AnswerOptions current_;
};

/// Declares --context-full, --max-tokens and --stop.
void add_answer_options(Options& options);

}  // namespace quipu::app
