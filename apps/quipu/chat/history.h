// What was typed in earlier sessions: a file of JSON texts, one a line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace quipu::app {

/// $XDG_STATE_HOME/quipu/chat_history, or the same below ~/.local/state; empty where there is no
/// home.
std::filesystem::path history_file();

/// The entries of a file, oldest first. A file that is not there, or lines that are damaged,
/// are as if empty.
std::vector<std::string> read_history(const std::filesystem::path& file);

/// Adds an entry; makes the file and its folders if need be, for their owner alone. False when that
/// fails.
bool append_history(const std::filesystem::path& file, const std::string& entry) noexcept;

}  // namespace quipu::app
