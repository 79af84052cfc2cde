// Finds plugins by their manifests and loads them when an item is asked for.
#include "quipu/registry.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>

#include "plugin/elf_file.h"
#include "plugin/library.h"
#include "plugin/search.h"
#include "quipu/error.h"

namespace quipu {

using plugin::Found;
using plugin::Item;
using plugin::Library;

namespace {

// What became of a plugin since it was indexed. Read without a lock, so that a plugin's log line
// may lead back into the registry while the plugin is being loaded.
struct Progress {
  std::mutex mutex;
  std::atomic<const Library*> library = nullptr;
  std::unique_ptr<const std::string> failure_text;
  std::atomic<const std::string*> failure = nullptr;
};

std::string shown(const std::filesystem::path& path) {
  return printable(path.native(), 1000);
}

template <class Table>
const Table* find_table(const Library& library, std::string_view key, const char* Table::*member) {
  for (const void* each : library.tables) {
    const auto* table = static_cast<const Table*>(each);
    if (key == table->*member) return table;
  }
  return nullptr;
}

}  // namespace

struct Registry::State {
  explicit State(RegistryOptions options)
      : index(plugin::index_plugins(plugin::search_places(options))),
        progress(index.plugins.size()),
        sink(std::make_shared<plugin::LogSink>(std::move(options.log))) {
    for (const Found& found : index.plugins)
      if (found.info.origin == PluginOrigin::option && !found.info.usable)
        warn(shown(found.info.path) + ": " + found.info.problem);
  }

  void warn(const std::string& text) const {
    if (*sink) (*sink)(QUIPU_LOG_WARNING, text);
  }

  const Library& load(std::size_t which) {
    Progress& now = progress[which];
    if (const Library* library = now.library.load(std::memory_order_acquire)) return *library;
    const Found& found = index.plugins[which];
    const std::lock_guard lock(now.mutex);
    if (const Library* library = now.library.load(std::memory_order_relaxed)) return *library;
    if (!now.failure.load(std::memory_order_relaxed)) {
      try {
        const Library& library = plugin::load({found.info.path, found.manifest, found.items}, sink);
        now.library.store(&library, std::memory_order_release);
        return library;
      } catch (const Error& error) {
        now.failure_text = std::make_unique<const std::string>(error.what());
        now.failure.store(now.failure_text.get(), std::memory_order_release);
      }
    }
    throw Error(ErrorCode::unsupported, shown(found.info.path) + ": " + *now.failure_text);
  }

  PluginInfo info(std::size_t which) const {
    PluginInfo out = index.plugins[which].info;
    out.loaded = progress[which].library.load(std::memory_order_acquire) != nullptr;
    if (const std::string* failure = progress[which].failure.load(std::memory_order_acquire)) {
      out.usable = false;
      out.problem = *failure;
    }
    return out;
  }

  std::string searched() const {
    std::string text = "searched ";
    bool first = true;
    for (const PluginPlace& place : index.places) {
      if (!first) text += ", ";
      first = false;
      text += shown(place.path) + " (" + place.remark + ")";
    }
    return text;
  }

  // Plugins that would provide the item if they could be used, and those that may: a damaged file
  // does not say what it held.
  std::string near_misses(PluginKind kind, std::string_view key) const {
    std::string text;
    for (const Found& found : index.plugins) {
      if (found.info.usable) continue;
      const bool would =
          found.info.kind == kind && std::any_of(found.items.begin(), found.items.end(),
                                                 [&](const Item& item) { return item.key == key; });
      if (would || found.info.name.empty())
        text += "; not usable: " + shown(found.info.path) + ": " + found.info.problem;
    }
    return text;
  }

  [[noreturn]] void throw_missing(PluginKind kind, std::string_view key) const {
    std::string text = "no plugin provides " + std::string(to_string(kind)) + " \"" +
                       printable(key) + "\": " + searched() + near_misses(kind, key);
    if (kind == PluginKind::backend) {
      text += "; there is";
      for (const std::string& name : names(kind)) text.append(" ").append(printable(name));
    }
    throw Error(ErrorCode::unsupported, text);
  }

  std::size_t provider(PluginKind kind, std::string_view key) const {
    const std::size_t* which = index.provider(kind, key);
    if (!which) throw_missing(kind, key);
    return *which;
  }

  std::vector<std::string> names(PluginKind kind) const {
    std::set<std::string> unique;
    if (kind == PluginKind::architecture)
      for (const std::size_t which : index.architectures())
        for (const Item& item : index.plugins[which].items) unique.insert(item.name);
    else
      for (const auto& [what, candidates] : index.providers)
        if (what.first == kind) unique.insert(index.item(candidates[0], what.second).name);
    return {unique.begin(), unique.end()};
  }

  // Loads each; those that fail are reported, and are an error only when none is left.
  std::vector<const Library*> load_what_works(const std::vector<std::size_t>& which) {
    std::vector<const Library*> out;
    std::string failures;
    for (const std::size_t each : which) {
      try {
        out.push_back(&load(each));
      } catch (const Error& error) {
        failures += (failures.empty() ? "" : "; ") + std::string(error.what());
      }
    }
    if (failures.empty()) return out;
    if (out.empty()) throw Error(ErrorCode::unsupported, failures);
    warn(failures);
    return out;
  }

  // Backends, the preferred one first.
  std::vector<std::pair<std::size_t, std::string>> preferred_backends() const {
    std::vector<std::pair<const Item*, std::size_t>> found;
    for (const auto& [what, candidates] : index.providers)
      if (what.first == PluginKind::backend)
        found.emplace_back(&index.item(candidates[0], what.second), candidates[0]);
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return a.first->preference > b.first->preference;
    });
    std::vector<std::pair<std::size_t, std::string>> out;
    for (const auto& [item, which] : found) out.emplace_back(which, item->key);
    return out;
  }

  const plugin::Index index;
  std::deque<Progress> progress;
  const std::shared_ptr<plugin::LogSink> sink;
};

