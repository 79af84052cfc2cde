// How a value is laid out: Python's format specifications, which "%5.2f" and "{:5.2f}" share.
#pragma once

#include "text/jinja/render.h"

namespace quipu::jinja {

inline constexpr std::int64_t widest = 100'000, most_precise = 300;

/// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct Specification {
  std::string fill = std::string(1, ' ');
  char align = 0, sign = '-', grouping = 0, type = 0;
  bool alternate = false;
  std::int64_t width = 0, precision = -1;
};

struct Digits {
  bool negative = false;
  std::string prefix, digits;
};

/// Takes digits off the text. Throws Failure for a number above the largest.
std::int64_t take_number(std::string_view& text, std::int64_t largest);
/// Takes the first character if it is one of these.
bool take(std::string_view& text, std::string_view one_of, char& out);

Digits number_digits(const Value& value, const Specification& specification);
/// With sign and padding.
std::string shown_number(const Digits& digits, const Specification& specification, Meter& meter);
/// As wide as asked; `otherwise` is the alignment when none was.
std::string aligned(std::string_view text, const Specification& specification, char otherwise,
                    Meter& meter);
/// What "{:specification}" makes of a value.
std::string shown(Renderer& renderer, const Value& value, std::string_view specification);

}  // namespace quipu::jinja
