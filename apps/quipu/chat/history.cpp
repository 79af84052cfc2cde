#include "chat/history.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

namespace quipu::app {
namespace {

namespace json = boost::json;

// More than anyone looks back on; pasted documents stay out. A file that has grown beyond its size
// is written anew with the newest half.
constexpr std::size_t longest_entry = 16u << 10;  // bytes
constexpr std::size_t largest_file = 1u << 20;    // bytes

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

bool write_all(int descriptor, std::string_view text) {
  return ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string line_of(const std::string& entry) {
  return json::serialize(json::value(entry)) + "\n";
}

bool make_private_folders(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return true;
  if (folder.empty()) return false;
  return make_private_folders(folder.parent_path()) && ::mkdir(folder.c_str(), 0700) == 0;
}

// The whole of a regular file; a pipe in its place would never end.
std::string contents(const std::filesystem::path& file) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat facts {};
  if (in.number() < 0 || ::fstat(in.number(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {};
  // Twice the size, for sessions that write at the same time.
  if (static_cast<std::size_t>(facts.st_size) > 2 * largest_file) return {};
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  const ssize_t count = ::read(in.number(), text.data(), text.size());
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return text;
}

std::vector<std::string> entries_of(std::string_view text) {
  std::vector<std::string> entries;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    boost::system::error_code error;
    const json::value entry = json::parse(text.substr(0, end), error);
    if (!error && entry.is_string() && entry.as_string().size() <= longest_entry)
      entries.emplace_back(entry.as_string());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return entries;
}

// Puts a shorter file in the place of one that has grown.
void shorten(const std::filesystem::path& file) {
  const std::string text = contents(file);
  const std::size_t newline = text.find('\n', text.size() / 2);
  std::string name = file.string() + ".XXXXXX";
  const Descriptor out(::mkstemp(name.data()));
  if (out.number() < 0) return;
  const auto kept = std::string_view(text).substr(std::min(newline, text.size() - 1) + 1);
  if (!write_all(out.number(), kept) || ::rename(name.c_str(), file.c_str()) != 0)
    ::unlink(name.c_str());
}

}  // namespace

std::filesystem::path history_file() {
  if (const char* base = std::getenv("XDG_STATE_HOME"); base && *base == '/')
    return std::filesystem::path(base) / "quipu/chat_history";
  if (const char* home = std::getenv("HOME"); home && *home)
    return std::filesystem::path(home) / ".local/state/quipu/chat_history";
  return {};
}

std::vector<std::string> read_history(const std::filesystem::path& file) {
  return entries_of(contents(file));
}

bool append_history(const std::filesystem::path& file, const std::string& entry) noexcept try {
  if (file.empty() || entry.size() > longest_entry) return false;
  if (!make_private_folders(file.parent_path())) return false;
  const Descriptor out(
      ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600));
  struct stat facts {};
  if (out.number() < 0 || ::fstat(out.number(), &facts) != 0 || !S_ISREG(facts.st_mode) ||
      ::fchmod(out.number(), 0600) != 0 || !write_all(out.number(), line_of(entry)))
    return false;
  if (static_cast<std::size_t>(facts.st_size) > largest_file) shorten(file);
  return true;
} catch (...) {
  return false;
}

}  // namespace quipu::app
