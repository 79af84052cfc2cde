// WordPiece, as BERT and the encoders after it use it (arXiv:1810.04805; Wu et al.,
// arXiv:1609.08144, section 4.1).
#pragma once

#include <memory>

#include "quipu/tokenizer.h"

namespace quipu {

class Metadata;

std::unique_ptr<Tokenizer> make_wpm(const Metadata& metadata, std::vector<std::string>* warnings);

}  // namespace quipu
