#include "text/no_tokenizer.h"

#include <limits>
#include <string>

#include "quipu/error.h"
#include "quipu/model_file.h"

namespace quipu {
namespace {

std::size_t read_size(const Metadata& metadata) {
  const auto architecture = metadata.text("general.architecture");
  if (!architecture) return 0;
  const std::string key = std::string(*architecture) + ".vocab_size";
  const auto size = metadata.integer(key).value_or(0);
  if (size < 0 || size > std::numeric_limits<Token>::max())
    throw Error(ErrorCode::invalid,
                printable(key) + ": expected a number of tokens, found " + std::to_string(size));
  return static_cast<std::size_t>(size);
}

class NoTokenizer final : public Tokenizer {
 public:
  explicit NoTokenizer(std::size_t size) : size_(size) {}

  std::string_view kind() const noexcept override { return "none"; }
  std::string_view pre_tokenizer() const noexcept override { return ""; }
  std::size_t size() const noexcept override { return size_; }

  std::vector<Token> encode(std::string_view, TokenizeOptions) const override {
    throw Error(
        ErrorCode::unsupported,
        "tokenizer.ggml.model: expected a tokenizer, found none: this model takes and gives "
        "token ids, no text");
  }
  std::string piece(Token, bool) const override { return {}; }
  std::string_view spelling(Token) const override { return {}; }
  bool ends_generation(Token) const noexcept override { return false; }
  bool is_special(Token) const noexcept override { return false; }
  Token bos() const noexcept override { return -1; }
  Token eos() const noexcept override { return -1; }
  bool adds_bos() const noexcept override { return false; }

 private:
  std::size_t size_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_no_tokenizer(const Metadata& metadata) {
  return std::make_unique<NoTokenizer>(read_size(metadata));
}

}  // namespace quipu
