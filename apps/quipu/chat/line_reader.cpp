#include "chat/line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "command.h"

namespace quipu::app {
namespace {

// More than any context holds; what has no newline for as long is no text.
constexpr std::size_t longest_line = 64u << 20;
constexpr std::string_view quotes = "\"\"\"";

}  // namespace

LineReader::~LineReader() = default;

Line PlainReader::read(std::string_view prompt, std::string_view) {
  if (prompts_) std::fwrite(prompt.data(), 1, prompt.size(), stderr);
  for (std::size_t searched = 0;;) {
    const std::size_t newline = pending_.find('\n', searched);
    if (newline != std::string::npos) {
      std::string line = pending_.substr(0, newline);
      pending_.erase(0, newline + 1);
      if (line.ends_with('\r')) line.pop_back();
      return {Line::typed, std::move(line)};
    }
    searched = pending_.size();
    if (ended_ && pending_.empty()) return {Line::end, {}};
    if (ended_) return {Line::typed, std::exchange(pending_, {})};
    if (searched > longest_line)
      throw Error(ErrorCode::usage, "stdin: expected lines of at most " +
                                        readable_bytes(longest_line) + ", found a longer one");
    char buffer[1 << 12];
    const ssize_t count = ::read(descriptor_, buffer, sizeof buffer);
    if (count < 0 && errno != EINTR)
      throw Error(ErrorCode::io, std::string("stdin: cannot read: ") + std::strerror(errno));
    if (interrupted.load()) return {Line::interrupt, std::exchange(pending_, {})};
    if (count == 0) ended_ = true;
    if (count > 0) pending_.append(buffer, static_cast<std::size_t>(count));
  }
}

Line read_message(LineReader& reader, std::string_view prompt, std::string_view more_prompt,
                  std::string_view initial) {
  Line line = reader.read(prompt, initial);
  if (line.kind != Line::typed) return line;
  std::string& text = line.text;
  const bool block = text.starts_with(quotes);
  if (block) text.erase(0, quotes.size());
  if (text.size() > longest_line)
    throw Error(ErrorCode::usage, "stdin: expected messages of at most " +
                                      readable_bytes(longest_line) + ", found a longer one");
  while (block ? !text.ends_with(quotes) : text.ends_with('\\')) {
    Line next = reader.read(more_prompt);
    if (next.kind == Line::interrupt) return next;
    if (!block) text.pop_back();
    if (next.kind == Line::end) return line;
    // The line of the opening quotes is part of the message only where it has text.
    if (!(block && text.empty())) text += '\n';
    text += next.text;
  }
  if (block) {
    text.resize(text.size() - quotes.size());
    if (text.ends_with('\n')) text.pop_back();
  }
  return line;
}

}  // namespace quipu::app
