// The World tokenizer of RWKV: always the longest token that fits (BlinkDL/RWKV-LM, RWKV-v5,
// tokenizer/rwkv_tokenizer.py).
#pragma once

#include <memory>

#include "quipu/tokenizer.h"

namespace quipu {

class Metadata;

std::unique_ptr<Tokenizer> make_rwkv(const Metadata& metadata, std::vector<std::string>* warnings);

}  // namespace quipu
