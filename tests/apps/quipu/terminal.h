// The program on a terminal: what a person types, and what the screen was sent.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace quipu::test {

class Terminal {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  /// Starts QUIPU_PROGRAM on a terminal of 80 columns, with these variables set besides others.
  Terminal(std::vector<std::string> arguments, const Variables& variables) {
    winsize size{24, 80, 0, 0};
    child_ = forkpty(&descriptor_, nullptr, nullptr, &size);
    if (child_ < 0) throw std::runtime_error("cannot make a terminal");
    if (child_ > 0) return;
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
    arguments.insert(arguments.begin(), QUIPU_PROGRAM);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    execv(QUIPU_PROGRAM, pointers.data());
    _exit(127);
  }
  ~Terminal() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    close(descriptor_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& keys) {
    if (write(descriptor_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
      throw std::runtime_error("cannot type");
  }
  /// Whether the text comes, after what was waited for before. A minute is for machines that do
  /// much else.
  bool wait_for(const std::string& text) {
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (sent.find(text, seen_) == std::string::npos)
      if (std::chrono::steady_clock::now() > late || !read_some()) return false;
    seen_ = sent.find(text, seen_) + text.size();
    return true;
  }
  /// Reads until the program ends; its exit code, or minus the signal.
  int finish() {
    while (read_some()) {
    }
    // What has closed its terminal ends by itself; what is silent for so long does not.
    if (!closed_) kill(child_, SIGKILL);
    int status = 0;
    waitpid(std::exchange(child_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  std::string sent;  ///< all that the terminal got

 private:
  bool read_some() {
    pollfd ready{descriptor_, POLLIN, 0};
    if (poll(&ready, 1, 30000) != 1) return false;
    char buffer[4096];
    const ssize_t count = read(descriptor_, buffer, sizeof buffer);
    closed_ = count <= 0;
    if (closed_) return false;
    sent.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  pid_t child_ = -1;
  int descriptor_ = -1;
  std::size_t seen_ = 0;
  bool closed_ = false;
};

}  // namespace quipu::test
