#include "model/name_index.h"

#include <algorithm>

#include "quipu/error.h"

namespace quipu {

NameIndex::NameIndex(const std::vector<std::string_view>& names) {
  sorted_.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) sorted_.emplace_back(names[i], i);
  std::sort(sorted_.begin(), sorted_.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  const auto twice = std::adjacent_find(sorted_.begin(), sorted_.end(), same);
  if (twice != sorted_.end())
    throw Error(ErrorCode::invalid, printable(twice->first) + ": expected once, found twice");
}

std::optional<std::size_t> NameIndex::find(std::string_view name) const {
  const auto found =
      std::lower_bound(sorted_.begin(), sorted_.end(), name,
                       [](const auto& entry, std::string_view key) { return entry.first < key; });
  if (found == sorted_.end() || found->first != name) return std::nullopt;
  return found->second;
}

}  // namespace quipu
