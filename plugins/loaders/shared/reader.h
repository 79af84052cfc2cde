// Reads a header front to back. Every read is checked against what remains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "quipu/sdk/plugin.h"

namespace loaders {

using quipu::sdk::Error;

class Reader {
 public:
  /// `file` names the bytes in messages. Both must outlive the reader.
  Reader(std::span<const std::byte> bytes, std::string_view file) : bytes_(bytes), file_(file) {}

  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t remaining() const noexcept { return bytes_.size() - offset_; }
  const std::byte* here() const noexcept { return bytes_.data() + offset_; }

  /// What is being read, for messages: "key", its index, and its name once that is known.
  void set_subject(const char* kind, std::uint64_t index, std::string_view name = {}) noexcept {
    subject_ = {kind, index, name};
  }

  /// The next little-endian number. `what` says what it is: "type".
  template <class Number>
  Number number(const char* what) {
    Number value;
    std::memcpy(&value, take(sizeof value, what), sizeof value);
    return value;
  }

  /// The next 64-bit length and as many bytes.
  std::string_view text(const char* what) {
    const auto length = number<std::uint64_t>(what);
    return {reinterpret_cast<const char*>(take(length, what)), length};
  }

  /// The next `count` bytes.
  const std::byte* take(std::uint64_t count, const char* what) {
    if (count > remaining()) fail_short(count, what);
    const std::byte* taken = here();
    offset_ += count;
    return taken;
  }

  /// Throws Error{status} that names file, subject and byte. `message` says what was expected and
  /// found.
  [[noreturn]] void fail(std::uint64_t byte, const std::string& message,
                         quipu_status status = QUIPU_E_INVALID) const;

 private:
  struct Subject {
    const char* kind;  // nullptr: the file as a whole
    std::uint64_t index;
    std::string_view name;
  };

  [[noreturn]] void fail_short(std::uint64_t count, const char* what) const;

  std::span<const std::byte> bytes_;
  std::string_view file_;
  std::uint64_t offset_ = 0;
  Subject subject_{nullptr, 0, {}};
};

}  // namespace loaders
