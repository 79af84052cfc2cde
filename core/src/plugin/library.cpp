// Loads plugin libraries and starts them.
#include "plugin/library.h"

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cstring>
#include <map>
#include <mutex>

#include "plugin/elf_file.h"
#include "plugin/problem.h"
#include "plugin/tables.h"
#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu::plugin {
namespace {

// The process has one image of a library, whoever loads it: what is known of it is kept once, by
// the dynamic linker's handle. A library that failed is not tried again.
struct Image {
  boost::dll::shared_library file;
  std::unique_ptr<Library> library = std::make_unique<Library>();
  std::string failure;
};

struct Images {
  std::mutex mutex;
  std::map<void*, Image> by_handle;
};

// Never destroyed: plugins may still run while the process ends.
Images& images() {
  static auto* const all = new Images;
  return *all;
}

[[noreturn]] void throw_problem(std::string_view code, const std::string& text) {
  throw Error(ErrorCode::unsupported, std::string(code) + " " + text);
}

// Boost.DLL wraps the dynamic linker's own sentence in its own.
std::string linker_text(std::string_view text) {
  constexpr std::string_view before = "dlerror system message: ", after = "): ";
  const std::size_t start = text.find(before);
  if (start == std::string_view::npos) return std::string(text);
  text.remove_prefix(start + before.size());
  return std::string(text.substr(0, text.rfind(after)));
}

std::string needed_libraries(const std::filesystem::path& path, const std::string& why) {
  std::string list;
  try {
    const RegularFile file(path);
    for (const std::string& name : ElfFile(file).needed()) {
      list += (list.empty() ? "; it needs " : ", ") + printable(name);
      if (why.starts_with(name + ":")) list += " (not found)";
    }
  } catch (const Error&) {
    // The file changed since its manifest was read; the linker's sentence must do.
  }
  return list;
}

boost::dll::shared_library link(const Expectation& expected) {
  try {
    // Every symbol is looked for now: one that is missing must not end the process later. Nothing
    // that a plugin defines is visible to another.
    using namespace boost::dll;
    return shared_library(expected.path, load_mode::rtld_now | load_mode::rtld_local);
  } catch (const std::system_error& error) {
    const std::string why = linker_text(error.what());
    throw_problem(problem::linking,
                  std::string(expected.manifest.name) + " cannot be loaded: " +
                      printable(why, 1000) + needed_libraries(expected.path, why) +
                      ": install what is missing, or another build of " + expected.manifest.name);
  }
}

const quipu_plugin& enter(const boost::dll::shared_library& library, const Expectation& expected) {
  const quipu_manifest& manifest = expected.manifest;
  if (!library.has(QUIPU_ENTRY_SYMBOL))
    throw_problem(problem::linking, std::string(manifest.name) +
                                        " has no function " QUIPU_ENTRY_SYMBOL
                                        ": its author must export it");
  const auto entry = library.get<const quipu_plugin*()>(QUIPU_ENTRY_SYMBOL);
  const quipu_plugin* plugin = entry();
  if (!plugin) throw_broken_promise(manifest, QUIPU_ENTRY_SYMBOL " gives NULL");
  if (plugin->size < sizeof *plugin)
    throw_broken_promise(manifest, "expected a quipu_plugin of " + std::to_string(sizeof *plugin) +
                                       " bytes, found " + std::to_string(plugin->size));
  if (!plugin->manifest || !plugin->init || !plugin->item)
    throw_broken_promise(manifest, "manifest, init or item is missing in its quipu_plugin");
  return *plugin;
}

void check_manifest(const quipu_plugin& plugin, const Expectation& expected) {
  if (std::memcmp(plugin.manifest, &expected.manifest, sizeof expected.manifest) != 0)
    throw_broken_promise(
        expected.manifest,
        "the manifest of the loaded library differs from section " QUIPU_MANIFEST_SECTION
        " of its file");
}

void start(Library& library, const boost::dll::shared_library& image, const Expectation& expected) {
  library.plugin = &enter(image, expected);
  check_manifest(*library.plugin, expected);
  Registry::take_failure();
  try {
    Registry::check(library.plugin->init(&library.host.table()), "");
  } catch (const Error& error) {
    throw_problem(problem::start,
                  std::string(expected.manifest.name) + " refused to start: " + error.what());
  }
  library.tables = checked_tables(*library.plugin, expected.manifest, expected.items);
}

}  // namespace

std::filesystem::path own_directory() {
  std::error_code error;
  const std::filesystem::path location = boost::dll::this_line_location();
  const auto canonical = std::filesystem::canonical(location, error);
  return (error ? location : canonical).parent_path();
}

Library& load(const Expectation& expected, const std::shared_ptr<LogSink>& sink) {
  Images& all = images();
  const std::lock_guard lock(all.mutex);
  auto linked = link(expected);
  const auto [at, is_new] = all.by_handle.try_emplace(linked.native());
  Image& image = at->second;
  Library& library = *image.library;
  library.host.add_sink(sink);
  if (is_new) {
    image.file = std::move(linked);
    try {
      start(library, image.file, expected);
    } catch (const Error& error) {
      image.failure = error.what();
    }
  }
  if (!image.failure.empty()) throw Error(ErrorCode::unsupported, image.failure);
  // The file may have been replaced by another build since it was loaded.
  if (!is_new) check_manifest(*library.plugin, expected);
  return library;
}

}  // namespace quipu::plugin
