#include "text/special_tokens.h"

#include <algorithm>

namespace quipu {

SpecialTokens::SpecialTokens(std::vector<Entry> entries) : sorted_(std::move(entries)) {
  std::erase_if(sorted_, [](const Entry& entry) {
    return entry.text.empty() || entry.text.size() > longest;
  });
  // By bytes as unsigned numbers, which is how string_view compares.
  std::ranges::stable_sort(sorted_, {}, &Entry::text);
  const auto same = std::ranges::unique(sorted_, {}, &Entry::text);
  sorted_.erase(same.begin(), same.end());
  for (const Entry& entry : sorted_)
    ++first_byte_[static_cast<unsigned char>(entry.text[0]) + std::size_t{1}];
  for (std::size_t byte = 1; byte < first_byte_.size(); ++byte)
    first_byte_[byte] += first_byte_[byte - 1];
}

SpecialTokens::Entry SpecialTokens::at(std::string_view text) const {
  const auto byte = static_cast<unsigned char>(text[0]);
  std::uint32_t low = first_byte_[byte], high = first_byte_[byte + std::size_t{1}];
  Entry found{{}, -1, Strip::nothing};
  // Entries from low to high begin with the first `length` bytes of the text; the shortest is
  // first.
  for (std::size_t length = 1; low < high; ++length) {
    if (sorted_[low].text.size() == length) found = sorted_[low++];
    if (length == text.size()) break;
    const auto next = static_cast<unsigned char>(text[length]);
    const auto byte_at = [&](const Entry& entry) {
      return static_cast<unsigned char>(entry.text[length]);
    };
    const auto range =
        std::ranges::equal_range(sorted_.begin() + low, sorted_.begin() + high, next, {}, byte_at);
    low = static_cast<std::uint32_t>(range.begin() - sorted_.begin());
    high = static_cast<std::uint32_t>(range.end() - sorted_.begin());
  }
  return found;
}

}  // namespace quipu
