#include "chat/conversation_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "command.h"

namespace quipu::app {
namespace {

constexpr std::size_t deepest = 64;             // nested objects and lists
constexpr std::uintmax_t largest = 256u << 20;  // bytes; a context of a million tokens has less
constexpr std::size_t longest_role = 64;        // bytes; roles are words

[[noreturn]] void fail(const std::filesystem::path& file, const char* what, int error) {
  throw Error(ErrorCode::io,
              printable(file.string()) + ": cannot " + what + ": " + std::strerror(error));
}

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw Error(ErrorCode::usage, printable(file.string()) + ": " + what);
}

// A file that goes away again unless it is put in its place.
class Draft {
 public:
  explicit Draft(const std::filesystem::path& file)
      : file_(file), name_(file.string() + ".XXXXXX") {
    descriptor_ = ::mkstemp(name_.data());
    if (descriptor_ < 0) fail(file, "write", errno);
  }
  ~Draft() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(descriptor_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(file_, "write", errno);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void publish() {
    if (::fsync(descriptor_) != 0 || ::rename(name_.c_str(), file_.c_str()) != 0)
      fail(file_, "write", errno);
    name_.clear();
  }

 private:
  const std::filesystem::path& file_;
  std::string name_;
  int descriptor_;
};

void check(const std::filesystem::path& file, const json::value& message, std::size_t index) {
  const std::string at = "messages[" + std::to_string(index) + "]";
  if (!message.is_object()) refuse(file, at + ": expected an object, found something else");
  const auto expect = [&](const char* key, const char* what, auto&& fits) {
    const json::value* const value = message.as_object().if_contains(key);
    if (value && fits(*value)) return;
    const std::string found = value ? json::serialize(*value).substr(0, 40) : "no such key";
    refuse(file, at + "." + key + ": expected " + what + ", found " + found);
  };
  expect("role", "a text", [](const json::value& value) { return value.is_string(); });
  // A message that calls tools has no content, one with pictures a list.
  expect("content", "a text, a list or null", [](const json::value& value) {
    return value.is_string() || value.is_array() || value.is_null();
  });
  if (message.at("role").as_string().size() > longest_role)
    refuse(file, at + ".role: expected at most " + std::to_string(longest_role) + " bytes, found " +
                     std::to_string(message.at("role").as_string().size()));
}

// Where to write: a link's own place stays a link, and what is no file stays what it is.
std::filesystem::path destination(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    refuse(file, "expected a file, found something else");
  const auto target = std::filesystem::weakly_canonical(file, error);
  return error || target.empty() ? file : target;
}

std::string contents(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    if (error) fail(file, "open", error.value());
    if (!std::filesystem::exists(file)) fail(file, "open", ENOENT);
    refuse(file, "expected a file, found something else");
  }
  const auto size = std::filesystem::file_size(file, error);
  if (error) fail(file, "open", error.value());
  if (size > largest)
    refuse(file, "expected at most " + readable_bytes(largest) + ", found " + readable_bytes(size));
  return read_all(file);
}

}  // namespace

void save_conversation(const std::filesystem::path& file, const std::string& model,
                       const json::array& messages) {
  const json::object document{{"model", model}, {"messages", messages}};
  const std::filesystem::path target = destination(file);
  Draft draft(target);
  draft.write(json::serialize(document) + "\n");
  draft.publish();
}

json::array load_conversation(const std::filesystem::path& file) {
  boost::system::error_code error;
  const json::value document = json::parse(contents(file), error, {}, {.max_depth = deepest});
  if (error) refuse(file, "expected JSON, found something else: " + error.message());
  const json::value* messages =
      document.is_object() ? document.as_object().if_contains("messages") : nullptr;
  if (!messages || !messages->is_array())
    refuse(file, "expected an object with a list \"messages\", found something else");
  std::size_t index = 0;
  for (const json::value& message : messages->as_array()) check(file, message, index++);
  return messages->as_array();
}

}  // namespace quipu::app
