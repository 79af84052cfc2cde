// Models that take and give token ids, no text: tokenizer.ggml.model "none" and "no_vocab".
#pragma once

#include <memory>

#include "quipu/tokenizer.h"

namespace quipu {

class Metadata;

/// Its tokens, as many as the file says (vocab_size of its architecture), have no text. To make
/// tokens of a text throws unsupported.
std::unique_ptr<Tokenizer> make_no_tokenizer(const Metadata& metadata);

}  // namespace quipu
