// A 64-bit little-endian ELF file, read without loading it.
#include "plugin/elf_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "plugin/problem.h"
#include "quipu/abi/plugin.h"
#include "quipu/error.h"

namespace quipu::plugin {
namespace {

// Tables of names in real libraries are far smaller; the bound keeps a hostile file from asking
// for memory.
constexpr std::uint64_t most_name_bytes = 16 << 20;

[[noreturn]] void throw_damaged(const std::string& what) {
  throw Error(ErrorCode::invalid, std::string(problem::damaged) + " damaged file: " + what +
                                      ": install the plugin again");
}

[[noreturn]] void throw_outside(const std::string& what, std::uint64_t offset, std::uint64_t bytes,
                                std::uint64_t size) {
  throw_damaged(what + " takes " + std::to_string(bytes) + " bytes from byte " +
                std::to_string(offset) + ", the file has " + std::to_string(size));
}

}  // namespace

RegularFile::RegularFile(const std::filesystem::path& path)
    // Without O_NONBLOCK, opening a FIFO would wait for its writer.
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  const auto fail = [&](const std::string& why) {
    if (descriptor_ >= 0) ::close(descriptor_);
    throw Error(ErrorCode::io, printable(path.native(), 1000) + ": " + why);
  };
  if (descriptor_ < 0) fail(std::generic_category().message(errno));
  if (::fstat(descriptor_, &status_) != 0) fail(std::generic_category().message(errno));
  if (!S_ISREG(status_.st_mode)) fail("expected a regular file");
  const auto head_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(size(), sizeof head_));
  if (!read_from_file(0, head_, head_bytes)) fail("cannot read");
  head_bytes_ = head_bytes;
}

RegularFile::~RegularFile() {
  ::close(descriptor_);
}

bool RegularFile::read(std::uint64_t offset, void* out, std::size_t bytes) const noexcept {
  if (!contains(offset, bytes)) return false;
  if (offset > head_bytes_ || bytes > head_bytes_ - offset)
    return read_from_file(offset, out, bytes);
  if (bytes) std::memcpy(out, head_ + offset, bytes);
  return true;
}

bool RegularFile::read_from_file(std::uint64_t offset, void* out,
                                 std::size_t bytes) const noexcept {
  auto* to = static_cast<char*>(out);
  while (bytes) {
    const ssize_t count = ::pread(descriptor_, to, bytes, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to += count;
    offset += static_cast<std::uint64_t>(count);
    bytes -= static_cast<std::size_t>(count);
  }
  return true;
}

bool begins_as_elf(const RegularFile& file) noexcept {
  char head[SELFMAG];
  const auto count = std::min<std::uint64_t>(file.size(), SELFMAG);
  return file.read(0, head, count) && std::memcmp(head, ELFMAG, count) == 0;
}

ElfFile::ElfFile(const RegularFile& file) : file_(file) {
  if (!file_.read(0, &header_, sizeof header_))
    throw_outside("the ELF header", 0, 64, file_.size());
  check_header();
  read_segments();
  read_sections();
}

void ElfFile::check_header() const {
  if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) throw_damaged("it does not begin as ELF");
  const auto built_for = [](const std::string& what) {
    throw Error(ErrorCode::unsupported, std::string(problem::target) + " built for a " + what +
                                            " machine, this quipu for " + QUIPU_TARGET +
                                            ": install the plugin's " + QUIPU_TARGET + " build");
  };
  const unsigned bits = header_.e_ident[EI_CLASS], order = header_.e_ident[EI_DATA];
  if (bits == ELFCLASS32) built_for("32-bit");
  if (bits != ELFCLASS64) throw_damaged("expected ELF class 2, found " + std::to_string(bits));
  if (order == ELFDATA2MSB) built_for("big-endian");
  if (order != ELFDATA2LSB) throw_damaged("expected ELF data 1, found " + std::to_string(order));
  if (header_.e_ident[EI_VERSION] != EV_CURRENT || header_.e_version != EV_CURRENT)
    throw_damaged("expected ELF version 1");
  if (header_.e_type != ET_DYN)
    throw_damaged("expected a shared library (ELF type 3), found type " +
                  std::to_string(header_.e_type));
  if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0)
    throw_damaged("expected program headers of 56 bytes, found " + std::to_string(header_.e_phnum) +
                  " of " + std::to_string(header_.e_phentsize));
}

