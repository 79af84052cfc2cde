// Which files of a place are plugins, and which of them answers for an item.
#include "plugin/search.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <set>
#include <system_error>

#include "plugin/problem.h"
#include "quipu/error.h"

namespace quipu::plugin {
namespace {

using FileIdentity = std::pair<dev_t, ino_t>;

// Why a file or directory below the user's own data directory must not be believed, or "".
std::string distrust(const struct stat& status) {
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return "it belongs to user " + std::to_string(status.st_uid) +
           ": make it yours, or name it as an option";
  if (status.st_mode & (S_IWGRP | S_IWOTH))
    return "others may write to it: take that right away (chmod go-w)";
  return {};
}

std::filesystem::path canonical_or_same(const std::filesystem::path& path) {
  std::error_code error;
  auto canonical = std::filesystem::canonical(path, error);
  return error ? path : canonical;
}

// Canonical paths of the names in a directory that end in ".so", sorted by name.
std::vector<std::filesystem::path> libraries_in(const std::filesystem::path& directory) {
  std::map<std::string, bool> names;  // and whether they are surely no links
  const std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(directory.c_str()), ::closedir);
  if (!handle) throw Error(ErrorCode::io, std::generic_category().message(errno));
  while (const dirent* entry = ::readdir(handle.get())) {
    const std::string_view name = entry->d_name;
    if (name.size() > 3 && name.ends_with(".so")) names.emplace(name, entry->d_type == DT_REG);
  }
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path canonical = canonical_or_same(directory);
  for (const auto& [name, regular] : names)
    paths.push_back(regular ? canonical / name : canonical_or_same(canonical / name));
  return paths;
}

std::string plural(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

class Indexer {
 public:
  explicit Indexer(Index& index) : index_(index) {}

  void look_into(std::size_t place) {
    place_ = place;
    PluginPlace& here = index_.places[place];
    if (!here.remark.empty()) return;
    struct stat status;
    if (::stat(here.path.c_str(), &status) != 0) {
      here.remark =
          errno == ENOENT ? "does not exist" : "skipped: " + std::generic_category().message(errno);
      return;
    }
    const std::size_t before = index_.plugins.size();
    try {
      S_ISDIR(status.st_mode) ? add_directory(here, status) : add_named_file(here.path);
      here.remark = plural(index_.plugins.size() - before, "plugin");
    } catch (const Error& error) {
      here.remark = std::string("skipped: ") + error.what();
    }
  }

 private:
  void add_directory(PluginPlace& here, const struct stat& status) {
    if (here.origin == PluginOrigin::user)
      if (const std::string why = distrust(status); !why.empty()) throw Error(ErrorCode::io, why);
    for (const auto& path : libraries_in(here.path)) {
      try {
        Description file = describe(path);
        if (file.claims_to_be_plugin)
          add(path, std::move(file));
        else
          ++here.ignored;
      } catch (const Error&) {
        // A dangling link, a directory named x.so, a file of someone else: not plugins.
        ++here.ignored;
      }
    }
  }

  // A file that someone named must be a plugin: when it is not, the list says so.
  void add_named_file(const std::filesystem::path& path) {
    add(canonical_or_same(path), describe(path));
  }

  void add(const std::filesystem::path& path, Description&& file) {
    if (!seen_.insert({file.device, file.inode}).second) return;
    PluginInfo& info = file.info;
    info.path = path;
    info.origin = index_.places[place_].origin;
    if (info.usable && info.origin == PluginOrigin::user) {
      struct stat status;
      const std::string why = ::stat(info.path.c_str(), &status) == 0 ? distrust(status) : "";
      if (!why.empty()) {
        info.usable = false;
        info.problem =
            std::string(problem::permission) + " " + info.name + " is not trusted: " + why;
      }
    }
    index_.plugins.push_back({std::move(info), file.manifest, std::move(file.items), place_});
  }

  Index& index_;
  std::set<FileIdentity> seen_;
  std::size_t place_ = 0;
};

// Whether version a comes after b; runs of digits compare as numbers.
bool newer(std::string_view a, std::string_view b) {
  const auto number = [](std::string_view& text) {
    std::uint64_t value = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc::result_out_of_range ? UINT64_MAX : value;
  };
  const auto digit = [](std::string_view text) {
    return !text.empty() && text[0] >= '0' && text[0] <= '9';
  };
  while (!a.empty() && !b.empty()) {
    if (digit(a) && digit(b)) {
      const std::uint64_t x = number(a), y = number(b);
      if (x != y) return x > y;
    } else {
      if (a[0] != b[0]) return a[0] > b[0];
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return a.size() > b.size();
}

// Within one place, of the same plugin the newest version first; places keep their order.
bool precedes(const Found& a, const Found& b) {
  if (a.place != b.place) return a.place < b.place;
  if (a.info.name != b.info.name) return a.info.name < b.info.name;
  if (a.info.version != b.info.version) return newer(a.info.version, b.info.version);
  return a.info.path < b.info.path;
}

// What decides whether two plugins stand for the same thing.
std::vector<std::string> contested(const Found& found) {
  if (found.info.kind == PluginKind::architecture) return {found.info.name};
  std::vector<std::string> keys;
  for (const Item& item : found.items)
    if (keys.empty() || keys.back() != item.key) keys.push_back(item.key);
  return keys;
}

void settle_precedence(Index& index) {
  for (std::size_t i = 0; i < index.plugins.size(); ++i)
    if (index.plugins[i].info.usable)
      for (const auto& key : contested(index.plugins[i]))
        index.providers[{index.plugins[i].info.kind, key}].push_back(i);
  for (std::size_t i = 0; i < index.plugins.size(); ++i) {
    Found& found = index.plugins[i];
    if (!found.info.usable) continue;
    std::string winner;
    for (const auto& key : contested(found)) {
      const std::size_t first = index.providers[{found.info.kind, key}].front();
      if (first == i) {
        winner.clear();
        break;
      }
      if (winner.empty()) winner = index.plugins[first].info.path.native();
    }
    found.info.shadowed_by = winner;
  }
}

}  // namespace

Index index_plugins(std::vector<PluginPlace> places) {
  Index index;
  index.places = std::move(places);
  Indexer indexer(index);
  for (std::size_t place = 0; place < index.places.size(); ++place) indexer.look_into(place);
  std::sort(index.plugins.begin(), index.plugins.end(), precedes);
  settle_precedence(index);
  return index;
}

std::vector<std::size_t> Index::architectures() const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < plugins.size(); ++i) {
    const PluginInfo& info = plugins[i].info;
    if (info.usable && info.kind == PluginKind::architecture && info.shadowed_by.empty())
      out.push_back(i);
  }
  return out;
}

const std::size_t* Index::provider(PluginKind kind, std::string_view key) const {
  const auto found = providers.find(std::pair(kind, std::string(key)));
  if (found == providers.end()) return nullptr;
  const std::vector<std::size_t>& candidates = found->second;
  const Found& first = plugins[candidates[0]];
  for (const std::size_t other : candidates)
    if (plugins[other].place == first.place && plugins[other].info.name != first.info.name)
      throw Error(ErrorCode::unsupported,
                  std::string(problem::clash) + " " + std::string(to_string(kind)) + " \"" +
                      printable(key) + "\" is provided by both " +
                      printable(first.info.path.native(), 1000) + " and " +
                      printable(plugins[other].info.path.native(), 1000) + ": remove one of them");
  return &candidates[0];
}

const Item& Index::item(std::size_t plugin, std::string_view key) const {
  const std::vector<Item>& items = plugins[plugin].items;
  return *std::find_if(items.begin(), items.end(), [&](const Item& i) { return i.key == key; });
}

}  // namespace quipu::plugin
