// Starts the program as a user does, and what came of it.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/temporary_folder.h"

extern char** environ;

namespace quipu::test {

struct Outcome {
  int code = -1;  ///< exit code, or minus the signal
  std::string out, err;
  double seconds = 0;
};

/// QUIPU_PROGRAM with these arguments; stdin holds `input`.
inline Outcome run_program(std::vector<std::string> arguments, const std::string& input = "") {
  const TemporaryFolder folder;
  std::ofstream(folder / "in", std::ios::binary) << input;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const auto redirect = [&](int descriptor, const char* name, int flags) {
    posix_spawn_file_actions_addopen(&actions, descriptor, (folder / name).c_str(), flags, 0600);
  };
  redirect(0, "in", O_RDONLY);
  redirect(1, "out", O_WRONLY | O_CREAT);
  redirect(2, "err", O_WRONLY | O_CREAT);
  arguments.insert(arguments.begin(), QUIPU_PROGRAM);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  const int failure =
      posix_spawn(&child, QUIPU_PROGRAM, &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure) throw std::runtime_error("cannot start " QUIPU_PROGRAM);
  int status = 0;
  waitpid(child, &status, 0);

  Outcome outcome;
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  const auto text = [&](const char* name) {
    std::ostringstream all;
    all << std::ifstream(folder / name, std::ios::binary).rdbuf();
    return all.str();
  };
  outcome.out = text("out");
  outcome.err = text("err");
  return outcome;
}

}  // namespace quipu::test
