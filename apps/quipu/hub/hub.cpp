#include "hub/hub.h"

#include <dlfcn.h>

#include "quipu/error.h"

namespace quipu::app {
namespace {

// Beside the core's library, so that an installation may be moved and no search path is asked.
std::filesystem::path library_path() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&printable), &info) == 0 || !info.dli_fname)
    throw Error(ErrorCode::internal, "libquipu: cannot tell where it was loaded from");
  return std::filesystem::canonical(info.dli_fname).parent_path() / QUIPU_HUB_LIBRARY;
}

}  // namespace

std::unique_ptr<Hub> open_hub(const HubSettings& settings, const HubHost& host) {
  const auto path = library_path();
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library ? ::dlsym(library, "quipu_open_hub") : nullptr;
  if (!symbol) {
    const char* reason = ::dlerror();
    throw Error(ErrorCode::unsupported, "the library for downloads cannot be loaded: " +
                                            printable(reason ? reason : path.string(), 1000));
  }
  return std::unique_ptr<Hub>(reinterpret_cast<decltype(&quipu_open_hub)>(symbol)(settings, host));
}

}  // namespace quipu::app
