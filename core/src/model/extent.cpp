#include "model/extent.h"

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
    return Error(ErrorCode::invalid, printable(tensor.name) + ": " + message);
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
    throw wrong("expected " + std::to_string(extent.bytes) + " bytes at byte " +
                std::to_string(tensor.offset) + " of the file, found " +
                std::to_string(tensor.available));
  return extent;
}

void validate(const ModelFile& file, Registry& registry) {
  std::string first;
  std::size_t problems = 0;
  std::set<std::string> unknown;
  std::string missing;
  for (const auto& tensor : file.tensors()) {
    if (!registry.has_codec(tensor.type)) {
      if (unknown.insert(tensor.type).second && missing.empty())
        missing = printable(tensor.name) + ": no codec for " + printable(tensor.type) + "; " +
                  registry.searched();
      continue;
    }
    try {
      checked_extent(tensor, registry.codec(tensor.type));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::invalid) throw;
      if (++problems == 1) first = error.what();
    }
  }
  if (problems > 1) first += " (and " + std::to_string(problems - 1) + " more)";
  if (problems) throw Error(ErrorCode::invalid, first);
  if (!missing.empty()) throw Error(ErrorCode::unsupported, missing);
}

}  // namespace quipu
