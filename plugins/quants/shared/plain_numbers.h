// Numbers of the C language as they lie in memory, at any address.
#pragma once

#include <cstdint>
#include <cstring>

namespace {

template <class Number>
void plain_numbers(const void* stored, std::uint64_t count, float* out) noexcept {
  const auto* at = static_cast<const unsigned char*>(stored);
  for (std::uint64_t i = 0; i < count; ++i, at += sizeof(Number)) {
    Number number;
    std::memcpy(&number, at, sizeof number);
    out[i] = static_cast<float>(number);
  }
}

}  // namespace
