// Where plugins are looked for, which files there are plugins, and which of them answers for an
// item.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugin/manifest.h"

namespace quipu::plugin {

/// A plugin file that was found.
struct Found {
  PluginInfo info;
  quipu_manifest manifest;
  std::vector<Item> items;
  std::size_t place;  ///< index of the place it was found in
};

/// All that was found. Positions in `plugins` name a plugin.
struct Index {
  std::vector<PluginPlace> places;  ///< in order of precedence
  std::vector<Found> plugins;       ///< in order of precedence
  /// Usable providers of an item, the one that answers for it first. Architectures are not here:
  /// every one that wants to be asked about a family is asked.
  std::map<std::pair<PluginKind, std::string>, std::vector<std::size_t>, std::less<>> providers;

  /// Usable architecture plugins, but for those that one of the same name takes the place of.
  std::vector<std::size_t> architectures() const;
  /// Provider of an item, or nullptr. Throws Error{unsupported} with problem::clash when two
  /// plugins of the same directory, with different names, provide it.
  const std::size_t* provider(PluginKind kind, std::string_view key) const;
  /// The item of that key of a plugin that has it.
  const Item& item(std::size_t plugin, std::string_view key) const;
};

/// The places that `options`, the environment and this library's own position give, in order of
/// precedence. Never the current directory. Throws Error{io} naming an option that does not exist.
std::vector<PluginPlace> search_places(const RegistryOptions& options);

/// Looks into each place, a file or a directory, and notes in it what was there. A place that
/// already has a remark is left alone. A file reached twice counts once, where it comes first.
Index index_plugins(std::vector<PluginPlace> places);

}  // namespace quipu::plugin
