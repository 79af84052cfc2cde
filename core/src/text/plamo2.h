// The tokenizer of PLaMo 2: of all ways to cut a text into pieces the one with the best sum of
// scores, found from the end, with bytes for what no piece spells (pfnet/plamo-2-1b,
// tokenization_plamo.py).
#pragma once

#include <memory>

#include "quipu/tokenizer.h"

namespace quipu {

class Metadata;

std::unique_ptr<Tokenizer> make_plamo2(const Metadata& metadata,
                                       std::vector<std::string>* warnings);

}  // namespace quipu
