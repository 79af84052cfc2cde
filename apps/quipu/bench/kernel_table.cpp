#include "bench/kernel_table.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "table.h"

namespace quipu::app {
namespace {

// "blk.12.attn_q.weight" -> "blk.*.attn_q.weight": a number is what stands between two dots.
std::string without_numbers(const std::string& name) {
  std::string text;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::string word = name.substr(at, end - at);
    const bool number = !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
    text += number ? "*" : word;
    if (end < name.size()) text += '.';
    at = end + 1;
  }
  return text;
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (const std::uint64_t axis : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(axis);
  return text + "]";
}

}  // namespace

std::vector<KernelRow> kernel_table(const std::vector<const Profile*>& profiles) {
  struct Tensor {
    ProfileEntry::Weight weight;
    std::vector<std::string> kernels;
  };
  std::vector<Tensor> tensors;
  std::map<std::string, std::size_t> index;
  for (std::size_t p = 0; p < profiles.size(); ++p)
    for (const ProfileEntry& entry : profiles[p]->entries)
      for (const auto& weight : entry.weights) {
        const auto [at, added] = index.try_emplace(weight.name, tensors.size());
        if (added) tensors.push_back({weight, std::vector<std::string>(profiles.size())});
        std::string& kernel = tensors[at->second].kernels[p];
        if (kernel == weight.kernel) continue;
        kernel += (kernel.empty() ? "" : " or ") + weight.kernel;
      }

  using Kind =
      std::tuple<std::string, std::string, std::vector<std::uint64_t>, std::vector<std::string>>;
  std::vector<KernelRow> rows;
  std::map<Kind, std::size_t> places;
  for (const Tensor& tensor : tensors) {
    const std::string names = without_numbers(tensor.weight.name);
    const auto [at, added] = places.try_emplace(
        {names, tensor.weight.codec, tensor.weight.shape, tensor.kernels}, rows.size());
    if (added) rows.push_back({names, 0, tensor.weight.codec, tensor.weight.shape, tensor.kernels});
    ++rows[at->second].count;
  }
  return rows;
}

std::vector<std::string> lines(const std::vector<KernelRow>& rows,
                               const std::vector<std::string>& tests) {
  std::vector<std::vector<std::string>> cells{{"tensors", "codec", "shape"}};
  cells[0].insert(cells[0].end(), tests.begin(), tests.end());
  for (const KernelRow& row : rows) {
    const std::string count = row.count > 1 ? " (" + std::to_string(row.count) + ")" : "";
    cells.push_back({printable(row.names) + count, row.codec, shape_text(row.shape)});
    cells.back().insert(cells.back().end(), row.kernels.begin(), row.kernels.end());
  }
  return aligned(cells);
}

json::array to_json(const std::vector<KernelRow>& rows, const std::vector<std::string>& tests) {
  json::array all;
  for (const KernelRow& row : rows) {
    json::object kernels;
    for (std::size_t i = 0; i < tests.size(); ++i) kernels[tests[i]] = row.kernels[i];
    all.push_back({{"tensors", row.names},
                   {"count", row.count},
                   {"codec", row.codec},
                   {"shape", json::value_from(row.shape)},
                   {"kernels", std::move(kernels)}});
  }
  return all;
}

}  // namespace quipu::app
