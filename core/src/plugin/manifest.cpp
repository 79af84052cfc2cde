// Reads and judges the manifest of a plugin file.
#include "plugin/manifest.h"

#include <algorithm>
#include <cstring>

#include "plugin/elf_file.h"
#include "plugin/problem.h"
#include "quipu/error.h"

namespace quipu::plugin {
namespace {

// The text of a zero-terminated field; the whole field where the terminator is missing.
template <std::size_t Size>
std::string_view field(const char (&text)[Size]) {
  return {text, static_cast<std::size_t>(std::find(text, text + Size, '\0') - text)};
}

template <std::size_t Size>
std::string shown(const char (&text)[Size]) {
  return printable(field(text), Size);
}

[[noreturn]] void refuse(std::string_view code, const std::string& text) {
  throw Error(ErrorCode::unsupported, std::string(code) + " " + text);
}

[[noreturn]] void refuse_manifest(const std::string& what) {
  refuse(problem::manifest,
         "manifest: " + what + ": its author must build it with quipu's plugin headers");
}

// Each step is only right when those before it have passed: the order is part of the boundary.
void check_layout(const quipu_manifest& m, std::uint64_t section_bytes) {
  if (std::memcmp(m.magic, QUIPU_MANIFEST_MAGIC, sizeof m.magic) != 0)
    refuse_manifest("expected magic " QUIPU_MANIFEST_MAGIC ", found \"" + shown(m.magic) + "\"");
  if (m.size < sizeof m || m.size > section_bytes)
    refuse_manifest("expected a size of " + std::to_string(sizeof m) + ", found " +
                    std::to_string(m.size));
}

void check_fields(const quipu_manifest& m) {
  const auto terminated = [](const auto& text, const char* name) {
    if (field(text).size() == sizeof text)
      refuse_manifest(std::string("field ") + name + " is not terminated");
  };
  terminated(m.name, "name");
  terminated(m.version, "version");
  terminated(m.license, "license");
  terminated(m.vendor, "vendor");
  terminated(m.build, "build");
  terminated(m.target, "target");
  terminated(m.provides, "provides");
  const std::string_view name = field(m.name);
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-';
  });
  if (name.empty() || !plain)
    refuse_manifest("expected a name of letters, digits, '.', '_' and '-', found \"" +
                    shown(m.name) + "\"");
}

void check_target(const quipu_manifest& m, std::uint16_t machine) {
  const std::string name = shown(m.name), target = shown(m.target);
  const auto built_for = [&](const std::string& what) {
    refuse(problem::target, name + " is built for " + what +
                                ", this quipu for " QUIPU_TARGET ": install its " QUIPU_TARGET
                                " build");
  };
  if (field(m.target) != QUIPU_TARGET) built_for(target);
  if (machine != own_machine) built_for(machine_name(machine));
}

void check_versions(const quipu_manifest& m) {
  const std::string name = shown(m.name);
  const auto version = [](unsigned major, unsigned minor) {
    return std::to_string(major) + "." + std::to_string(minor);
  };
  const std::string theirs = version(m.abi_major, m.abi_minor);
  const std::string ours = version(QUIPU_ABI_MAJOR, QUIPU_ABI_MINOR);
  // While the major is 0, every minor is a boundary of its own.
  const auto pair = [](unsigned major, unsigned minor) { return major * 65536ul + minor; };
  if (pair(m.abi_major, m.abi_minor) > pair(QUIPU_ABI_MAJOR, QUIPU_ABI_MINOR))
    refuse(problem::version, name + " needs plugin ABI " + theirs + ", this quipu has " + ours +
                                 ": upgrade quipu, or install a " + name + " built for " + ours);
  if (pair(m.abi_major, m.abi_minor) < pair(QUIPU_ABI_MAJOR, QUIPU_ABI_MINOR))
    refuse(problem::version, name + " was built for plugin ABI " + theirs + ", this quipu has " +
                                 ours + ": install a " + name + " built for " + ours +
                                 ", or a quipu with " + theirs);
}

