// Checks that the tables of a plugin are what its manifest promises.
#pragma once

#include <string>
#include <vector>

#include "plugin/item.h"
#include "quipu/abi/plugin.h"

namespace quipu::plugin {

/// The tables of all items. Throws Error{unsupported} with problem::promise naming the item and the
/// member that is missing.
std::vector<const void*> checked_tables(const quipu_plugin& plugin, const quipu_manifest& manifest,
                                        const std::vector<Item>& items);

[[noreturn]] void throw_broken_promise(const quipu_manifest& manifest, const std::string& what);

}  // namespace quipu::plugin
