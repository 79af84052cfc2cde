// Importance matrices: how large the inputs of each weight's columns are on some text, and so how
// much an error there counts when the weight is quantised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "quipu/engine.h"
#include "quipu/quantize.h"

namespace quipu {

struct MeasureOptions {
  EngineOptions engine;            ///< context, batch, sequences and cells are of no account
  std::uint32_t chunk_size = 512;  ///< tokens that the model sees at a time
  std::uint64_t most_chunks = 0;   ///< 0: all
  bool output = false;             ///< of the output projection too
  /// Called after every chunk; false stops.
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
};

/// What a set of texts did to the weights of a model, in the terms of llama.cpp's imatrix files.
struct Importance {
  struct Weight {
    std::vector<float> sums;    ///< [matrices * columns] of the squares of every input
    std::vector<float> counts;  ///< [matrices] inputs that were summed; one for all where it is [1]
  };

  std::map<std::string, Weight, std::less<>> weights;  ///< by name
  std::vector<std::string> datasets;                   ///< the texts, as files
  std::uint64_t chunk_count = 0;
  std::uint64_t chunk_size = 0;  ///< tokens; 0 is unknown

  /// Runs the model over the tokens of a text, chunk by chunk; what is left at the end is not used.
  /// Every chunk begins with BOS, in place of its first token, where the model wants one. Throws
  /// usage when there is not one whole chunk, unsupported when the backend cannot show what weights
  /// are multiplied with, invalid naming a weight whose inputs are not finite numbers.
  static Importance measure(const Model& model, std::vector<Token> tokens,
                            const MeasureOptions& options, Registry& registry);
  /// Reads any form that a loader knows. Throws invalid naming the tensor for sums without counts,
  /// sizes that do not divide, and numbers that are negative or not finite.
  static Importance read(const std::filesystem::path& path, Registry& registry);
  /// As GGUF. Throws io.
  void write(const std::filesystem::path& path, Registry& registry) const;

  /// The mean of squares of every column; 1 for a matrix that had no input.
  ColumnImportance columns() const;
};

}  // namespace quipu
