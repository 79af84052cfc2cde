// Conversations in files: {"model": …, "messages": […]}, as OpenAI's API has them.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <string>

namespace quipu::app {

/// Writes the file whole or not at all, readable by its owner alone. Throws io naming it, or usage
/// for what is there and no file (a device, a folder).
void save_conversation(const std::filesystem::path& file, const std::string& model,
                       const boost::json::array& messages);

/// The messages of a file; every one has a role and a content. Throws io, or usage that names the
/// file and the message that is wrong.
boost::json::array load_conversation(const std::filesystem::path& file);

}  // namespace quipu::app
