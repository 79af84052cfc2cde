// NumPy's array file, version 1.0 (numpy.lib.format): what Python reads with numpy.load.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace quipu::app {

/// Writes float32 [rows, columns] in C order. Throws Error{io} naming the file.
void write_npy(const std::filesystem::path& file, std::span<const float> values, std::uint64_t rows,
               std::uint64_t columns);

/// Reads float32 values from .npy (little-endian, C order) or, for any other extension, from raw
/// little-endian float32.
std::vector<float> read_floats(const std::filesystem::path& file);

}  // namespace quipu::app
