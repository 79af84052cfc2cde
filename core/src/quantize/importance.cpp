// Facts of the files: tools/imatrix of llama.cpp.
#include "quipu/importance.h"

#include <cmath>

#include "model/extent.h"
#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

constexpr std::string_view sums_ending = ".in_sum2", counts_ending = ".counts";
constexpr const char* type_key = "general.type";
constexpr const char* datasets_key = "imatrix.datasets";
constexpr const char* chunk_count_key = "imatrix.chunk_count";
constexpr const char* chunk_size_key = "imatrix.chunk_size";

std::vector<float> numbers_of(const TensorEntry& tensor, Registry& registry) {
  const quipu_codec& codec = registry.codec(tensor.type);
  const Extent extent = checked_extent(tensor, codec);
  std::vector<float> numbers(extent.bytes / codec.block_bytes * codec.block_columns);
  codec.dequantize(tensor.data, numbers.size(), numbers.data());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (!std::isfinite(numbers[i]) || numbers[i] < 0)
      throw Error(ErrorCode::invalid,
                  printable(tensor.name) + ": element " + std::to_string(i) +
                      ": expected a finite number that is not negative, found " +
                      std::to_string(numbers[i]));
  return numbers;
}

void check_weight(const std::string& name, const Importance::Weight& weight) {
  const auto problem = [&](const std::string& message) {
    return Error(ErrorCode::invalid, printable(name) + ": " + message);
  };
  if (weight.sums.empty() || weight.counts.empty())
    throw problem("expected the tensors " + std::string(sums_ending) + " and " +
                  std::string(counts_ending) + ", found one of them");
  if (weight.sums.size() % weight.counts.size())
    throw problem("expected sums for each of " + std::to_string(weight.counts.size()) +
                  " matrices, found " + std::to_string(weight.sums.size()));
}

std::uint64_t natural(const Metadata& metadata, const char* key) {
  const auto value = metadata.integer(key);
  if (!value || *value < 0)
    throw Error(ErrorCode::invalid, std::string(key) + ": expected an integer of 0 or more");
  return static_cast<std::uint64_t>(*value);
}

std::span<const std::byte> bytes_of(const std::vector<float>& numbers) {
  return std::as_bytes(std::span(numbers));
}

}  // namespace

Importance Importance::read(const std::filesystem::path& path, Registry& registry) {
  const auto file = ModelFile::open(path, registry);
  const Metadata& metadata = file->metadata();
  if (const auto type = metadata.text(type_key); type != "imatrix")
    throw Error(ErrorCode::invalid,
                printable(path.string()) + ": " + type_key + ": expected 'imatrix', found " +
                    (type ? "'" + printable(*type) + "'" : std::string("none")));
  Importance importance;
  importance.chunk_count = natural(metadata, chunk_count_key);
  importance.chunk_size = natural(metadata, chunk_size_key);
  for (const auto text : metadata.texts(datasets_key).value_or(std::vector<std::string_view>{}))
    importance.datasets.emplace_back(text);
  for (const TensorEntry& tensor : file->tensors()) {
    const bool sums = tensor.name.ends_with(sums_ending);
    if (!sums && !tensor.name.ends_with(counts_ending)) continue;
    const std::size_t ending = (sums ? sums_ending : counts_ending).size();
    Weight& weight = importance.weights[tensor.name.substr(0, tensor.name.size() - ending)];
    (sums ? weight.sums : weight.counts) = numbers_of(tensor, registry);
  }
  if (importance.weights.empty())
    throw Error(ErrorCode::invalid,
                printable(path.string()) + ": expected the importance of some weight, found none");
  for (const auto& [name, weight] : importance.weights) check_weight(name, weight);
  return importance;
}

void Importance::write(const std::filesystem::path& path, Registry& registry) const {
  NewModel model;
  model.keys = {{type_key, std::string("imatrix")},
                {datasets_key, datasets},
                {chunk_count_key, chunk_count},
                {chunk_size_key, chunk_size}};
  for (const auto& [name, weight] : weights) {
    const std::uint64_t matrices = weight.counts.size();
    model.tensors.push_back({name + std::string(sums_ending),
                             "gguf:0",
                             {weight.sums.size() / matrices, matrices},
                             weight.sums.size() * sizeof(float)});
    model.tensors.push_back(
        {name + std::string(counts_ending), "gguf:0", {1, matrices}, matrices * sizeof(float)});
  }
  ModelWriter writer(path, model, registry);
  for (const auto& [name, weight] : weights) {
    writer.append(bytes_of(weight.sums));
    writer.append(bytes_of(weight.counts));
  }
  writer.finish();
}

ColumnImportance Importance::columns() const {
  ColumnImportance columns;
  for (const auto& [name, weight] : weights) {
    std::vector<float>& means = columns[name];
    const std::size_t width = weight.sums.size() / weight.counts.size();
    for (std::size_t i = 0; i < weight.sums.size(); ++i) {
      const float count = weight.counts[i / width];
      means.push_back(count > 0 ? weight.sums[i] / count : 1);
    }
  }
  return columns;
}

}  // namespace quipu
