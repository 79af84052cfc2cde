// Vocabularies small enough to be read, of every kind.
#pragma once

#include <string>
#include <vector>

#include "support/memory_metadata.h"
#include "text/byte_spelling.h"

namespace quipu::test {

/// Byte-level: a token for each of the 256 bytes, in order, then merged ones, then special ones.
/// Merges are listed as "left right", and what they give is a token.
inline MemoryMetadata byte_level(const std::vector<std::string>& merges,
                                 const std::vector<std::string>& special = {}) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte)
    append_spelled(tokens.emplace_back(), static_cast<unsigned char>(byte));
  for (const std::string& merge : merges) {
    const auto space = merge.find(' ');
    tokens.push_back(merge.substr(0, space) + merge.substr(space + 1));
  }
  std::vector<std::int32_t> types(tokens.size(), 1);
  for (const std::string& text : special) {
    tokens.push_back(text);
    types.push_back(3);
  }
  MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "gpt-2");
  metadata.set("tokenizer.ggml.tokens", tokens).set("tokenizer.ggml.token_type", types);
  metadata.set("tokenizer.ggml.merges", merges);
  return metadata;
}

/// SentencePiece: <unk>, <s>, </s>, the 256 bytes as <0x00> to <0xFF>, then the pieces, the first
/// with the highest score.
inline MemoryMetadata sentence_pieces(const std::vector<std::string>& pieces) {
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types{2, 3, 3};
  std::vector<float> scores{0, 0, 0};
  for (int byte = 0; byte < 256; ++byte) {
    const char* const digits = "0123456789ABCDEF";
    std::string text = "<0x";
    text += digits[byte / 16];
    text += digits[byte % 16];
    tokens.push_back(text + ">");
    types.push_back(6);
    scores.push_back(0);
  }
  for (const std::string& piece : pieces) {
    scores.push_back(-static_cast<float>(tokens.size()));
    tokens.push_back(piece);
    types.push_back(1);
  }
  MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "llama").set("tokenizer.ggml.tokens", tokens);
  metadata.set("tokenizer.ggml.token_type", types).set("tokenizer.ggml.scores", scores);
  metadata.set("tokenizer.ggml.bos_token_id", 1u).set("tokenizer.ggml.eos_token_id", 2u);
  return metadata;
}

/// WordPiece: [PAD], [UNK], [CLS], [SEP], then the pieces; those that begin a word have U+2581
/// before them.
inline MemoryMetadata word_pieces(const std::vector<std::string>& pieces) {
  std::vector<std::string> tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]"};
  std::vector<std::int32_t> types{3, 2, 3, 3};
  for (const std::string& piece : pieces) {
    tokens.push_back(piece);
    types.push_back(1);
  }
  MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "bert").set("tokenizer.ggml.tokens", tokens);
  metadata.set("tokenizer.ggml.token_type", types).set("tokenizer.ggml.unknown_token_id", 1u);
  metadata.set("tokenizer.ggml.cls_token_id", 2u).set("tokenizer.ggml.seperator_token_id", 3u);
  return metadata;
}

/// The same tokens for a kind that reads them otherwise: "t5", "gemma4" (with merges), "plamo2".
inline MemoryMetadata pieces_of_kind(const std::string& kind,
                                     const std::vector<std::string>& pieces) {
  auto metadata = sentence_pieces(pieces);
  metadata.set("tokenizer.ggml.model", kind).set("tokenizer.ggml.unknown_token_id", 0u);
  std::vector<std::string> merges;
  for (const std::string& piece : pieces)
    for (std::size_t at = 1; at < piece.size(); ++at)
      merges.push_back(piece.substr(0, at) + " " + piece.substr(at));
  if (kind == "gemma4") metadata.set("tokenizer.ggml.merges", merges);
  return metadata;
}

/// RWKV: <s>, the 256 bytes, in order, then tokens as files spell them.
inline MemoryMetadata world_tokens(const std::vector<std::string>& spellings) {
  std::vector<std::string> tokens{"<s>"};
  std::vector<std::int32_t> types{3};
  for (int byte = 0; byte < 256; ++byte) {
    const char* const digits = "0123456789abcdef";
    tokens.push_back(std::string("\\x") + digits[byte / 16] + digits[byte % 16]);
    types.push_back(1);
  }
  for (const std::string& spelling : spellings) {
    tokens.push_back(spelling);
    types.push_back(1);
  }
  MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "rwkv").set("tokenizer.ggml.tokens", tokens);
  metadata.set("tokenizer.ggml.token_type", types);
  return metadata;
}

}  // namespace quipu::test
