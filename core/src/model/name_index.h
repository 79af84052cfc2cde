// Finds names among those of a model.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace quipu {

/// Sorted rather than hashed, so that no choice of names makes it slow. Views must outlive it.
class NameIndex {
 public:
  NameIndex() = default;
  /// Of names[i], i. Throws Error{invalid} when a name is there twice.
  explicit NameIndex(const std::vector<std::string_view>& names);

  std::optional<std::size_t> find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string_view, std::size_t>> sorted_;
};

}  // namespace quipu
