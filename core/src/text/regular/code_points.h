// UTF-8 as code points and back.
#pragma once

#include <string>
#include <string_view>

namespace quipu::regular {

/// Of valid UTF-8.
std::u32string code_points(std::string_view utf8);
std::string utf8(std::u32string_view text);

}  // namespace quipu::regular
