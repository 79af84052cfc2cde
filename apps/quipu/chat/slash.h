// What a line that begins with a slash asks for.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quipu::app {

enum class Verb { help, system, save, load, reset, undo, retry, edit, set, stats, quit };

struct SlashCommand {
  Verb verb;
  std::string argument;  ///< the rest of the line without white space around it
};

/// One line of /help.
struct SlashHelp {
  Verb verb;
  std::string_view name, argument, summary;
};

std::span<const SlashHelp> slash_commands();

/// nullopt for a line that is no command. The beginning of a name is enough where it fits one
/// alone. Throws usage for a name that is none.
std::optional<SlashCommand> parse_slash(std::string_view line);

/// The text of a message: "//" at its start stands for a slash.
std::string_view message_text(std::string_view line);

}  // namespace quipu::app
