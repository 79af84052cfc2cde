// Byte-level byte-pair encoding (GPT-2 and all that followed).
#pragma once

#include <memory>

#include "quipu/tokenizer.h"

namespace quipu {

class Metadata;

std::unique_ptr<Tokenizer> make_bpe(const Metadata& metadata, std::vector<std::string>* warnings);

}  // namespace quipu
