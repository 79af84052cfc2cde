// Reads and judges the manifest of a plugin file. Runs no code of the plugin.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "plugin/item.h"
#include "quipu/abi/plugin.h"
#include "quipu/registry.h"

namespace quipu::plugin {

/// What a file says of itself.
struct Description {
  /// False when it is some other file, or some other library: nothing to complain about in a
  /// directory. `info.problem` says what it is.
  bool claims_to_be_plugin = false;
  quipu_manifest manifest{};
  std::vector<Item> items;  ///< of a usable plugin, and of an unusable one where they can be read
  PluginInfo info{};        ///< path and origin are the caller's to fill in
  // The file: two paths with the same pair are one file.
  dev_t device = 0;
  ino_t inode = 0;
};

/// Throws Error{io} when the file cannot be read. Everything else that is wrong with it is said in
/// `info.problem`.
Description describe(const std::filesystem::path& file);

}  // namespace quipu::plugin
