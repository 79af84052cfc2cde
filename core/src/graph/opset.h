// The operations of opset 1 as messages and the builder need them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quipu {

/// Name of an operation for messages: "attention".
std::string_view op_name(std::uint32_t op);

/// Bytes of the attributes of an operation, 0 for those that have none.
std::size_t attribute_bytes(std::uint32_t op);

}  // namespace quipu
