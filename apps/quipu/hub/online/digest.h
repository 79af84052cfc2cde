// Digests of files, as the hub names its blobs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace quipu::app {

/// SHA-256 of the bytes (64 digits), or what Git calls a blob (40 digits): SHA-1 of "blob SIZE", a
/// zero byte and the bytes. Throws Error{internal} when OpenSSL fails.
class Digest {
 public:
  Digest(std::size_t digits, std::uint64_t bytes);
  ~Digest();
  void add(std::span<const std::byte> bytes);
  /// In lower-case hexadecimal; the object is then used up.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace quipu::app
