// Why a plugin cannot be used: codes that stay the same, before texts that may improve.
#pragma once

#include <string_view>

namespace quipu::plugin::problem {

inline constexpr std::string_view damaged = "QUIPU-P101";   ///< a truncated or corrupt file
inline constexpr std::string_view manifest = "QUIPU-P102";  ///< no manifest, or a malformed one
inline constexpr std::string_view target = "QUIPU-P103";    ///< built for another machine
inline constexpr std::string_view version = "QUIPU-P104";   ///< plugin ABI or opset
inline constexpr std::string_view linking = "QUIPU-P105";   ///< a library or symbol is missing
inline constexpr std::string_view promise = "QUIPU-P107";  ///< the tables are not what they must be
inline constexpr std::string_view start = "QUIPU-P108";    ///< its init failed
inline constexpr std::string_view clash = "QUIPU-P109";    ///< two plugins, one item, one directory
inline constexpr std::string_view permission =
    "QUIPU-P110";  ///< others could have changed the file

}  // namespace quipu::plugin::problem
