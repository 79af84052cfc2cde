#include "hub/cache.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <set>

#include "hub/file_lock.h"
#include "quipu/error.h"

namespace quipu::app {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const char* what, const std::error_code& error) {
  throw Error(ErrorCode::io,
              printable(path.string(), 1000) + ": cannot " + what + ": " + error.message());
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(folder, "make the folder", error);
}

std::string first_line(const fs::path& file) {
  std::string line;
  std::getline(std::ifstream(file), line);
  return line;
}

// A name beside `path` that nobody else uses.
fs::path scratch_name(const fs::path& path) {
  std::string name = path.filename().string();
  return path.parent_path() / name.insert(0, 1, '.').append(".").append(std::to_string(::getpid()));
}

void rename_over(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return;
  std::error_code ignored;
  fs::remove(from, ignored);
  fail(to, "write", error);
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code unreadable;
    if (entries->is_directory(unreadable)) folders.push_back(entries->path());
  }
  std::ranges::sort(folders);
  return folders;
}

// Files of the snapshots with the blobs that they are links to; what leads out of `blobs` leads to
// nothing that is ours.
std::vector<std::pair<fs::path, fs::path>> links_in(const fs::path& snapshots,
                                                    const fs::path& blobs) {
  std::vector<std::pair<fs::path, fs::path>> links;
  std::error_code error;
  fs::recursive_directory_iterator entries(snapshots, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    std::error_code none;
    if (entries->is_directory(none) && !entries->is_symlink(none)) continue;
    fs::path blob;
    if (entries->is_symlink(none)) {
      const fs::path& link = entries->path();
      blob = (link.parent_path() / fs::read_symlink(link, none)).lexically_normal();
      if (blob.parent_path() != blobs) blob.clear();
    }
    links.emplace_back(entries->path(), std::move(blob));
  }
  return links;
}

// Takes away folders that are empty, from the deepest to `top` itself.
void remove_empty_folders(const fs::path& top) {
  std::error_code ignored;
  for (const fs::path& folder : folders_in(top)) remove_empty_folders(folder);
  if (fs::is_empty(top, ignored)) fs::remove(top, ignored);
}

}  // namespace

std::vector<CachedRepository> cached_repositories(const fs::path& cache) {
  std::vector<CachedRepository> repositories;
  constexpr std::string_view prefix = "models--";
  for (const fs::path& folder : folders_in(cache)) {
    std::string name = folder.filename().string();
    if (!name.starts_with(prefix)) continue;
    name.erase(0, prefix.size());
    const std::size_t between = name.find("--");
    if (between == name.npos) continue;  // a few old ones have no owner
    try {
      CachedRepository repository{
          RepositoryName::parse(name.substr(0, between).append(1, '/').append(name, between + 2)),
          folder, folders_in(folder / "snapshots")};
      const std::string main = first_line(folder / "refs/main");
      std::ranges::stable_partition(repository.snapshots,
                                    [&](const fs::path& path) { return path.filename() == main; });
      repositories.push_back(std::move(repository));
    } catch (const Error&) {
      continue;  // a folder of somebody else
    }
  }
  return repositories;
}

CacheFolder::CacheFolder(const fs::path& cache, const RepositoryName& repository)
    : folder_((cache / repository.folder()).lexically_normal()),
      locks_(cache / ".locks" / repository.folder()) {}

fs::path CacheFolder::blob(const std::string& digest) const {
  return folder_ / "blobs" / digest;
}

fs::path CacheFolder::lock(const std::string& digest) const {
  return locks_ / (digest + ".lock");
}

fs::path CacheFolder::snapshot(const std::string& commit) const {
  return folder_ / "snapshots" / commit;
}

void CacheFolder::link(const std::string& commit, const std::string& file,
                       const std::string& digest) const {
  const fs::path place = snapshot(commit) / file;
  const fs::path target = blob(digest).lexically_relative(place.parent_path());
  std::error_code error;
  if (fs::read_symlink(place, error) == target && !error) return;
  make_folders(place.parent_path());
  const fs::path scratch = scratch_name(place);
  fs::remove(scratch, error);
  fs::create_symlink(target, scratch, error);
  if (error) fail(place, "link", error);
  rename_over(scratch, place);
}

void CacheFolder::remember(const std::string& revision, const std::string& commit) const {
  if (revision == commit || commit_of(revision) == commit) return;
  const fs::path place = folder_ / "refs" / revision;
  make_folders(place.parent_path());
  const fs::path scratch = scratch_name(place);
  std::ofstream out(scratch, std::ios::binary);
  out << commit << std::flush;
  if (!out) fail(place, "write", std::make_error_code(std::errc::io_error));
  out.close();
  rename_over(scratch, place);
}

std::string CacheFolder::commit_of(const std::string& revision) const {
  if (is_hexadecimal(revision, 40)) return revision;
  const std::string commit = first_line(folder_ / "refs" / revision);
  return is_hexadecimal(commit, 40) ? commit : "";
}

std::uint64_t CacheFolder::remove(const std::vector<fs::path>& paths) const {
  const fs::path snapshots = folder_ / "snapshots", blobs = folder_ / "blobs";
  const auto name_in_snapshot = [&](const fs::path& path) {
    const fs::path relative = path.lexically_normal().lexically_relative(snapshots);
    return relative.lexically_relative(*relative.begin());
  };
  std::set<fs::path> names, doomed;  // files as their snapshots call them; blobs
  for (const fs::path& path : paths) names.insert(name_in_snapshot(path));
  for (const auto& [link, blob] : links_in(snapshots, blobs))
    if (!blob.empty() && names.contains(name_in_snapshot(link))) doomed.insert(blob);

  std::vector<std::unique_ptr<FileLock>> held;  // nobody writes them meanwhile
  for (const fs::path& blob : doomed)
    held.push_back(std::make_unique<FileLock>(lock(blob.filename().string())));
  std::uint64_t bytes = 0;
  const auto take = [&](const fs::path& path) {
    std::error_code error;
    const auto size = fs::is_symlink(path, error) ? 0 : fs::file_size(path, error);
    if (fs::remove(path, error) && !error) bytes += size;
    if (error) fail(path, "remove", error);
  };
  for (const auto& [link, blob] : links_in(snapshots, blobs)) {
    if (names.contains(name_in_snapshot(link)))
      take(link);
    else
      doomed.erase(blob);
  }
  for (const fs::path& blob : doomed) take(blob);

  remove_empty_folders(snapshots);
  std::error_code ignored;
  if (!fs::exists(snapshots, ignored)) {
    fs::remove_all(folder_, ignored);
    fs::remove_all(locks_, ignored);
  }
  return bytes;
}

}  // namespace quipu::app
