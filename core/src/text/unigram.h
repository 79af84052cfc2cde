// SentencePiece with a unigram language model (Kudo, arXiv:1804.10959): of all ways to cut a text
// into pieces the likeliest one. "t5" in GGUF.
#pragma once

#include <memory>

#include "quipu/tokenizer.h"

namespace quipu {

class Metadata;

std::unique_ptr<Tokenizer> make_unigram(const Metadata& metadata,
                                        std::vector<std::string>* warnings);

}  // namespace quipu
