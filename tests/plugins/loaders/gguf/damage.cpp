// Damage of every kind that one cut or one bit makes: an error or a model, never a crash, and what
// is taken can be read to its end.
#include <boost/test/unit_test.hpp>

#include "parse.h"
#include "support/gguf_writer.h"

using gguf::Parsed;
using quipu::test::GgufWriter;

namespace {

GgufWriter small_model() {
  GgufWriter writer;
  writer.add("general.architecture", "llama").align(32);
  writer.add("llama.block_count", 2u).add("llama.rope.freq_base", 1e4f).add("flag", true);
  writer.add_array<std::string>("tokenizer.ggml.tokens", {"<s>", "", "ab", "\xe6\x97\xa5"});
  writer.add_array<float>("tokenizer.ggml.scores", {0, -1, -2, -3});
  writer.add_array<bool>("flags", {true, false});
  writer.add_tensor("token_embd.weight", {8, 4}, std::vector<float>(32, 0.5f));
  writer.add_tensor("output.weight", {8, 4}, std::vector<float>(32, 0.25f));
  return writer;
}

// Reads everything that the parser let through.
std::uint64_t read_all(const Parsed& file) {
  std::uint64_t sum = 0;
  for (const auto& [key, value, stored] : file.container.entries()) {
    sum += key.size() + stored.size();
    if (value.type != QUIPU_VALUE_ARRAY) continue;
    std::vector<quipu_value> elements(value.count);
    gguf::copy_elements(*static_cast<const gguf::Array*>(value.as.array), 0, elements);
    for (const quipu_value& element : elements)
      if (element.type == QUIPU_VALUE_STRING)
        for (std::size_t i = 0; i < element.as.s.size; ++i)
          sum += static_cast<unsigned char>(element.as.s.data[i]);
  }
  for (const gguf::TensorInfo& tensor : file.container.tensors())
    sum += std::to_integer<unsigned>(file.bytes[tensor.offset]);
  return sum;
}

// True when the parser takes the file.
bool survives(const std::string& bytes) {
  try {
    const Parsed file(bytes);
    read_all(file);
    return true;
  } catch (const gguf::Error& error) {
    if (error.status() != QUIPU_E_INVALID && error.status() != QUIPU_E_UNSUPPORTED) throw;
    if (std::string_view(error.what()).find("FILE") != 0) throw;
    return false;
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_cut_anywhere_in_its_header_is_refused) {
  const GgufWriter writer = small_model();
  const std::string file = writer.bytes();

  for (std::size_t length = 0; length < writer.header().size(); ++length)
    BOOST_TEST(!survives(file.substr(0, length)), "cut to " << length << " bytes");
  BOOST_TEST(survives(file));
}

BOOST_AUTO_TEST_CASE(a_header_with_any_bit_flipped_is_read_or_refused) {
  const GgufWriter writer = small_model();
  std::string file = writer.bytes();

  std::size_t taken = 0, tried = 0;
  for (std::size_t at = 0; at < writer.header().size(); ++at)
    for (int bit = 0; bit < 8; ++bit, ++tried) {
      file[at] = static_cast<char>(file[at] ^ (1 << bit));
      taken += survives(file);
      file[at] = static_cast<char>(file[at] ^ (1 << bit));
    }

  BOOST_TEST(taken > 0u);
  BOOST_TEST(taken < tried);
}

BOOST_AUTO_TEST_CASE(a_header_with_any_byte_at_its_extremes_is_read_or_refused) {
  const GgufWriter writer = small_model();
  const std::string file = writer.bytes();

  for (std::size_t at = 0; at < writer.header().size(); ++at)
    for (const char extreme : {'\x00', '\x7f', '\x80', '\xff'})
      for (const std::size_t width : {1, 4, 8}) {
        std::string damaged = file;
        damaged.replace(at, std::min(width, file.size() - at),
                        std::string(std::min(width, file.size() - at), extreme));
        survives(damaged);
      }
}
