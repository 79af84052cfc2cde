// Numbers as the cache keeps them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quipu_reference {

/// Rounds one head's key or value to what the cache type (QUIPU_KV_*) can hold.
void round_stored(std::uint32_t kv_type, float* x, std::size_t count);

}  // namespace quipu_reference
