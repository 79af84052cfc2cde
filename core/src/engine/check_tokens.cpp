#include "engine/check_tokens.h"

#include <string>

#include "quipu/error.h"

namespace quipu {

void check_ids(const char* what, std::span<const Token> tokens, std::uint32_t ids) {
  for (const Token token : tokens)
    if (token < 0 || static_cast<std::uint32_t>(token) >= ids)
      throw Error(ErrorCode::usage, std::string(what) + ": expected token ids below " +
                                        std::to_string(ids) + ", found " + std::to_string(token));
}

void check_tokens(const char* what, std::span<const Token> tokens, std::uint32_t context,
                  std::uint32_t ids) {
  if (tokens.empty())
    throw Error(ErrorCode::usage, std::string(what) + ": expected at least one token, found none");
  if (tokens.size() > context)
    throw Error(ErrorCode::usage, std::string(what) + ": expected at most " +
                                      std::to_string(context) + " tokens, the context, found " +
                                      std::to_string(tokens.size()));
  check_ids(what, tokens, ids);
}

}  // namespace quipu
