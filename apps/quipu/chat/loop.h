// The loop of a chat: reads messages and commands, answers, reports.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "chat/line_reader.h"
#include "chat/screen.h"
#include "chat/session.h"
#include "chat/settings.h"
#include "chat/slash.h"

namespace quipu::app {

struct LoopOptions {
  std::string model;              ///< as saved files name it
  std::string template_name;      ///< "" = none
  std::uint32_t context = 0;      ///< tokens
  bool interactive = false;       ///< a person types
  bool json = false;              ///< one document a turn in place of text
  bool figures = false;           ///< of each answer, on stderr
  bool verbose = false;           ///< with more of them
  std::filesystem::path history;  ///< "" = none is written
};

class Loop {
 public:
  /// All outlive the loop.
  Loop(Session& session, Settings& settings, LineReader& reader, Screen& screen,
       LoopOptions options);

  /// Answers a message as if it had been typed.
  void say_first(const std::string& message);
  /// Until the end of input, /quit, or, without a person, Ctrl-C. False when a turn or a command
  /// failed and no person saw it.
  bool run();

 private:
  void take(const std::string& line);
  void obey(const SlashCommand& command);
  void answer(const std::string& message);
  void answer_last();
  void report(const AnswerReport& report);
  void print_turn(const AnswerReport& report);
  void fail(const Error& error);

  void help();
  void system(const std::string& text);
  void save(const std::string& file);
  void load(const std::string& file);
  void undo();
  void retry();
  void edit();
  void set(const std::string& words);
  void stats();

  Session& session_;
  Settings& settings_;
  LineReader& reader_;
  Screen& screen_;
  const LoopOptions options_;
  std::string draft_;  // to be edited next
  std::optional<AnswerReport> last_;
  bool done_ = false, failed_ = false;
};

}  // namespace quipu::app
