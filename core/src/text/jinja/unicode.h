// Characters as Python's str has them: code points, their classes and their cases.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quipu::jinja {

/// Takes the first code point off a text that is not empty; a byte that begins none stands for
/// itself.
std::string_view take_point(std::string_view& text);
/// The last one.
std::string_view take_last_point(std::string_view& text);
/// Its number; U+FFFD for a stray byte.
std::int32_t number_of_point(std::string_view point);
void append_point(std::string& out, std::uint32_t number);

bool is_ascii(std::string_view text);
std::size_t length_of(std::string_view text);
/// The bytes of code points first … last - 1.
std::string_view part_of(std::string_view text, std::size_t first, std::size_t last);

bool is_space(std::int32_t c);
bool is_line_end(std::int32_t c);
bool is_letter(std::int32_t c);
bool is_decimal(std::int32_t c);
bool is_digit(std::int32_t c);
bool is_numeric(std::int32_t c);
bool is_upper(std::int32_t c);
bool is_lower(std::int32_t c);
bool is_title(std::int32_t c);
/// What repr() shows as it is.
bool is_printable(std::int32_t c);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string swapped_case(std::string_view text);
std::string folded(std::string_view text);
/// The first in upper case, the others in lower case.
std::string capitalized(std::string_view text);
/// Every letter that follows no letter in upper case: str.title.
std::string title(std::string_view text);

}  // namespace quipu::jinja
