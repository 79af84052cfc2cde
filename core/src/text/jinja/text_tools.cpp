#include "text/jinja/text_tools.h"

#include <string.h>

#include <algorithm>

#include "text/jinja/unicode.h"

namespace quipu::jinja {

std::size_t find_text(std::string_view text, std::string_view part, std::size_t from,
                      Meter& meter) {
  if (from > text.size()) return std::string_view::npos;
  meter.step();
  // Of the usual searches this one is linear at worst (glibc and musl: Crochemore and Perrin).
  const void* at = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  const std::size_t found =
      at ? static_cast<std::size_t>(static_cast<const char*>(at) - text.data())
         : std::string_view::npos;
  meter.read((at ? found : text.size()) - from + part.size());
  return found;
}

std::size_t find_last_text(std::string_view text, std::string_view part, std::size_t to,
                           Meter& meter) {
  const std::string backwards(text.rend() - static_cast<std::ptrdiff_t>(to), text.rend());
  const std::string wanted(part.rbegin(), part.rend());
  const std::size_t at = find_text(backwards, wanted, 0, meter);
  meter.read(to);
  return at == std::string::npos ? at : to - at - part.size();
}

std::string_view stripped(std::string_view text, const std::string* which, Side side) {
  const auto goes = [&](std::string_view point) {
    return which ? which->find(point) != std::string::npos : is_space(number_of_point(point));
  };
  for (std::string_view rest = text; side != Side::right && !rest.empty(); text = rest)
    if (!goes(take_point(rest))) break;
  for (std::string_view rest = text; side != Side::left && !rest.empty(); text = rest)
    if (!goes(take_last_point(rest))) break;
  return text;
}

namespace {

constexpr std::uint64_t parts_cost = 4;  // what one more text takes, in values

List split_at_space(std::string_view text, std::int64_t most, bool from_right, Meter& meter) {
  List parts;
  const Side near = from_right ? Side::right : Side::left;
  for (text = stripped(text, nullptr, near); !text.empty(); text = stripped(text, nullptr, near)) {
    if (std::ssize(parts.items) == most) {
      parts.items.emplace_back(text);
      break;
    }
    meter.make_values(parts_cost);
    std::string_view rest = text;
    std::size_t size = 0;
    while (!rest.empty()) {
      const auto point = from_right ? take_last_point(rest) : take_point(rest);
      if (is_space(number_of_point(point))) break;
      size += point.size();
    }
    parts.items.emplace_back(from_right ? text.substr(text.size() - size) : text.substr(0, size));
    text = from_right ? text.substr(0, text.size() - size) : text.substr(size);
  }
  return parts;
}

List split_at(std::string_view text, std::string_view mark, std::int64_t most, bool from_right,
              Meter& meter) {
  List parts;
  if (from_right && most >= 0) {
    while (std::ssize(parts.items) < most) {
      meter.make_values(parts_cost);
      const std::size_t at = find_last_text(text, mark, text.size(), meter);
      if (at == std::string_view::npos) break;
      parts.items.emplace_back(text.substr(at + mark.size()));
      text = text.substr(0, at);
    }
  } else {
    while (most < 0 || std::ssize(parts.items) < most) {
      const std::size_t at = find_text(text, mark, 0, meter);
      if (at == std::string_view::npos) break;
      parts.items.emplace_back(text.substr(0, at));
      text.remove_prefix(at + mark.size());
      meter.make_values(parts_cost);
    }
  }
  parts.items.emplace_back(text);
  return parts;
}

}  // namespace

List split(std::string_view text, const std::string* separator, std::int64_t most, bool from_right,
           Meter& meter) {
  if (separator && separator->empty()) fail("split: expected a separator, found an empty string");
  // Even a text of nothing but separators is paid for before it is cut.
  meter.make(text.size());
  List parts = separator ? split_at(text, *separator, most, from_right, meter)
                         : split_at_space(text, most, from_right, meter);
  if (from_right && (!separator || most >= 0)) std::ranges::reverse(parts.items);
  return parts;
}

List lines_of(std::string_view text, bool with_ends, Meter& meter) {
  List lines;
  meter.make(text.size());
  while (!text.empty()) {
    std::string_view rest = text;
    std::size_t size = 0, end = 0;
    while (!rest.empty() && end == 0) {
      const std::string_view point = take_point(rest);
      if (is_line_end(number_of_point(point)))
        end = point.size() + (point == "\r" && rest.starts_with('\n'));
      else
        size += point.size();
    }
    lines.items.emplace_back(text.substr(0, size + (with_ends ? end : 0)));
    text.remove_prefix(size + end);
    meter.make_values(parts_cost);
  }
  return lines;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to,
                     std::int64_t most, Meter& meter) {
  std::string out;
  const auto add = [&](std::string_view part) {
    meter.make(part.size());
    out += part;
  };
  for (std::int64_t count = 0; most < 0 || count < most; ++count) {
    if (from.empty()) {
      // Before every character, and at the end.
      add(to);
      meter.step();
      if (text.empty()) return out;
      add(take_point(text));
      continue;
    }
    const std::size_t at = find_text(text, from, 0, meter);
    if (at == std::string_view::npos) break;
    add(text.substr(0, at));
    add(to);
    text.remove_prefix(at + from.size());
  }
  add(text);
  return out;
}

std::string padded(std::string_view text, std::int64_t width, std::string_view fill,
                   std::size_t left_share, std::size_t right_share, Meter& meter) {
  const auto length = static_cast<std::int64_t>(length_of(text));
  const auto missing = static_cast<std::size_t>(std::max<std::int64_t>(0, width - length));
  const std::size_t shares = left_share + right_share;
  // Python puts the odd one at the left when the width is odd.
  const std::size_t odd = left_share == right_share && missing & 1 ? width & 1 : 0;
  const std::size_t left =
      left_share == right_share ? missing / 2 + odd : missing * left_share / shares;
  meter.make(text.size() + (missing <= meter.bytes_left() ? missing * fill.size() : missing));
  std::string out;
  for (std::size_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (std::size_t i = left; i < missing; ++i) out += fill;
  return out;
}

}  // namespace quipu::jinja
