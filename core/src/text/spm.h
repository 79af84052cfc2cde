// SentencePiece with scores, as LLaMA 1 and 2, Gemma and Mistral use it (arXiv:1808.06226,
// byte-pair mode).
#pragma once

#include <memory>

#include "quipu/tokenizer.h"

namespace quipu {

class Metadata;

std::unique_ptr<Tokenizer> make_spm(const Metadata& metadata, std::vector<std::string>* warnings);

}  // namespace quipu
