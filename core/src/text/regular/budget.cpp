// Counts what is spent.
#include "text/regular/budget.h"

#include "quipu/error.h"

namespace quipu::regular {

void Budget::spend(std::size_t cells) {
  if (cells > left_) exceeded();
  left_ -= cells;
}

void Budget::exceeded() const {
  throw Error(ErrorCode::invalid, where_ + ": too much: patterns, names and bounds that need more "
                                           "states than there is room for");
}

}  // namespace quipu::regular
