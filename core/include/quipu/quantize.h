// Models converted from one choice of formats to another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "quipu/abi/codec.h"
#include "quipu/model_writer.h"

namespace quipu {

/// How much an error in each column of a weight counts, by the weight's name: [matrices * columns],
/// where a stack of matrices (experts) has columns of its own for each, else [columns].
using ColumnImportance = std::map<std::string, std::vector<float>, std::less<>>;

struct QuantizeProgress {
  std::size_t tensor;     ///< being converted: index in conversions()
  std::uint64_t weights;  ///< of all tensors, done
};

struct QuantizeOptions {
  /// A mix that the model's loader knows ("q4_k_m"), else the name of a codec. Upper case is as
  /// good.
  std::string format;
  /// A pattern (PCRE2, found anywhere in a tensor's name) and the name of a codec. The first that
  /// matches a tensor decides, in place of the mix.
  std::vector<std::pair<std::string, std::string>> tensors;
  ColumnImportance importance;  ///< empty: all columns count the same
  bool pure = false;            ///< no weight gets a better format than the others
  bool requantize = false;      ///< from one block format to another too, which loses twice
  bool keep_parts = false;      ///< as many files as the source has
  std::vector<NewKey> keys;     ///< metadata to add
  std::uint32_t threads = 0;    ///< 0: one per core
  /// Called often by the thread that converts; false stops it.
  std::function<bool(const QuantizeProgress&)> progress;
};

/// A tensor and the formats that it has and gets. The same one means: copied.
struct Conversion {
  const TensorEntry* tensor;
  const quipu_codec *from, *to;
  std::uint64_t weights;
  std::uint64_t bytes;  ///< in the new format
};

/// A conversion, decided and ready to run.
class Quantization {
 public:
  /// Throws usage for a format or pattern that is unknown or matches nothing, or when a format is
  /// asked for that needs importance and none is given; unsupported for a format that cannot be
  /// written; invalid for importance that does not fit the model.
  Quantization(std::shared_ptr<const ModelFile> file, QuantizeOptions options, Registry& registry);

  /// In the order of the file's tensors.
  const std::vector<Conversion>& conversions() const noexcept { return conversions_; }

  /// Writes the converted model. Memory is bounded by some 64 MB beside the mapped file, whatever
  /// the size of tensors. The path has the old file or none until all is done. Throws cancelled
  /// when progress says so, invalid for a weight that a format cannot hold, and io.
  void write(const std::filesystem::path& path) const;

 private:
  void choose();
  void check(const Conversion& conversion, bool needs_importance) const;
  void write_tensor(ModelWriter& writer, const Conversion& conversion,
                    QuantizeProgress& progress) const;

  std::shared_ptr<const ModelFile> file_;
  QuantizeOptions options_;
  Registry& registry_;
  const quipu_mix* mix_ = nullptr;  // null: one codec
  std::vector<Conversion> conversions_;
};

}  // namespace quipu
