// Checks that the tables of a plugin are what its manifest promises.
#include "plugin/tables.h"

#include <algorithm>
#include <string_view>

#include "plugin/problem.h"
#include "quipu/abi/backend.h"
#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu::plugin {
namespace {

struct Member {
  template <class Value>
  Member(const char* name, Value value) : name(name), set(value != Value{}) {}

  const char* name;
  bool set;
};

using Members = std::vector<Member>;

Members required(const quipu_loader& t) {
  return {{"name", t.name},
          {"probe", t.probe},
          {"open", t.open},
          {"close", t.close},
          {"metadata_count", t.metadata_count},
          {"metadata", t.metadata},
          {"elements", t.elements},
          {"tensor_count", t.tensor_count},
          {"tensor", t.tensor},
          {"part_count", t.part_count},
          {"part", t.part},
          {"describe", t.describe},
          {"mixes", t.mixes || t.mix_count == 0},
          {"choose_types", t.choose_types || t.mix_count == 0},
          {"append", t.append || !t.create},
          {"finish", t.finish || !t.create},
          {"writer_close", t.writer_close || !t.create}};
}

Members required(const quipu_codec& t) {
  return {{"name", t.name},
          {"type", t.type},
          {"block_columns", t.block_columns},
          {"block_bytes", t.block_bytes},
          {"dequantize", t.dequantize},
          {"kernels", t.kernels || t.kernel_count == 0}};
}

Members required(const quipu_architecture& t) {
  return {{"name", t.name}, {"claim", t.claim}, {"build", t.build}};
}

Members required(const quipu_backend& t) {
  return {{"name", t.name},       {"device_count", t.device_count},
          {"device", t.device},   {"open", t.open},
          {"close", t.close},     {"supports", t.supports},
          {"plan", t.plan},       {"plan_free", t.plan_free},
          {"facts", t.facts},     {"run", t.run},
          {"kv_edit", t.kv_edit}, {"kv_free_cells", t.kv_free_cells},
          {"kv_size", t.kv_size}, {"kv_save", t.kv_save},
          {"kv_load", t.kv_load}};
}

const char* key_of(const quipu_loader& t) {
  return t.name;
}
const char* key_of(const quipu_codec& t) {
  return t.type;
}
const char* key_of(const quipu_architecture& t) {
  return t.name;
}
const char* key_of(const quipu_backend& t) {
  return t.name;
}

template <class Table>
std::string key_of_checked(const quipu_manifest& manifest, std::uint32_t index, const void* item) {
  const std::string which = "item " + std::to_string(index);
  if (!item) throw_broken_promise(manifest, which + " is NULL");
  const Table& table = *static_cast<const Table*>(item);
  // The size stands first in every table. At ABI major 0 both sides have the same headers.
  if (table.size < sizeof(Table))
    throw_broken_promise(manifest, which + ": expected a table of " +
                                       std::to_string(sizeof(Table)) + " bytes, found " +
                                       std::to_string(table.size));
  for (const Member& member : required(table))
    if (!member.set) throw_broken_promise(manifest, which + ": " + member.name + " is missing");
  return key_of(table);
}

std::string checked_key(const quipu_manifest& manifest, std::uint32_t index, const void* item) {
  switch (static_cast<PluginKind>(manifest.kind)) {
  case PluginKind::loader:
    return key_of_checked<quipu_loader>(manifest, index, item);
  case PluginKind::codec:
    return key_of_checked<quipu_codec>(manifest, index, item);
  case PluginKind::architecture:
    return key_of_checked<quipu_architecture>(manifest, index, item);
  case PluginKind::backend:
    break;
  }
  return key_of_checked<quipu_backend>(manifest, index, item);
}

}  // namespace

void throw_broken_promise(const quipu_manifest& manifest, const std::string& what) {
  throw Error(ErrorCode::unsupported, std::string(problem::promise) + " " + manifest.name +
                                          " breaks a promise of the boundary: " + what +
                                          ": its author must correct it");
}

std::vector<const void*> checked_tables(const quipu_plugin& plugin, const quipu_manifest& manifest,
                                        const std::vector<Item>& items) {
  // Every item needs a name in the manifest's 656 bytes.
  if (plugin.item_count == 0 || plugin.item_count > sizeof manifest.provides)
    throw_broken_promise(manifest, "it has " + std::to_string(plugin.item_count) + " items");
  std::vector<const void*> tables;
  std::vector<std::string> keys;
  for (std::uint32_t i = 0; i < plugin.item_count; ++i) {
    const void* item = plugin.item(i);
    std::string key = checked_key(manifest, i, item);
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      throw_broken_promise(manifest, "two items are \"" + printable(key) + "\"");
    keys.push_back(std::move(key));
    tables.push_back(item);
  }
  // The families that an architecture is asked about are not its name.
  if (manifest.kind == QUIPU_KIND_ARCHITECTURE) return tables;
  for (const Item& item : items)
    if (std::find(keys.begin(), keys.end(), item.key) == keys.end())
      throw_broken_promise(manifest, "its manifest names \"" + printable(item.key) +
                                         "\", but no item is that");
  return tables;
}

}  // namespace quipu::plugin
