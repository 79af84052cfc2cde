// The program: finds the verb, runs it, and turns errors into one line and an exit code.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <new>

#include "command.h"

namespace quipu::app {

const std::vector<const Command*>& commands() {
  static const std::vector<const Command*> all = {
      &run_command,        &chat_command,       &info_command,     &check_command,
      &logits_command,     &embed_command,      &template_command, &tokenize_command,
      &detokenize_command, &grammar_command,    &quantize_command, &imatrix_command,
      &perplexity_command, &bench_command,      &download_command, &models_command,
      &plugins_command,    &completion_command, &version_command};
  return all;
}

int exit_code(ErrorCode code) noexcept {
  switch (code) {
  case ErrorCode::usage:
    return exit_usage;
  case ErrorCode::invalid:
    return exit_invalid;
  case ErrorCode::unsupported:
    return exit_unsupported;
  case ErrorCode::cancelled:
    return exit_interrupted;
  case ErrorCode::io:
  case ErrorCode::memory:
  case ErrorCode::internal:
    return exit_io;
  }
  return exit_io;
}

namespace {

void print_help() {
  std::string text = "quipu runs language models from GGUF files.\n\n";
  for (const Command* command : commands()) {
    std::string line = "  quipu " + std::string(command->name);
    line.resize(std::max<std::size_t>(line.size() + 2, 22), ' ');
    text += line + std::string(command->summary) + "\n";
  }
  print(text + "\nquipu COMMAND --help shows the options of one.\n");
}

void on_interrupt(int) {
  // A second Ctrl-C does what Ctrl-C does by itself.
  interrupted.store(true);
  std::signal(SIGINT, SIG_DFL);
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_help();
    return words.empty() ? exit_usage : exit_ok;
  }
  const std::string name = words[0] == "--version" ? "version" : words[0];
  const auto found = std::ranges::find_if(commands(), [&](auto* c) { return c->name == name; });
  if (found == commands().end())
    throw Error(ErrorCode::usage, "no command '" + printable(name) + "'; quipu --help lists them");
  return (*found)->run({words.begin() + 1, words.end()});
}

}  // namespace
}  // namespace quipu::app

int main(int argc, char** argv) {
  using namespace quipu;
  using namespace quipu::app;
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, reported like any other
  std::signal(SIGXFSZ, SIG_IGN);  // so is a file that may not grow
  std::signal(SIGINT, on_interrupt);
  try {
    const int code = dispatch({argv + std::min(argc, 1), argv + argc});
    return interrupted ? exit_interrupted : code;
  } catch (const Error& error) {
    say(error.what());
    return interrupted ? exit_interrupted : exit_code(error.code());
  } catch (const std::bad_alloc&) {
    say("out of memory");
    return exit_io;
  } catch (const std::exception& error) {
    say(error.what());
    return exit_io;
  }
}
