// The one exception type of the library.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace quipu {

/// What kind of failure, for callers that branch; the message is for people.
enum class ErrorCode {
  usage,        ///< the caller asked for something that makes no sense
  invalid,      ///< the model or file is damaged or contradicts itself
  unsupported,  ///< well formed, but no plugin here can do it
  memory,
  io,  ///< the file system or the network
  cancelled,
  internal,  ///< a broken promise inside quipu or a plugin
};

/// The message names the thing, what was expected and what was found. It may quote a file: escape
/// it before a terminal sees it.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Text with control bytes and invalid UTF-8 written as \xNN, and cut to `limit` bytes with an
/// ellipsis: fit for a message.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace quipu
