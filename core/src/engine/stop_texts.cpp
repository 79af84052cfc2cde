#include "engine/stop_texts.h"

#include <algorithm>
#include <utility>

namespace quipu {

StopTexts::StopTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
  std::erase(texts_, "");
}

std::string StopTexts::push(std::string_view piece) {
  if (found_) return {};
  held_ += piece;
  std::size_t first = std::string::npos;
  for (const auto& text : texts_) first = std::min(first, held_.find(text));
  if (first != std::string::npos) {
    found_ = true;
    held_.resize(first);
    return std::exchange(held_, {});
  }
  // Hold back the longest end of the text that begins a stop text.
  std::size_t hold = 0;
  for (const auto& text : texts_)
    for (std::size_t length = std::min(text.size() - 1, held_.size()); length > hold; --length)
      if (held_.ends_with(std::string_view(text).substr(0, length))) {
        hold = length;
        break;
      }
  std::string shown = held_.substr(0, held_.size() - hold);
  held_.erase(0, shown.size());
  return shown;
}

std::string StopTexts::finish() {
  return std::exchange(held_, {});
}

}  // namespace quipu
