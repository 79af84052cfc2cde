// Reads a file's bytes in order. Every read checks what remains; a short file is an Error that
// names what was being read.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "quipu/sdk/plugin.h"

namespace gguf {

using quipu::sdk::Error;

/// Bytes of a file as text for a message: quoted, control bytes escaped, cut to a readable length.
inline std::string quoted(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, 100)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    else
      out += c;
  }
  return out + (text.size() > 100 ? "…'" : "'");
}

class Reader {
 public:
  Reader(const std::byte* bytes, std::uint64_t size, std::string name)
      : bytes_(bytes), size_(size), name_(std::move(name)) {}

  std::uint64_t offset() const noexcept { return at_; }
  std::uint64_t remaining() const noexcept { return size_ - at_; }
  const std::byte* here() const noexcept { return bytes_ + at_; }

  template <class T>
  T read(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof value, what), sizeof value);
    return value;
  }

  /// A length (32 bits in version 1, never seen here) of 64 bits, then that many bytes.
  std::string_view text(std::string_view what) {
    const auto length = read<std::uint64_t>(what);
    return {reinterpret_cast<const char*>(take(length, what)), length};
  }

  const std::byte* take(std::uint64_t count, std::string_view what) {
    if (count > remaining())
      fail(std::string(what) + ": expected " + std::to_string(count) + " more bytes, found " +
           std::to_string(remaining()));
    const std::byte* start = here();
    at_ += count;
    return start;
  }

  /// An Error about the file, with the place that was being read.
  [[noreturn]] void fail(const std::string& message) const {
    throw Error(QUIPU_E_INVALID, name_ + ": at byte " + std::to_string(at_) + ": " + message);
  }

 private:
  const std::byte* bytes_;
  std::uint64_t size_, at_ = 0;
  std::string name_;
};

}  // namespace gguf