std::string_view to_string(PluginKind kind) noexcept {
  switch (kind) {
  case PluginKind::loader:
    return "loader";
  case PluginKind::codec:
    return "codec";
  case PluginKind::architecture:
    return "architecture";
  case PluginKind::backend:
    return "backend";
  }
  return "unknown";
}

std::string_view to_string(PluginOrigin origin) noexcept {
  switch (origin) {
  case PluginOrigin::option:
    return "option";
  case PluginOrigin::environment:
    return "environment";
  case PluginOrigin::user:
    return "user";
  case PluginOrigin::bundled:
    return "bundled";
  }
  return "unknown";
}

Registry::Registry(RegistryOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Registry::~Registry() = default;

std::vector<PluginInfo> Registry::plugins() const {
  std::vector<PluginInfo> out;
  for (std::size_t i = 0; i < state_->index.plugins.size(); ++i) out.push_back(state_->info(i));
  return out;
}

std::vector<PluginPlace> Registry::places() const {
  return state_->index.places;
}

PluginInfo Registry::inspect(const std::filesystem::path& file) const {
  PluginInfo info = plugin::describe(file).info;
  std::error_code error;
  info.path = std::filesystem::canonical(file, error);
  if (error) info.path = file;
  info.origin = PluginOrigin::option;
  for (std::size_t i = 0; i < state_->index.plugins.size(); ++i)
    if (state_->index.plugins[i].info.path == info.path) info = state_->info(i);
  try {
    const plugin::RegularFile opened(info.path);
    const plugin::ElfFile elf(opened);
    info.needed = elf.needed();
    for (std::string& name : elf.exports())
      if (name != QUIPU_ENTRY_SYMBOL && name != QUIPU_MANIFEST_SYMBOL)
        info.exports.push_back(std::move(name));
  } catch (const Error&) {
    // Already said in `problem`.
  }
  return info;
}

const quipu_codec& Registry::codec(std::string_view type) {
  const Library& library = state_->load(state_->provider(PluginKind::codec, type));
  return *find_table(library, type, &quipu_codec::type);
}

const quipu_loader& Registry::loader(std::string_view name) {
  const Library& library = state_->load(state_->provider(PluginKind::loader, name));
  return *find_table(library, name, &quipu_loader::name);
}

const quipu_backend& Registry::backend(std::string_view name) {
  if (!name.empty()) {
    const Library& library = state_->load(state_->provider(PluginKind::backend, name));
    return *find_table(library, name, &quipu_backend::name);
  }
  // A backend may refuse to start because its device is not there: then the next one serves.
  std::string failures;
  for (const auto& [which, key] : state_->preferred_backends()) {
    try {
      state_->index.provider(PluginKind::backend, key);
      const quipu_backend& found = *find_table(state_->load(which), key, &quipu_backend::name);
      if (!failures.empty()) state_->warn(failures);
      return found;
    } catch (const Error& error) {
      failures += (failures.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  if (failures.empty())
    throw Error(ErrorCode::unsupported, "no plugin provides a backend: " + state_->searched());
  throw Error(ErrorCode::unsupported, failures);
}

std::vector<const quipu_loader*> Registry::loaders(std::span<const std::uint8_t> head) {
  std::vector<std::size_t> which;
  std::vector<std::string> keys;
  for (const auto& [what, candidates] : state_->index.providers) {
    if (what.first != PluginKind::loader) continue;
    const auto& items = state_->index.plugins[candidates[0]].items;
    const bool matches = std::any_of(items.begin(), items.end(), [&](const Item& item) {
      return item.key == what.second && item.matches(head);
    });
    if (!matches) continue;
    which.push_back(state_->provider(PluginKind::loader, what.second));
    keys.push_back(what.second);
  }
  std::vector<const quipu_loader*> out;
  for (const Library* library : state_->load_what_works(which))
    for (const std::string& key : keys)
      if (const auto* table = find_table(*library, key, &quipu_loader::name))
        if (std::find(out.begin(), out.end(), table) == out.end()) out.push_back(table);
  return out;
}

std::vector<const quipu_architecture*> Registry::architectures(std::string_view family) {
  std::vector<std::size_t> which;
  for (const std::size_t each : state_->index.architectures()) {
    const auto& items = state_->index.plugins[each].items;
    if (std::any_of(items.begin(), items.end(), [&](const Item& i) { return i.key == family; }))
      which.push_back(each);
  }
  std::vector<const quipu_architecture*> out;
  for (const Library* library : state_->load_what_works(which))
    for (const void* table : library->tables)
      out.push_back(static_cast<const quipu_architecture*>(table));
  return out;
}

bool Registry::has_codec(std::string_view type) const {
  return !codec_name(type).empty();
}

std::string Registry::codec_name(std::string_view type) const {
  const auto found = state_->index.providers.find(std::pair(PluginKind::codec, std::string(type)));
  if (found == state_->index.providers.end()) return {};
  return state_->index.item(found->second[0], type).name;
}

std::vector<std::pair<std::string, std::string>> Registry::codecs() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [what, candidates] : state_->index.providers)
    if (what.first == PluginKind::codec) all.emplace_back(what.second, codec_name(what.second));
  return all;
}

std::vector<std::string> Registry::items(PluginKind kind) const {
  return state_->names(kind);
}

std::string Registry::searched() const {
  return state_->searched();
}

}  // namespace quipu
