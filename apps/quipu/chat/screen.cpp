#include "chat/screen.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "command.h"

namespace quipu::app {
namespace {

constexpr std::string_view dim = "\x1b[2m", plain = "\x1b[0m", erase_line = "\r\x1b[K";
// Fewer are read before anyone wonders.
constexpr std::size_t many_tokens = 256;

bool smart_terminal(int descriptor) {
  const char* const kind = std::getenv("TERM");
  return ::isatty(descriptor) && kind && *kind && std::strcmp(kind, "dumb") != 0;
}

bool colours() {
  const char* const none = std::getenv("NO_COLOR");
  return !none || !*none;
}

void write_notes(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

Screen::Screen(bool answers, bool quiet)
    : answers_(answers), quiet_(quiet), out_terminal_(::isatty(STDOUT_FILENO)),
      styled_answers_(smart_terminal(STDOUT_FILENO) && colours()),
      smart_notes_(smart_terminal(STDERR_FILENO)), styled_notes_(smart_notes_ && colours()) {}

void Screen::waiting(std::size_t tokens) {
  if (quiet_ || begun_ || !smart_notes_ || tokens < many_tokens) return;
  const std::string text = "reading " + std::to_string(tokens) + " tokens …";
  write_notes(styled_notes_ ? std::string(dim) + text + std::string(plain) : text);
  waiting_ = true;
}

void Screen::stop_waiting() {
  if (waiting_) write_notes(erase_line);
  waiting_ = false;
}

void Screen::part(const AnswerPart& part) {
  stop_waiting();
  const bool thinking = part.kind == AnswerPart::reasoning;
  if (!answers_ || (thinking && !out_terminal_)) return;
  std::string text;
  if (thinking != thinking_) {
    if (begun_) text += "\n\n";
    if (!styled_answers_) text += thinking ? "[reasoning]\n" : "[answer]\n";
  }
  thinking_ = thinking;
  begun_ = true;
  // Each piece is dimmed by itself, so that nothing that comes between is.
  const bool dimmed = thinking && styled_answers_;
  if (dimmed) text += dim;
  text += out_terminal_ ? harmless(part.text) : part.text;
  if (dimmed) text += plain;
  print(text);
}

void Screen::end_answer() {
  stop_waiting();
  if (answers_) print("\n");
  thinking_ = begun_ = false;
}

void Screen::break_off() {
  stop_waiting();
  if (begun_) end_answer();
}

void Screen::note(std::string_view text) {
  if (quiet_) return;
  if (styled_notes_)
    write_notes(std::string(dim) + harmless(text) + std::string(plain) + "\n");
  else
    say(text);
}

void Screen::show(std::string_view text) {
  write_notes(harmless(text) + "\n");
}

std::string harmless(std::string_view text) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    // U+0080 to U+009F, which some terminals obey.
    const bool second_page = byte == 0xC2 && next >= 0x80 && next < 0xA0;
    if (second_page) ++i;
    if (second_page || byte == 0x7F || (byte < 0x20 && byte != '\n' && byte != '\t'))
      out += replacement;
    else
      out += text[i];
  }
  return out;
}

}  // namespace quipu::app
