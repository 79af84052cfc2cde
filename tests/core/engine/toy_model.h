// The toy model as the engine sees it: a graph of one node, and a tokenizer of letters.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "quipu/engine.h"
#include "quipu/registry.h"
#include "support/memory_metadata.h"
#include "text/byte_spelling.h"
#include "toy_logits.h"

namespace quipu {
inline std::ostream& boost_test_print_type(std::ostream& out, FinishReason reason) {
  return out << static_cast<int>(reason);
}
}  // namespace quipu

namespace toy {

class File final : public quipu::ModelFile {
 public:
  File() {
    std::vector<std::string> tokens{"<|endoftext|>"};
    for (char letter = 'a'; letter <= 'z'; ++letter) tokens.emplace_back(1, letter);
    for (const unsigned char byte : {0xE2, 0x82, 0xAC})
      quipu::append_spelled(tokens.emplace_back(), byte);
    std::vector<std::int32_t> types(vocabulary, 1);
    types[end] = 3;
    while (tokens.size() < vocabulary) {
      types[tokens.size()] = 3;
      std::string spelling = "<";
      spelling += std::to_string(tokens.size());
      tokens.push_back(spelling + ">");
    }
    metadata_.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "gpt-2");
    metadata_.set("tokenizer.ggml.tokens", tokens).set("tokenizer.ggml.token_type", types);
    metadata_.set("tokenizer.ggml.merges", std::vector<std::string>{});
    metadata_.set("tokenizer.ggml.eos_token_id", 0u);
  }
  const quipu::Metadata& metadata() const override { return metadata_; }
  const std::vector<quipu::TensorEntry>& tensors() const override { return tensors_; }
  const quipu::TensorEntry* tensor(std::string_view) const override { return nullptr; }
  const std::vector<quipu::ModelPart>& parts() const override { return parts_; }
  std::string container() const override { return "toy"; }
  std::string_view loader() const override { return "toy"; }
  void populate(std::uint32_t) const override {}

 private:
  quipu::test::MemoryMetadata metadata_;
  std::vector<quipu::TensorEntry> tensors_;
  std::vector<quipu::ModelPart> parts_;
};

class Model : public quipu::Model {
 public:
  explicit Model(std::uint32_t trained_context = 0)
      : tokenizer_(quipu::Tokenizer::make(file_.metadata())) {
    node_.size = sizeof node_;
    node_.op = QUIPU_OP_EMBED;
    node_.width = width;
    output_ = {1, 0, {"logits", 6}};
    graph_ = {sizeof graph_, QUIPU_OPSET, 1, 1, &nodes_, &output_};
    facts_.size = sizeof facts_;
    facts_.context = trained_context;
  }
  const quipu::ModelFile& file() const override { return file_; }
  const quipu_graph& graph() const override { return graph_; }
  const quipu_model_facts& facts() const override { return facts_; }
  std::string_view architecture() const override { return "toy"; }
  const quipu::Tokenizer& tokenizer() const override { return *tokenizer_; }
  std::vector<std::string> warnings() const override { return {}; }

 private:
  File file_;
  std::unique_ptr<quipu::Tokenizer> tokenizer_;
  quipu_graph_node node_{};
  const quipu_graph_node* nodes_ = &node_;
  quipu_graph_output output_{};
  quipu_graph graph_{};
  quipu_model_facts facts_{};
};

inline quipu::Registry& registry() {
  static quipu::Registry all({.plugins = {TOY_BACKEND}, .bundled_only = false, .log = {}});
  return all;
}

inline quipu::Engine engine_of(quipu::EngineOptions options = {},
                               std::uint32_t trained_context = 0) {
  options.backend = "toy";
  return quipu::Engine(std::make_shared<Model>(trained_context), registry(), options);
}

/// What the backend was told, without the line of its options.
inline std::vector<std::string> diary(const quipu::Engine& engine) {
  auto lines = engine.explain();
  lines.pop_back();
  return lines;
}

inline std::vector<quipu::Token> tokens_of(const std::string& text) {
  std::vector<quipu::Token> tokens;
  for (const char letter : text) tokens.push_back(letter - 'a' + letters);
  return tokens;
}

/// A prompt that is answered with the text's letters (and U+20AC as its bytes), then the end.
inline std::vector<quipu::Token> answered_with(const std::string& text) {
  std::vector<quipu::Token> tokens;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    tokens.push_back(byte == 0xE2   ? euro_bytes
                     : byte == 0x82 ? euro_bytes + 1
                     : byte == 0xAC ? euro_bytes + 2
                                    : c - 'a' + letters);
  }
  const auto count = static_cast<quipu::Token>(tokens.size());
  tokens.insert(tokens.begin(), {script, counts + count});
  return tokens;
}

/// What a plain loop over the toy model gives.
inline std::vector<quipu::Token> plain_answer(std::vector<quipu::Token> prefix, std::size_t count,
                                              const quipu::SamplerOptions& options) {
  quipu::Sampler sampler(options, width);
  for (const auto token : prefix) sampler.accept(token);
  std::vector<quipu::Token> answer;
  while (answer.size() < count) {
    answer.push_back(sampler.sample(logits(prefix)));
    sampler.accept(answer.back());
    prefix.push_back(answer.back());
  }
  return answer;
}

}  // namespace toy
