// Which kernel each tensor got, in profiles of several tests.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "quipu/profile.h"

namespace quipu::app {

/// Tensors with one codec, shape and set of kernels, whose names differ in numbers alone.
struct KernelRow {
  std::string names;  ///< "blk.*.attn_q.weight"
  std::uint32_t count = 0;
  std::string codec;
  std::vector<std::uint64_t> shape;
  std::vector<std::string> kernels;  ///< of each profile; "" where the tensor took no part
};

/// In the order in which profiles name the tensors first.
std::vector<KernelRow> kernel_table(const std::vector<const Profile*>& profiles);

/// A line for the columns, which have the tests' names, and one for each row.
std::vector<std::string> lines(const std::vector<KernelRow>& rows,
                               const std::vector<std::string>& tests);
json::array to_json(const std::vector<KernelRow>& rows, const std::vector<std::string>& tests);

}  // namespace quipu::app
