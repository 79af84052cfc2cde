// The places where plugins are looked for.
#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "plugin/library.h"
#include "plugin/search.h"
#include "quipu/error.h"

namespace quipu::plugin {
namespace {

// A new ABI major has a directory of its own, so that plugins of both can be installed.
constexpr const char* directory_name = "plugins-0";
static_assert(QUIPU_ABI_MAJOR == 0);

// Empty when it is not set, or when the process runs with the rights of someone else.
std::string_view environment(const char* name) {
  const char* value = ::secure_getenv(name);
  return value ? value : "";
}

void add_options(const RegistryOptions& options, std::vector<PluginPlace>& places) {
  for (const auto& given : options.plugins) {
    std::error_code error;
    const auto path = std::filesystem::canonical(given, error);
    if (error)
      throw Error(ErrorCode::io,
                  "plugin " + printable(given.native(), 1000) + ": " + error.message());
    places.push_back({path, PluginOrigin::option, {}, 0});
  }
}

void add_environment(std::vector<PluginPlace>& places) {
  const std::string_view list = environment("QUIPU_PLUGIN_PATH");
  for (std::size_t start = 0; start < list.size();) {
    const std::size_t end = std::min(list.find(':', start), list.size());
    if (end > start) {
      std::filesystem::path path = list.substr(start, end - start);
      // Relative to the current directory, whoever may have written to that.
      const bool absolute = path.is_absolute();
      places.push_back({std::move(path), PluginOrigin::environment,
                        absolute ? "" : "skipped: not an absolute path", 0});
    }
    start = end + 1;
  }
}

// XDG Base Directory Specification 0.8: relative values are to be ignored.
void add_user(std::vector<PluginPlace>& places) {
  std::filesystem::path data = environment("XDG_DATA_HOME");
  if (!data.is_absolute()) {
    const std::filesystem::path home = environment("HOME");
    if (!home.is_absolute()) return;
    data = home / ".local/share";
  }
  places.push_back({data / "quipu" / directory_name, PluginOrigin::user, {}, 0});
}

}  // namespace

std::vector<PluginPlace> search_places(const RegistryOptions& options) {
  std::vector<PluginPlace> places;
  add_options(options, places);
  add_environment(places);
  const std::size_t bundled = places.size();
  places.push_back({own_directory() / "quipu" / directory_name, PluginOrigin::bundled, {}, 0});
  add_user(places);
  if (options.bundled_only)
    for (std::size_t i = 0; i < places.size(); ++i)
      if (i != bundled) places[i].remark = "skipped: bundled plugins only";
  return places;
}

}  // namespace quipu::plugin
