// Plugins: where they are, what they provide, and their tables once loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quipu/abi/backend.h"

namespace quipu {

enum class PluginKind { loader = QUIPU_KIND_LOADER, codec, architecture, backend };

/// The word of the kind: "loader", "codec", "architecture", "backend".
std::string_view to_string(PluginKind kind) noexcept;

/// Where a plugin was found; in this order of precedence for the same item, except that bundled
/// beats user.
enum class PluginOrigin { option, environment, user, bundled };
std::string_view to_string(PluginOrigin origin) noexcept;

/// A plugin file as its manifest describes it, without loading it.
struct PluginInfo {
  std::filesystem::path path;
  PluginOrigin origin = PluginOrigin::option;
  PluginKind kind = PluginKind{};  ///< no kind at all when the manifest cannot be read
  std::string name, version, license, vendor, build, target;
  std::uint32_t abi_major = 0, abi_minor = 0, opset = 0;
  std::vector<std::string> provides;  ///< items as the manifest spells them
  bool usable = false;                ///< false: `problem` says why
  std::string problem;                ///< "QUIPU-P104 …: who must change what"
  std::string
      shadowed_by;  ///< path of the plugin that provides the same items with precedence, or ""
  bool loaded = false;
  // Of Registry::inspect only.
  std::vector<std::string> needed;   ///< libraries that the dynamic linker will look for
  std::vector<std::string> exports;  ///< symbols other than the two of the boundary
};

/// A place that was searched.
struct PluginPlace {
  std::filesystem::path path;
  PluginOrigin origin;
  std::string remark;   ///< "4 plugins", or why it was skipped
  std::size_t ignored;  ///< files ending in .so that are no quipu plugins
};

struct RegistryOptions {
  std::vector<std::filesystem::path> plugins;  ///< files or directories, before everything else
  bool bundled_only = false;
  /// Receives warnings of the registry and log lines of plugins, as (QUIPU_LOG_*, text). May be
  /// called from any thread.
  std::function<void(int, std::string_view)> log;
};

/// Finds plugins by their manifests and loads them when an item is asked for. Never unloads.
/// Thread-safe.
class Registry {
 public:
  explicit Registry(RegistryOptions options = {});
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  std::vector<PluginInfo> plugins() const;
  std::vector<PluginPlace> places() const;

  /// Reads a file's manifest whether or not it is in a place that is searched. Throws Error{io}
  /// when the file cannot be read.
  PluginInfo inspect(const std::filesystem::path& file) const;

  /// Tables of the items of that kind and name; each loads its plugin. They live as long as the
  /// registry. Throw unsupported naming the item, the places searched and near misses when there is
  /// none, or when loading fails.
  const quipu_codec& codec(std::string_view type);      ///< "gguf:12"
  const quipu_loader& loader(std::string_view name);    ///< "gguf"
  const quipu_backend& backend(std::string_view name);  ///< "" = the preferred one
  std::vector<const quipu_loader*>
  loaders(std::span<const std::uint8_t> head);  ///< whose magic matches; may be empty
  std::vector<const quipu_architecture*>
  architectures(std::string_view family);  ///< that want to be asked about it; may be empty

  /// Whether some usable plugin provides the codec type; loads nothing.
  bool has_codec(std::string_view type) const;
  /// Name that a plugin gives a codec type ("q4_k"), or "" when none provides it; loads nothing.
  std::string codec_name(std::string_view type) const;
  /// Types and names of all codecs; loads nothing.
  std::vector<std::pair<std::string, std::string>> codecs() const;
  /// Names of all items of a kind; loads nothing.
  std::vector<std::string> items(PluginKind kind) const;
  /// "searched A, B; …": for messages about something that is missing.
  std::string searched() const;

  /// Error text that a plugin left for the calling thread in the last failing call, or "" ; clears
  /// it.
  static std::string take_failure();
  /// Throws what a plugin's status means, with its text; does nothing on QUIPU_OK.
  static void check(quipu_status status, std::string_view what);

  /// Instruction-set level that plugins are told: the processor's, lowered by QUIPU_ISA.
  static std::uint32_t isa();
  /// The fastest way to dequantise that a codec has for it.
  static decltype(quipu_codec::dequantize) dequantize_of(const quipu_codec& codec);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quipu
