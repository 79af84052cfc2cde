// Patterns that people write to pick tensors by their names.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace quipu {

/// A PCRE2 pattern. Matching is bounded in time and memory.
class NamePattern {
 public:
  /// Throws usage naming the place where the pattern goes wrong.
  explicit NamePattern(const std::string& pattern);

  /// Whether it matches somewhere in the name. Throws usage when that takes too long to say.
  bool found_in(std::string_view name) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

}  // namespace quipu
