// A model that can run: file, architecture, graph, weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quipu/abi/backend.h"
#include "quipu/model_file.h"
#include "quipu/tokenizer.h"

namespace quipu {

class Registry;

/// What building a model's graph found. Empty problems: the model can run.
struct ModelReport {
  std::string architecture;  ///< of the plugin that claimed it
  std::vector<std::string>
      problems;  ///< missing or misshapen tensors, wrong metadata; each names the thing
  std::vector<std::string> unused;  ///< tensors that the graph does not read
  /// What no plugin here can do: codec types, the architecture, or something that it does not know.
  std::vector<std::string> missing_plugins;
};

/// Immutable once made; thread-safe.
class Model {
 public:
  /// Claims, builds and checks. Throws invalid with the first problem (and how many more),
  /// unsupported when a plugin is missing.
  static std::shared_ptr<const Model> make(std::shared_ptr<const ModelFile> file,
                                           Registry& registry);
  /// The same without throwing for what the model does wrong; for `check`, which lists everything.
  static ModelReport examine(const ModelFile& file, Registry& registry);
  virtual ~Model();

  virtual const ModelFile& file() const = 0;
  virtual const quipu_graph& graph() const = 0;
  virtual const quipu_model_facts& facts() const = 0;
  virtual std::string_view architecture() const = 0;
  /// Made on first use, then kept. Throws as Tokenizer::make; also when vocabulary and embedding
  /// rows disagree.
  virtual const Tokenizer& tokenizer() const = 0;
  /// What is odd about the model and, once it has been made, about its tokenizer.
  virtual std::vector<std::string> warnings() const = 0;
};

}  // namespace quipu
