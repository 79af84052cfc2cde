// What every list of tokens must be before it runs.
#pragma once

#include <cstdint>
#include <span>

#include "quipu/tokenizer.h"

namespace quipu {

/// Throws usage, beginning with `what` ("prompt"), for an id that is not below `ids`.
void check_ids(const char* what, std::span<const Token> tokens, std::uint32_t ids);
/// The same, and for no tokens or more than `context`.
void check_tokens(const char* what, std::span<const Token> tokens, std::uint32_t context,
                  std::uint32_t ids);

}  // namespace quipu
