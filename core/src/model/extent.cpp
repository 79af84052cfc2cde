#include "model/extent.h"

#include <algorithm>
#include <set>

#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {

std::string shape_text(std::span<const std::uint64_t> shape) {
  std::string text;
  for (std::size_t i = shape.size(); i > 0; --i)
    text += (text.empty() ? "[" : ", ") + std::to_string(shape[i - 1]);
  return text.empty() ? "[]" : text + "]";
}

Extent checked_extent(const TensorEntry& tensor, const quipu_codec& codec) {
  const auto wrong = [&](const std::string& message) {
    return Error(ErrorCode::invalid, printable(tensor.name) + ": at byte " +
                                         std::to_string(tensor.offset) + ": " + message);
  };
  const std::uint64_t columns = tensor.shape.empty() ? 0 : tensor.shape[0];
  if (columns == 0 || columns % codec.block_columns)
    throw wrong("expected rows of a multiple of " + std::to_string(codec.block_columns) +
                " columns for " + codec.name + ", found " + std::to_string(columns));
  Extent extent{};
  bool fits =
      !__builtin_mul_overflow(columns / codec.block_columns, codec.block_bytes, &extent.row_bytes);
  extent.bytes = extent.row_bytes;
  for (std::size_t axis = 1; axis < tensor.shape.size(); ++axis)
    fits = fits && !__builtin_mul_overflow(extent.bytes, tensor.shape[axis], &extent.bytes);
  if (!fits)
    throw wrong("expected a size below 2^64 bytes, found " + shape_text(tensor.shape) + " of " +
                codec.name);
  if (extent.bytes > tensor.available)
    throw wrong("expected " + std::to_string(extent.bytes) +
                " bytes, found the end of the file after " + std::to_string(tensor.available));
  return extent;
}

namespace {

struct Placed {
  const TensorEntry* tensor;
  std::uint64_t bytes;
};

// Tensors that share bytes with the one before them in the file: a damaged offset, or two names for
// one thing, which no container says so.
void find_overlaps(std::vector<Placed>& tensors, std::vector<std::string>& problems) {
  std::sort(tensors.begin(), tensors.end(), [](const Placed& a, const Placed& b) {
    return std::pair(a.tensor->part, a.tensor->offset) <
           std::pair(b.tensor->part, b.tensor->offset);
  });
  for (std::size_t i = 1; i < tensors.size(); ++i) {
    const auto& [before, bytes] = tensors[i - 1];
    const TensorEntry& after = *tensors[i].tensor;
    if (before->part == after.part && after.offset - before->offset < bytes)
      problems.push_back(printable(after.name) + ": at byte " + std::to_string(after.offset) +
                         ": expected bytes of its own, found those of " + printable(before->name));
  }
}

}  // namespace

void validate(const ModelFile& file, Registry& registry) {
  std::vector<std::string> problems, missing;
  std::set<std::string_view> unknown;
  std::vector<Placed> placed;
  for (const TensorEntry& tensor : file.tensors()) {
    if (!registry.has_codec(tensor.type)) {
      if (unknown.insert(tensor.type).second)
        missing.push_back(printable(tensor.name) + ": no codec for " + printable(tensor.type) +
                          "; " + registry.searched());
      continue;
    }
    const quipu_codec& codec = registry.codec(tensor.type);
    try {
      placed.push_back({&tensor, checked_extent(tensor, codec).bytes});
    } catch (const Error& error) {
      problems.push_back(error.what());
    }
  }
  find_overlaps(placed, problems);
  const auto summary = [](const std::vector<std::string>& all) {
    return all[0] + (all.size() > 1 ? " (and " + std::to_string(all.size() - 1) + " more)" : "");
  };
  if (!problems.empty()) throw Error(ErrorCode::invalid, summary(problems));
  if (!missing.empty()) throw Error(ErrorCode::unsupported, summary(missing));
}

}  // namespace quipu
