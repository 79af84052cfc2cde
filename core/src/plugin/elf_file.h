// A 64-bit little-endian ELF file, read without loading it (System V ABI, chapter 4, and its
// generic update).
#pragma once

#include <elf.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace quipu::plugin {

/// An open file. Knows its size once; what it reads lies within it.
class RegularFile {
 public:
  /// Throws Error{io} naming the path when it cannot be opened or is no regular file.
  explicit RegularFile(const std::filesystem::path& path);
  ~RegularFile();
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  const struct stat& status() const noexcept { return status_; }
  std::uint64_t size() const noexcept { return static_cast<std::uint64_t>(status_.st_size); }
  bool contains(std::uint64_t offset, std::uint64_t bytes) const noexcept {
    return offset <= size() && bytes <= size() - offset;
  }
  /// False when the file is shorter than that or cannot be read.
  bool read(std::uint64_t offset, void* out, std::size_t bytes) const noexcept;

 private:
  bool read_from_file(std::uint64_t offset, void* out, std::size_t bytes) const noexcept;

  int descriptor_;
  struct stat status_;
  // The first bytes, read at once: in a shared library they hold both of its first two headers.
  std::size_t head_bytes_ = 0;
  char head_[1024];
};

/// True when the file begins as ELF files do, as far as it goes.
bool begins_as_elf(const RegularFile& file) noexcept;

/// A shared library whose program headers and sections all lie within the file: the dynamic linker
/// will not run off its end, which would raise SIGBUS.
class ElfFile {
 public:
  /// Throws Error{invalid} with problem::damaged, or Error{unsupported} with problem::target for
  /// 32-bit and big-endian files. `file` must outlive the object.
  explicit ElfFile(const RegularFile& file);

  std::uint16_t machine() const noexcept { return header_.e_machine; }
  /// Section of that name, or nullptr.
  const Elf64_Shdr* section(std::string_view name) const noexcept;

  /// Libraries that the dynamic linker will look for.
  std::vector<std::string> needed() const;
  /// Names that it defines for others.
  std::vector<std::string> exports() const;

 private:
  void check_header() const;
  void read_segments() const;
  void read_sections();
  const Elf64_Shdr* section_of_type(std::uint32_t type) const noexcept;
  std::string bytes_of(const Elf64_Shdr& section) const;
  template <class Record>
  std::vector<Record> records_of(const Elf64_Shdr& section) const;
  std::string strings_of(const Elf64_Shdr& section) const;

  const RegularFile& file_;
  Elf64_Ehdr header_;
  std::vector<Elf64_Shdr> sections_;
  std::string names_;
};

/// "x86_64", "aarch64", or "machine 243": what e_machine means.
std::string machine_name(std::uint16_t machine);

/// e_machine of this process.
#if defined(__x86_64__)
inline constexpr std::uint16_t own_machine = EM_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint16_t own_machine = EM_AARCH64;
#endif

}  // namespace quipu::plugin
