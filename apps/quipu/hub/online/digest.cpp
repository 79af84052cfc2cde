#include "hub/online/digest.h"

#include <openssl/evp.h>

#include "quipu/error.h"

namespace quipu::app {

struct Digest::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(md); }
};

namespace {

void expect(int result) {
  if (result != 1) throw Error(ErrorCode::internal, "OpenSSL: cannot compute a digest");
}

}  // namespace

Digest::Digest(std::size_t digits, std::uint64_t bytes) : context_(std::make_unique<Context>()) {
  const bool git = digits == 40;
  expect(EVP_DigestInit_ex(context_->md, git ? EVP_sha1() : EVP_sha256(), nullptr));
  if (git) {
    const std::string head = "blob " + std::to_string(bytes);
    expect(EVP_DigestUpdate(context_->md, head.c_str(), head.size() + 1));
  }
}

Digest::~Digest() = default;

void Digest::add(std::span<const std::byte> bytes) {
  expect(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()));
}

std::string Digest::finish() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  expect(EVP_DigestFinal_ex(context_->md, bytes, &size));
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

}  // namespace quipu::app
