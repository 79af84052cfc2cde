// What methods and filters of texts share.
#pragma once

#include "text/jinja/render.h"

namespace quipu::jinja {

/// Where a part begins at or behind `from`, npos for nowhere; in linear time, whatever is looked
/// for. The last place that ends at or before `to`.
std::size_t find_text(std::string_view text, std::string_view part, std::size_t from, Meter& meter);
std::size_t find_last_text(std::string_view text, std::string_view part, std::size_t to,
                           Meter& meter);

enum class Side { left, right, both };
/// Without the characters at its ends that are in `which`, or that are space when it is null.
std::string_view stripped(std::string_view text, const std::string* which, Side side);

/// Null separator: at runs of space. `most` splits, -1 = all.
List split(std::string_view text, const std::string* separator, std::int64_t most, bool from_right,
           Meter& meter);
List lines_of(std::string_view text, bool with_ends, Meter& meter);
std::string replaced(std::string_view text, std::string_view from, std::string_view to,
                     std::int64_t most, Meter& meter);
/// As wide as asked, filled at the left and the right so that the text is in the middle.
std::string padded(std::string_view text, std::int64_t width, std::string_view fill,
                   std::size_t left_share, std::size_t right_share, Meter& meter);

/// text % arguments, and text.format(arguments).
Value format_percent(Renderer& renderer, const Value& text, const Value& arguments);
Value format_braces(Renderer& renderer, const Value& text, const Arguments& arguments);

}  // namespace quipu::jinja