void check_kind(const quipu_manifest& m) {
  if (m.kind < QUIPU_KIND_LOADER || m.kind > QUIPU_KIND_BACKEND)
    refuse_manifest("expected a kind from 1 to 4, found " + std::to_string(m.kind));
}

void check_opset(const quipu_manifest& m) {
  const std::string name = shown(m.name), ours = std::to_string(QUIPU_OPSET);
  // A backend that knows more operations than this quipu has still runs all that it is given.
  if (m.kind == QUIPU_KIND_ARCHITECTURE && m.opset > QUIPU_OPSET)
    refuse(problem::version, name + " needs graph opset " + std::to_string(m.opset) +
                                 ", this quipu has " + ours + ": upgrade quipu, or install a " +
                                 name + " for opset " + ours);
  const bool has_opset = m.kind == QUIPU_KIND_ARCHITECTURE || m.kind == QUIPU_KIND_BACKEND;
  if (has_opset && m.opset == 0)
    refuse(problem::version, name + " names no graph opset, this quipu has " + ours +
                                 ": its author must name the one it was written for");
}

void show(const quipu_manifest& m, PluginInfo& info) {
  info.name = shown(m.name);
  info.version = shown(m.version);
  info.license = shown(m.license);
  info.vendor = shown(m.vendor);
  info.build = shown(m.build);
  info.target = shown(m.target);
  info.abi_major = m.abi_major;
  info.abi_minor = m.abi_minor;
  info.opset = m.opset;
  info.kind = static_cast<PluginKind>(m.kind);
}

void read(const RegularFile& file, Description& out) {
  out.claims_to_be_plugin = begins_as_elf(file);
  if (!out.claims_to_be_plugin)
    refuse(problem::manifest, "not a quipu plugin: expected an ELF shared library");
  const ElfFile elf(file);
  const Elf64_Shdr* section = elf.section(QUIPU_MANIFEST_SECTION);
  out.claims_to_be_plugin = section != nullptr;
  if (!section)
    refuse(problem::manifest, "not a quipu plugin: it has no section " QUIPU_MANIFEST_SECTION);
  if (section->sh_type == SHT_NOBITS || section->sh_size < sizeof out.manifest)
    refuse_manifest("expected " + std::to_string(sizeof out.manifest) +
                    " bytes in section " QUIPU_MANIFEST_SECTION ", found " +
                    std::to_string(section->sh_type == SHT_NOBITS ? 0 : section->sh_size));
  if (!file.read(section->sh_offset, &out.manifest, sizeof out.manifest))
    refuse(problem::damaged, "damaged file: its manifest cannot be read: install the plugin again");

  const quipu_manifest& manifest = out.manifest;
  check_layout(manifest, section->sh_size);
  show(manifest, out.info);
  check_fields(manifest);
  check_target(manifest, elf.machine());
  check_versions(manifest);
  check_kind(manifest);
  out.items = parse_provides(out.info.kind, field(manifest.provides));
  for (const Item& item : out.items) out.info.provides.push_back(printable(item.text));
  check_opset(manifest);
}

// A plugin of another target or version still says what it would provide: a message about a
// missing item can then point at it.
void read_items_of_unusable(Description& out) noexcept {
  try {
    if (!out.items.empty() || out.info.name.empty()) return;
    check_kind(out.manifest);
    out.items = parse_provides(out.info.kind, field(out.manifest.provides));
    for (const Item& item : out.items) out.info.provides.push_back(printable(item.text));
  } catch (const std::exception&) {
    out.items.clear();
  }
}

}  // namespace

Description describe(const std::filesystem::path& path) {
  const RegularFile file(path);
  Description out;
  out.device = file.status().st_dev;
  out.inode = file.status().st_ino;
  try {
    read(file, out);
    out.info.usable = true;
  } catch (const Error& error) {
    out.info.problem = error.what();
    read_items_of_unusable(out);
  }
  return out;
}

}  // namespace quipu::plugin
