// Tables as text.
#pragma once

#include <string>
#include <vector>

namespace quipu::app {

/// A line for each row, without its end: columns as wide as their widest cell, two spaces apart.
/// All rows have as many cells as the first, which must be there. A cell is valid UTF-8 and counts
/// a column of the terminal for each code point.
std::vector<std::string> aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace quipu::app
