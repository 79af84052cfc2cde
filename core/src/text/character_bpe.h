// Byte-pair encoding over characters: spaces are U+2581, and what no token spells falls back to
// bytes. The tokenizer of Gemma 4 ("gemma4" in GGUF) and of others that name their pre-tokenizer.
#pragma once

#include <memory>

#include "quipu/tokenizer.h"

namespace quipu {

class Metadata;

/// Whether a file with merges (tokenizer.ggml.model "gpt2") and this tokenizer.ggml.pre means them
/// so.
bool merges_characters(std::string_view pre) noexcept;

/// For a `pre` that merges_characters.
std::unique_ptr<Tokenizer> make_character_bpe(const Metadata& metadata, std::string_view pre,
                                              std::vector<std::string>* warnings);

}  // namespace quipu
