// Names as a container gives them: what is allowed, and how a message quotes them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace loaders {

/// Why `name` cannot be a key or a tensor's name ("it is empty"), or "" when it can: 1 to `limit`
/// bytes of UTF-8 without control characters.
std::string objection_to(std::string_view name, std::size_t limit);

/// In quotes, anything but printable ASCII as \xNN, cut to 100 bytes: fit for a message.
std::string quoted(std::string_view text);

/// Index of a name that an earlier one equals, if any. Sorts, so that no choice of names makes it
/// slow.
std::optional<std::size_t> find_duplicate(std::span<const std::string_view> names);

}  // namespace loaders
