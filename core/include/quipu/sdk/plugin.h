// What every plugin of this boundary needs in C++: errors, the guard that turns them into status
// codes, and the manifest. Header-only; a plugin links nothing of quipu. Use the header of your
// kind (codec.h, loader.h, …), which includes this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "quipu/abi/plugin.h"

#ifndef QUIPU_PLUGIN_NAMESPACE
#define QUIPU_PLUGIN_NAMESPACE plugin
#endif

// Hidden by quipu_add_plugin() and in a namespace of its own, so that two plugins never share these
// functions.
namespace quipu::sdk {
inline namespace QUIPU_PLUGIN_NAMESPACE {

inline const quipu_host*& host() noexcept {
  static const quipu_host* services = nullptr;
  return services;
}

/// A failure inside a plugin. `status` is a QUIPU_E_* code; the message names the thing, what was
/// expected and what was found.
class Error : public std::exception {
 public:
  Error(quipu_status status, std::string message) : status_(status), message_(std::move(message)) {}
  quipu_status status() const noexcept { return status_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  quipu_status status_;
  std::string message_;
};

inline quipu_status fail(quipu_status status, std::string_view message) noexcept {
  return host() ? host()->fail(host()->context, status, {message.data(), message.size()}) : status;
}

inline void log(int level, std::string_view message) noexcept {
  if (host()) host()->log(host()->context, level, {message.data(), message.size()});
}

/// Runs `body` and turns what it throws into a status: the only place where C++ exceptions meet
/// the boundary.
template <class Body>
quipu_status guard(Body&& body) noexcept {
  try {
    body();
    return QUIPU_OK;
  } catch (const Error& error) {
    return fail(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(QUIPU_E_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return fail(QUIPU_E_INTERNAL, error.what());
  } catch (...) {
    return fail(QUIPU_E_INTERNAL, "unknown exception");
  }
}

inline std::string_view view(quipu_str text) noexcept {
  return {text.data, text.size};
}
inline quipu_str str(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

/// Appends to a zero-terminated field of the manifest; a field that is too small is a compile
/// error.
template <std::size_t Size>
constexpr void append(char (&field)[Size], std::string_view text) {
  std::size_t used = 0;
  while (field[used]) ++used;
  if (used + text.size() >= Size) throw "manifest field too small";
  for (char c : text) field[used++] = c;
}

struct ManifestText {
  std::string_view name, version, license, vendor, provides;
};

constexpr quipu_manifest make_manifest(std::uint16_t kind, std::uint32_t opset, ManifestText text) {
  quipu_manifest m{};
  for (int i = 0; i < 8; ++i) m.magic[i] = QUIPU_MANIFEST_MAGIC[i];
  m.size = sizeof m;
  m.abi_major = QUIPU_ABI_MAJOR;
  m.abi_minor = QUIPU_ABI_MINOR;
  m.kind = kind;
  m.opset = opset;
  append(m.name, text.name);
  append(m.version, text.version);
  append(m.license, text.license);
  append(m.vendor, text.vendor);
  append(m.build, __VERSION__);
  append(m.target, QUIPU_TARGET);
  append(m.provides, text.provides);
  return m;
}

/// See QUIPU_PLUGIN_START.
template <class = void>
inline constexpr void (*on_load)() = nullptr;

}  // namespace QUIPU_PLUGIN_NAMESPACE
}  // namespace quipu::sdk

/// Optional, at global scope and before the QUIPU_..._PLUGIN line: FUNCTION is called once, when
/// the plugin is loaded. What it throws becomes the reason why the plugin cannot be used.
#define QUIPU_PLUGIN_START(FUNCTION)                                                               \
  static constexpr void (*quipu_plugin_start)() = FUNCTION;                                        \
  template <>                                                                                      \
  inline constexpr void (*quipu::sdk::on_load<void>)() = quipu_plugin_start

/// Defines the manifest and the entry point. Once per plugin, at namespace scope, through the macro
/// of the plugin's kind. MANIFEST is a constexpr quipu_manifest, ITEMS an array of the kind's
/// tables with static storage.
#define QUIPU_PLUGIN(MANIFEST, ITEMS)                                                              \
  extern "C" {                                                                                     \
  __attribute__((visibility("default"), used, retain,                                              \
                 section(".quipu_mf"))) extern constexpr quipu_manifest quipu_manifest_v0 =        \
      MANIFEST;                                                                                    \
  QUIPU_EXPORT const quipu_plugin* quipu_plugin_entry_v0(void) {                                   \
    static constexpr quipu_plugin table{sizeof(quipu_plugin),                                      \
                                        sizeof(ITEMS) / sizeof((ITEMS)[0]),                        \
                                        &quipu_manifest_v0,                                        \
                                        [](const quipu_host* services) noexcept -> quipu_status {  \
                                          quipu::sdk::host() = services;                           \
                                          return quipu::sdk::guard([] {                            \
                                            if constexpr (quipu::sdk::on_load<> != nullptr)        \
                                              quipu::sdk::on_load<>();                             \
                                          });                                                      \
                                        },                                                         \
                                        [](std::uint32_t index) noexcept -> const void* {          \
                                          return index < sizeof(ITEMS) / sizeof((ITEMS)[0])        \
                                                     ? &(ITEMS)[index]                             \
                                                     : nullptr;                                    \
                                        },                                                         \
                                        []() noexcept {}};                                         \
    return &table;                                                                                 \
  }                                                                                                \
  }                                                                                                \
  static_assert(true)
