// Loads plugin libraries and checks their tables. Nothing else in quipu knows how this is done.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "plugin/host.h"
#include "plugin/item.h"
#include "quipu/abi/plugin.h"

namespace quipu::plugin {

/// Directory of the file that holds this function: libquipu's own.
std::filesystem::path own_directory();

/// A plugin in this process. It stays until the process ends: its threads, its thread-local
/// destructors and pointers into it have no time at which unloading would be safe.
struct Library {
  Host host;
  const quipu_plugin* plugin = nullptr;
  std::vector<const void*> tables;  ///< of the items, each complete and checked
};

/// What the file is expected to be, from its manifest.
struct Expectation {
  std::filesystem::path path;  ///< canonical
  const quipu_manifest& manifest;
  const std::vector<Item>& items;
};

/// Loads the plugin, or finds it loaded, and starts it once. `sink` gets its log lines. Throws
/// Error{unsupported} with problem::linking, problem::promise or problem::start.
Library& load(const Expectation& expected, const std::shared_ptr<LogSink>& sink);

}  // namespace quipu::plugin