void ElfFile::read_segments() const {
  std::vector<Elf64_Phdr> segments;
  const std::uint64_t bytes = header_.e_phnum * sizeof(Elf64_Phdr);
  if (!file_.contains(header_.e_phoff, bytes))
    throw_outside("the program header table", header_.e_phoff, bytes, file_.size());
  segments.resize(header_.e_phnum);
  if (!file_.read(header_.e_phoff, segments.data(), bytes))
    throw_damaged("its program headers cannot be read");
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Elf64_Phdr& segment = segments[i];
    if (!file_.contains(segment.p_offset, segment.p_filesz))
      throw_outside("segment " + std::to_string(i), segment.p_offset, segment.p_filesz,
                    file_.size());
    if (segment.p_type == PT_LOAD && segment.p_filesz > segment.p_memsz)
      throw_damaged("segment " + std::to_string(i) + " is larger in the file than in memory");
  }
}

void ElfFile::read_sections() {
  if (header_.e_shoff == 0 || header_.e_shnum == 0) return;
  if (header_.e_shentsize != sizeof(Elf64_Shdr))
    throw_damaged("expected section headers of 64 bytes, found " +
                  std::to_string(header_.e_shentsize));
  const std::uint64_t bytes = header_.e_shnum * sizeof(Elf64_Shdr);
  if (!file_.contains(header_.e_shoff, bytes))
    throw_outside("the section header table", header_.e_shoff, bytes, file_.size());
  sections_.resize(header_.e_shnum);
  if (!file_.read(header_.e_shoff, sections_.data(), bytes))
    throw_damaged("its section headers cannot be read");
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const Elf64_Shdr& section = sections_[i];
    if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
        !file_.contains(section.sh_offset, section.sh_size))
      throw_outside("section " + std::to_string(i), section.sh_offset, section.sh_size,
                    file_.size());
  }
  if (header_.e_shstrndx >= sections_.size())
    throw_damaged("its section names are in section " + std::to_string(header_.e_shstrndx) +
                  " of " + std::to_string(sections_.size()));
  names_ = bytes_of(sections_[header_.e_shstrndx]);
}

const Elf64_Shdr* ElfFile::section(std::string_view name) const noexcept {
  const auto named = [&](const Elf64_Shdr& section) {
    // names_ ends in a terminator of std::string's own, so every name in it is terminated.
    return section.sh_name < names_.size() && name == names_.c_str() + section.sh_name;
  };
  const auto found = std::find_if(sections_.begin(), sections_.end(), named);
  return found == sections_.end() ? nullptr : &*found;
}

const Elf64_Shdr* ElfFile::section_of_type(std::uint32_t type) const noexcept {
  const auto found = std::find_if(sections_.begin(), sections_.end(),
                                  [&](const Elf64_Shdr& s) { return s.sh_type == type; });
  return found == sections_.end() ? nullptr : &*found;
}

std::string ElfFile::bytes_of(const Elf64_Shdr& section) const {
  if (section.sh_type == SHT_NOBITS || section.sh_size > most_name_bytes) return {};
  std::string out(section.sh_size, '\0');
  if (!file_.read(section.sh_offset, out.data(), out.size()))
    throw_damaged("a section cannot be read");
  return out;
}

template <class Record>
std::vector<Record> ElfFile::records_of(const Elf64_Shdr& section) const {
  const std::string raw = bytes_of(section);
  std::vector<Record> out(raw.size() / sizeof(Record));
  if (!out.empty()) std::memcpy(out.data(), raw.data(), out.size() * sizeof(Record));
  return out;
}

std::string ElfFile::strings_of(const Elf64_Shdr& section) const {
  return section.sh_link < sections_.size() ? bytes_of(sections_[section.sh_link]) : std::string();
}

std::vector<std::string> ElfFile::needed() const {
  std::vector<std::string> out;
  const Elf64_Shdr* section = section_of_type(SHT_DYNAMIC);
  if (!section) return out;
  const std::string strings = strings_of(*section);
  for (const auto& entry : records_of<Elf64_Dyn>(*section)) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED && entry.d_un.d_val < strings.size())
      out.push_back(strings.c_str() + entry.d_un.d_val);
  }
  return out;
}

std::vector<std::string> ElfFile::exports() const {
  std::vector<std::string> out;
  const Elf64_Shdr* section = section_of_type(SHT_DYNSYM);
  if (!section) return out;
  const std::string strings = strings_of(*section);
  for (const auto& symbol : records_of<Elf64_Sym>(*section)) {
    const unsigned binding = ELF64_ST_BIND(symbol.st_info);
    if (symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS && binding != STB_LOCAL &&
        symbol.st_name < strings.size() && strings[symbol.st_name])
      out.push_back(strings.c_str() + symbol.st_name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
  case EM_X86_64:
    return "x86_64";
  case EM_AARCH64:
    return "aarch64";
  case EM_RISCV:
    return "riscv";
  case EM_PPC64:
    return "ppc64";
  case EM_S390:
    return "s390";
  default:
    return "ELF machine " + std::to_string(machine);
  }
}

}  // namespace quipu::plugin
