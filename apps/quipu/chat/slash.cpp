#include "chat/slash.h"

#include <array>
#include <vector>

#include "quipu/error.h"

namespace quipu::app {
namespace {

constexpr std::array commands = {
    SlashHelp{Verb::help, "help", "", "this list"},
    SlashHelp{Verb::system, "system", "[TEXT|none]", "sets the system message; alone, shows it"},
    SlashHelp{Verb::retry, "retry", "", "another answer to the last message"},
    SlashHelp{Verb::edit, "edit", "", "takes the last message back and edits it"},
    SlashHelp{Verb::undo, "undo", "", "takes the last message and its answer back"},
    SlashHelp{Verb::reset, "reset", "", "starts anew; the system message stays"},
    SlashHelp{Verb::save, "save", "FILE", "writes the conversation as JSON"},
    SlashHelp{Verb::load, "load", "FILE", "goes on with a conversation of a file"},
    SlashHelp{Verb::set, "set", "[NAME [VALUE]]", "sets an option; alone, shows all"},
    SlashHelp{Verb::stats, "stats", "", "the context and the last answer in figures"},
    SlashHelp{Verb::quit, "quit", "", "ends the program, as Ctrl-D does"},
};

struct Alias {
  std::string_view name;
  Verb verb;
};
constexpr std::array aliases = {Alias{"context", Verb::stats}, Alias{"regenerate", Verb::retry},
                                Alias{"exit", Verb::quit},     Alias{"bye", Verb::quit},
                                Alias{"clear", Verb::reset},   Alias{"?", Verb::help}};

constexpr std::string_view white = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

Verb verb_of(std::string_view name) {
  std::vector<const SlashHelp*> begun;
  for (const SlashHelp& command : commands) {
    if (command.name == name) return command.verb;
    if (!name.empty() && command.name.starts_with(name)) begun.push_back(&command);
  }
  for (const Alias& alias : aliases)
    if (alias.name == name) return alias.verb;
  if (begun.size() == 1) return begun[0]->verb;
  std::string message = "no command /" + printable(name, 40);
  for (std::size_t i = 0; i < begun.size(); ++i)
    message += (i ? ", /" : "; it begins /") + std::string(begun[i]->name);
  if (begun.empty()) message += "; /help lists them, // begins a message with a slash";
  throw Error(ErrorCode::usage, message);
}

}  // namespace

std::span<const SlashHelp> slash_commands() {
  return commands;
}

std::optional<SlashCommand> parse_slash(std::string_view line) {
  if (!line.starts_with('/') || line.starts_with("//")) return {};
  const std::size_t end = std::min(line.find_first_of(white), line.size());
  return SlashCommand{verb_of(line.substr(1, end - 1)), std::string(trimmed(line.substr(end)))};
}

std::string_view message_text(std::string_view line) {
  if (line.starts_with("//")) line.remove_prefix(1);
  return line;
}

}  // namespace quipu::app
