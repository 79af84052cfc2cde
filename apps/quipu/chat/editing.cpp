#include "chat/editing.h"

#include <algorithm>

namespace quipu::app {
namespace {

// What fits on a screen together with what came before it.
constexpr std::ptrdiff_t most_lines = 8;
constexpr std::size_t most_bytes = 1000;

void append(std::string& out, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = 0xFFFD;
  const auto add = [&](char32_t bits) {
    out += static_cast<char>(static_cast<unsigned char>(bits));
  };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | c >> 6);
    add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | c >> 12);
    add(0x80 | (c >> 6 & 0x3F));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | c >> 18);
    add(0x80 | (c >> 12 & 0x3F));
    add(0x80 | (c >> 6 & 0x3F));
    add(0x80 | (c & 0x3F));
  }
}

}  // namespace

std::string completed(const std::string& line, const std::vector<std::string>& candidates) {
  const std::string* first = nullptr;
  std::size_t common = 0;
  for (const std::string& candidate : candidates) {
    if (!candidate.starts_with(line)) continue;
    if (!first) {
      first = &candidate;
      common = candidate.size();
    }
    const auto end = std::ranges::mismatch(*first, candidate).in1 - first->begin();
    common = std::min(common, static_cast<std::size_t>(end));
  }
  return first ? first->substr(0, common) : line;
}

std::string cleaned_paste(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (byte == '\r')
      out += '\n';
    else if (byte >= 0x20 ? byte != 0x7F : byte == '\n' || byte == '\t')
      out += text[i];
  }
  return out;
}

std::string to_utf8(std::wstring_view text) {
  std::string out;
  for (const wchar_t c : text) append(out, static_cast<char32_t>(c));
  return out;
}

std::string Pastes::add(std::string text) {
  const auto lines = std::ranges::count(text, '\n') + 1;
  if (lines <= most_lines && text.size() <= most_bytes) return text;
  std::string placeholder = "[pasted " + std::to_string(texts_.size() + 1) + ": " +
                            std::to_string(lines) + (lines == 1 ? " line]" : " lines]");
  texts_.push_back({placeholder, std::move(text)});
  return placeholder;
}

std::string Pastes::restored(std::string line) const {
  // From the end, so that what a text holds is not taken for a placeholder.
  std::size_t end = line.size();
  for (;;) {
    std::size_t at = std::string::npos;
    const Paste* found = nullptr;
    for (const Paste& paste : texts_) {
      if (end < paste.placeholder.size()) continue;
      const std::size_t place = line.rfind(paste.placeholder, end - paste.placeholder.size());
      if (place == std::string::npos || (found && place < at)) continue;
      at = place;
      found = &paste;
    }
    if (!found) return line;
    line.replace(at, found->placeholder.size(), found->text);
    end = at;
  }
}

}  // namespace quipu::app
