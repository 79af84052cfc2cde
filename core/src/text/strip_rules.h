// Which special tokens take the spaces beside them with them. Files do not say; llama.cpp, whose
// rules these are, knows it by the names of models (src/llama-vocab.cpp).
#pragma once

#include <cstdint>
#include <string_view>

namespace quipu {

class Metadata;

enum class Strip : std::uint8_t { nothing, before, after };

class StripRules {
 public:
  explicit StripRules(const Metadata& metadata);

  /// Of a token that is special or user-defined.
  Strip of(std::string_view text) const noexcept;

 private:
  std::string_view mask_;  // takes the spaces before it; "" = none does
  bool phi3_ = false;      // nearly all take those after them
};

}  // namespace quipu
