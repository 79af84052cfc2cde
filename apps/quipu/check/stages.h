// The stages of a check, a file each, and what they hand on to each other.
#pragma once

#include "check.h"
#include "quipu/chat_template.h"

namespace quipu::app {

/// The model under test.
class Subject {
 public:
  Subject(const std::string& name, Registry& registry, const CheckOptions& options)
      : name(name), registry(registry), options(options) {}

  const std::string& name;
  Registry& registry;
  const CheckOptions& options;
  std::shared_ptr<const ModelFile> file;
  ModelReport report;
  std::unique_ptr<ChatTemplate> chat;

  /// Made once, by the first stage that needs it. Throws as Model::make.
  const std::shared_ptr<const Model>& model();
  /// The model, or null when it cannot be made: another stage says why.
  const Model* model_if_whole();
  /// Made once. Throws as Tokenizer::make; `warnings` gets what is odd the first time.
  const Tokenizer& tokenizer(std::vector<std::string>* warnings = nullptr);

 private:
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

void fail(StageResult& result, int exit, const std::string& message);
void warn(StageResult& result, const std::string& message);
/// What is worth knowing and neither wrong nor odd.
void note(StageResult& result, const std::string& message);

/// Whether the graph has that output: "logits", "embeddings".
bool gives(const Model& model, std::string_view role);

void check_tensors(Subject& subject, StageResult& result);
/// Of "tensors": the context, and what turns queries and keys.
void check_settings(Subject& subject, StageResult& result);
void check_tokenizer(Subject& subject, StageResult& result);
void check_template(Subject& subject, StageResult& result);
void check_run(Subject& subject, StageResult& result);

}  // namespace quipu::app
