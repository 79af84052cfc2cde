#include "npy.h"

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "command.h"

namespace quipu::app {
namespace {

static_assert(std::endian::native == std::endian::little);
constexpr std::string_view magic("\x93NUMPY\x01\x00", 8);

}  // namespace

void write_npy(const std::filesystem::path& file, std::span<const float> values, std::uint64_t rows,
               std::uint64_t columns) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(rows) + ", " + std::to_string(columns) + "), }";
  // Data begin at a multiple of 64; the header ends in a newline.
  const std::size_t before = magic.size() + 2;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  const auto size = static_cast<std::uint16_t>(header.size());
  const auto close = [](std::FILE* stream) { return std::fclose(stream); };
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "wb"), close);
  const bool written =
      stream && std::fwrite(magic.data(), 1, magic.size(), stream.get()) == magic.size() &&
      std::fwrite(&size, sizeof size, 1, stream.get()) == 1 &&
      std::fwrite(header.data(), 1, header.size(), stream.get()) == header.size() &&
      std::fwrite(values.data(), sizeof(float), values.size(), stream.get()) == values.size() &&
      std::fclose(stream.release()) == 0;
  if (!written)
    throw Error(ErrorCode::io,
                printable(file.string()) + ": cannot write: " + std::strerror(errno));
}

std::vector<float> read_floats(const std::filesystem::path& file) {
  std::string bytes = read_all(file);
  std::size_t start = 0;
  if (file.extension() == ".npy") {
    std::uint16_t size = 0;
    if (bytes.size() < magic.size() + 2 || bytes.compare(0, magic.size(), magic) != 0)
      throw Error(ErrorCode::usage,
                  printable(file.string()) + ": expected a .npy file, version 1.0");
    std::memcpy(&size, bytes.data() + magic.size(), sizeof size);
    start = magic.size() + 2 + size;
    if (start > bytes.size() ||
        bytes.substr(0, start).find("'descr': '<f4', 'fortran_order': False") == std::string::npos)
      throw Error(ErrorCode::usage,
                  printable(file.string()) + ": expected little-endian float32 in C order");
  }
  if ((bytes.size() - start) % sizeof(float))
    throw Error(ErrorCode::usage, printable(file.string()) +
                                      ": expected whole float32 values, found " +
                                      std::to_string(bytes.size() - start) + " bytes");
  std::vector<float> values((bytes.size() - start) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + start, values.size() * sizeof(float));
  return values;
}

}  // namespace quipu::app
