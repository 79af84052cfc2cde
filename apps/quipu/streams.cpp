// What goes in and out of the program: stdin, stdout, stderr, and words that users type.
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "command.h"

namespace quipu::app {

void say(std::string_view text) {
  const std::string line = "quipu: " + printable(text, 4096) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw Error(ErrorCode::io, std::string("stdout: cannot write: ") + std::strerror(errno));
}

void print_json(const json::value& document) {
  print(json::serialize(document) + "\n");
}

std::string read_all(const std::filesystem::path& file) {
  const bool standard = file == "-";
  std::FILE* stream = standard ? stdin : std::fopen(file.c_str(), "rb");
  if (!stream)
    throw Error(ErrorCode::io, printable(file.string()) + ": cannot open: " + std::strerror(errno));
  std::string text;
  char buffer[1 << 16];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, stream)) > 0;)
    text.append(buffer, n);
  const bool failed = std::ferror(stream);
  const int error = errno;
  if (!standard) std::fclose(stream);
  if (failed)
    throw Error(ErrorCode::io, printable(file.string()) + ": cannot read: " + std::strerror(error));
  return text;
}

std::shared_ptr<const ModelFile> open_model(const std::string& name, Registry& registry,
                                            Fetch fetch, bool quiet) {
  return ModelFile::open(resolve_model(name, fetch, quiet), registry);
}

std::vector<Token> parse_tokens(std::string_view text, std::string_view expected) {
  std::vector<Token> tokens;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto separator = [](char c) { return c == ',' || c == ' ' || c == '\n' || c == '\t'; };
  while (at != end) {
    if (separator(*at)) {
      ++at;
      continue;
    }
    Token token = 0;
    const auto [rest, error] = std::from_chars(at, end, token);
    if (error != std::errc() || (rest != end && !separator(*rest))) {
      const char* stop = at;
      while (stop != end && !separator(*stop)) ++stop;
      throw Error(ErrorCode::usage, std::string(expected) + ", found '" +
                                        printable({at, static_cast<std::size_t>(stop - at)}) + "'");
    }
    tokens.push_back(token);
    at = rest;
  }
  return tokens;
}

std::string_view to_string(FinishReason reason) {
  switch (reason) {
  case FinishReason::none:
    return "none";
  case FinishReason::stop:
    return "stop";
  case FinishReason::length:
    return "length";
  case FinishReason::context_full:
    return "context_full";
  case FinishReason::cancelled:
    return "cancelled";
  case FinishReason::failed:
    return "failed";
  }
  return "none";
}

std::string readable_bytes(std::uint64_t bytes) {
  static constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1000 && unit < 6; ++unit) value /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return text;
}

}  // namespace quipu::app
