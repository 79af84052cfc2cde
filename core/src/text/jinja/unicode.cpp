#include "text/jinja/unicode.h"

#include <utf8proc.h>

#include <algorithm>

#include "text/utf8.h"

namespace quipu::jinja {
namespace {

utf8proc_category_t category(std::int32_t c) {
  return utf8proc_category(c);
}

// The letters that become two: of them only this one is common.
constexpr std::int32_t sharp_s = 0xDF;

enum class Case { upper, lower, title };

void append_in(std::string& out, std::string_view point, Case wanted) {
  const auto first = static_cast<unsigned char>(point[0]);
  if (first < 0x80) {
    const bool small = first >= 'a' && first <= 'z', big = first >= 'A' && first <= 'Z';
    out += static_cast<char>(wanted == Case::lower ? (big ? first + 32 : first)
                                                   : (small ? first - 32 : first));
    return;
  }
  const std::int32_t c = number_of_point(point);
  if (point.size() == 1) {
    out += point;
  } else if (c == sharp_s && wanted != Case::lower) {
    out += wanted == Case::upper ? "SS" : "Ss";
  } else {
    append_point(out, static_cast<std::uint32_t>(wanted == Case::upper   ? utf8proc_toupper(c)
                                                 : wanted == Case::lower ? utf8proc_tolower(c)
                                                                         : utf8proc_totitle(c)));
  }
}

std::string in_case(std::string_view text, Case wanted) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) append_in(out, take_point(text), wanted);
  return out;
}

bool is_cased(std::int32_t c) {
  return is_upper(c) || is_lower(c) || is_title(c);
}

}  // namespace

std::string_view take_point(std::string_view& text) {
  const std::size_t size = std::max<std::size_t>(1, code_point_size(text));
  const std::string_view point = text.substr(0, size);
  text.remove_prefix(size);
  return point;
}

std::string_view take_last_point(std::string_view& text) {
  std::size_t size = 1;
  while (size < 4 && size < text.size() && (text[text.size() - size] & 0xC0) == 0x80) ++size;
  if (code_point_size(text.substr(text.size() - size)) != size) size = 1;
  const std::string_view point = text.substr(text.size() - size);
  text.remove_suffix(size);
  return point;
}

std::int32_t number_of_point(std::string_view point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(point[i]); };
  switch (point.size()) {
  case 1:
    return byte(0) < 0x80 ? byte(0) : 0xFFFD;
  case 2:
    return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
  case 3:
    return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  default:
    return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
           (byte(3) & 0x3F);
  }
}

void append_point(std::string& out, std::uint32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

std::size_t length_of(std::string_view text) {
  if (is_ascii(text)) return text.size();
  std::size_t count = 0;
  for (; !text.empty(); ++count) take_point(text);
  return count;
}

std::string_view part_of(std::string_view text, std::size_t first, std::size_t last) {
  std::string_view rest = text;
  for (std::size_t i = 0; i < first && !rest.empty(); ++i) take_point(rest);
  const char* const begin = rest.data();
  for (std::size_t i = first; i < last && !rest.empty(); ++i) take_point(rest);
  return {begin, static_cast<std::size_t>(rest.data() - begin)};
}

bool is_space(std::int32_t c) {
  if (c < 0x80) return (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= ' ');
  const auto of = category(c);
  return c == 0x85 || of == UTF8PROC_CATEGORY_ZS || of == UTF8PROC_CATEGORY_ZL ||
         of == UTF8PROC_CATEGORY_ZP;
}
bool is_line_end(std::int32_t c) {
  return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}
bool is_letter(std::int32_t c) {
  const auto of = category(c);
  return of >= UTF8PROC_CATEGORY_LU && of <= UTF8PROC_CATEGORY_LO;
}
bool is_decimal(std::int32_t c) {
  return category(c) == UTF8PROC_CATEGORY_ND;
}
bool is_digit(std::int32_t c) {
  // Beside decimals: superscripts, subscripts, and digits in circles.
  return is_decimal(c) || c == 0xB2 || c == 0xB3 || c == 0xB9 || c == 0x2070 ||
         (c >= 0x2074 && c <= 0x2079) || (c >= 0x2080 && c <= 0x2089) ||
         (c >= 0x2460 && c <= 0x2468) || (c >= 0x2474 && c <= 0x247C) ||
         (c >= 0x2488 && c <= 0x2490) || c == 0x24EA;
}
bool is_numeric(std::int32_t c) {
  const auto of = category(c);
  return of == UTF8PROC_CATEGORY_ND || of == UTF8PROC_CATEGORY_NL || of == UTF8PROC_CATEGORY_NO;
}
bool is_upper(std::int32_t c) {
  return category(c) == UTF8PROC_CATEGORY_LU;
}
bool is_lower(std::int32_t c) {
  return category(c) == UTF8PROC_CATEGORY_LL || c == 0xAA || c == 0xBA;
}
bool is_title(std::int32_t c) {
  return category(c) == UTF8PROC_CATEGORY_LT;
}

bool is_printable(std::int32_t c) {
  switch (category(c)) {
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return false;
  case UTF8PROC_CATEGORY_ZS:
    return c == ' ';
  default:
    return true;
  }
}

std::string upper(std::string_view text) {
  return in_case(text, Case::upper);
}
std::string lower(std::string_view text) {
  return in_case(text, Case::lower);
}

std::string swapped_case(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view point = take_point(text);
    append_in(out, point, is_upper(number_of_point(point)) ? Case::lower : Case::upper);
  }
  return out;
}

std::string folded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view point = take_point(text);
    if (number_of_point(point) == sharp_s)
      out += "ss";
    else
      append_in(out, point, Case::lower);
  }
  return out;
}

std::string capitalized(std::string_view text) {
  std::string out;
  if (text.empty()) return out;
  append_in(out, take_point(text), Case::title);
  return out + lower(text);
}

std::string title(std::string_view text) {
  std::string out;
  for (bool inside = false; !text.empty();) {
    const std::string_view point = take_point(text);
    append_in(out, point, inside ? Case::lower : Case::title);
    inside = is_cased(number_of_point(point));
  }
  return out;
}

}  // namespace quipu::jinja
