// Importance matrices: how large the inputs of each weight's columns are on some text, and so how
// much an error there counts when the weight is quantised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "quipu/quantize.h"

namespace quipu {

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

  /// Reads any form that a loader knows. Throws invalid naming the tensor for sums without counts,
  /// sizes that do not divide, and numbers that are negative or not finite.
  static Importance read(const std::filesystem::path& path, Registry& registry);
  /// As GGUF. Throws io.
  void write(const std::filesystem::path& path, Registry& registry) const;

  /// The mean of squares of every column; 1 for a matrix that had no input.
  ColumnImportance columns() const;
};

}  // namespace quipu
