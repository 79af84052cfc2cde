// What the tests of the plugin core share: the fixture plugins, and folders to put copies in.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "quipu/abi/plugin.h"

namespace fixtures {

namespace fs = std::filesystem;

inline fs::path fixture(const std::string& name) {
  return fs::path(QUIPU_FIXTURES) / (name + ".so");
}

inline std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Where the manifest lies in the bytes of a good plugin.
inline std::size_t manifest_offset(const std::string& library) {
  const std::size_t at = library.find(QUIPU_MANIFEST_MAGIC);
  if (at == std::string::npos) throw std::logic_error("the fixture has no manifest");
  return at;
}

inline quipu_manifest& manifest_in(std::string& library) {
  return *reinterpret_cast<quipu_manifest*>(library.data() + manifest_offset(library));
}

/// A file that nobody else may write to, whatever the umask says.
inline fs::path made_private(const fs::path& path) {
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  return path;
}

/// Whether this process has mapped the file.
inline bool is_mapped(const fs::path& path) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (std::string_view(line).ends_with(fs::weakly_canonical(path).native())) return true;
  return false;
}

class Folder {
 public:
  Folder() {
    std::string pattern = fs::temp_directory_path() / "quipu-test-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const fs::path& path() const { return path_; }
  fs::path write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return made_private(path_ / name);
  }
  fs::path copy(const std::string& name, const std::string& as) const {
    fs::copy_file(fixture(name), path_ / as, fs::copy_options::overwrite_existing);
    return made_private(path_ / as);
  }

 private:
  fs::path path_;
};

/// Keeps what the machine has installed out of the tests.
struct CleanEnvironment {
  CleanEnvironment() {
    ::unsetenv("QUIPU_PLUGIN_PATH");
    ::unsetenv("QUIPU_ISA");
    ::setenv("XDG_DATA_HOME", folder.path().c_str(), 1);
  }
  Folder folder;
};

}  // namespace fixtures
