// How byte-level vocabularies spell bytes: each as one code point (the bytes_to_unicode table of
// GPT-2).
#pragma once

#include <string>
#include <string_view>

namespace quipu {

/// Appends the spelling of a byte, 1 or 2 bytes of UTF-8.
void append_spelled(std::string& out, unsigned char byte);

/// The bytes that a spelling stands for; what is not spelled that way stays as it is.
std::string unspelled(std::string_view text);

}  // namespace quipu
