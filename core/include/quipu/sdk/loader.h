// Loaders in C++. A loader is a class whose objects are open models:
//
//   static constexpr std::string_view name;                               "gguf"
//   static int probe(std::span<const std::uint8_t> head, std::string_view path);   0 (no) to 100
//   static std::unique_ptr<Class> open(std::string_view path);
//   std::uint64_t metadata_count() const;
//   void metadata(std::uint64_t index, quipu_str& key, quipu_value& value) const;
//   void elements(const quipu_value& array, std::uint64_t first, std::span<quipu_value> out) const;
//   std::uint64_t tensor_count() const;
//   void tensor(std::uint64_t index, quipu_tensor_entry& entry) const;
//   std::uint32_t part_count() const;
//   void part(std::uint32_t index, quipu_str& path, std::uint64_t& bytes) const;
//   quipu_str describe() const;
//   void populate(std::uint32_t threads);                                 optional
//   void release(std::span<const std::byte> data) noexcept;               optional
//
// and, optional, to choose formats and to write
//
//   static constexpr quipu_mix mixes[];
//   void choose_types(const quipu_choice& choice, std::span<quipu_str> types,
//                     std::span<std::uint8_t> needs_importance) const;
//   using Writer = …;                     a class with
//     Writer(std::string_view path, const quipu_contents& contents);      contents.source is a
//     Class void append(std::span<const std::byte> bytes); void finish();
//
// and one line: QUIPU_LOADER_PLUGIN(Gguf, "0.1.0", "Apache-2.0", "gguf@0=47475546"). Members are
// what quipu/abi/loader.h says of them and may throw Error; an index is always within its count.
#pragma once

#include <iterator>
#include <memory>
#include <span>

#include "quipu/abi/loader.h"
#include "quipu/sdk/plugin.h"

namespace quipu::sdk {
inline namespace QUIPU_PLUGIN_NAMESPACE {

template <class Loader>
const Loader& loader_of(const quipu_file* file) noexcept {
  return *reinterpret_cast<const Loader*>(file);
}

inline void check_index(std::uint64_t index, std::uint64_t count) {
  if (index >= count) throw Error(QUIPU_E_ARGUMENT, "index out of range");
}

template <class Loader>
constexpr void add_choosing(quipu_loader& table) {
  table.mix_count = std::size(Loader::mixes);
  table.mixes = Loader::mixes;
  table.choose_types = [](const quipu_file* file, const quipu_choice* choice, quipu_str* types,
                          std::uint8_t* needs_importance) noexcept {
    return guard([&] {
      const auto& loader = loader_of<Loader>(file);
      const std::uint64_t count = loader.tensor_count();
      loader.choose_types(*choice, {types, count}, {needs_importance, count});
    });
  };
}

template <class Writer>
constexpr void add_writing(quipu_loader& table) {
  table.create = [](quipu_str path, const quipu_contents* contents,
                    quipu_writer** writer) noexcept {
    return guard(
        [&] { *writer = reinterpret_cast<quipu_writer*>(new Writer(view(path), *contents)); });
  };
  table.append = [](quipu_writer* writer, const void* bytes, std::uint64_t count) noexcept {
    return guard([&] {
      reinterpret_cast<Writer*>(writer)->append({static_cast<const std::byte*>(bytes), count});
    });
  };
  table.finish = [](quipu_writer* writer) noexcept {
    return guard([&] { reinterpret_cast<Writer*>(writer)->finish(); });
  };
  table.writer_close = [](quipu_writer* writer) noexcept {
    delete reinterpret_cast<Writer*>(writer);
  };
}

template <class Loader>
constexpr quipu_loader make_loader() {
  quipu_loader table{};
  table.size = sizeof table;
  table.name = Loader::name.data();
  table.probe = [](const std::uint8_t* head, std::size_t count, quipu_str path) noexcept -> int {
    int certainty = 0;
    guard([&] { certainty = Loader::probe({head, count}, view(path)); });
    return certainty;
  };
  table.open = [](quipu_str path, quipu_file** file) noexcept {
    return guard(
        [&] { *file = reinterpret_cast<quipu_file*>(Loader::open(view(path)).release()); });
  };
  table.close = [](quipu_file* file) noexcept { delete reinterpret_cast<Loader*>(file); };
  table.metadata_count = [](const quipu_file* file) noexcept {
    return loader_of<Loader>(file).metadata_count();
  };
  table.metadata = [](const quipu_file* file, std::uint64_t index, quipu_str* key,
                      quipu_value* value) noexcept {
    return guard([&] {
      check_index(index, loader_of<Loader>(file).metadata_count());
      loader_of<Loader>(file).metadata(index, *key, *value);
    });
  };
  table.elements = [](const quipu_file* file, const quipu_value* array, std::uint64_t first,
                      std::uint64_t count, quipu_value* out) noexcept {
    return guard([&] {
      if (first > array->count || count > array->count - first)
        throw Error(QUIPU_E_ARGUMENT, "elements out of range");
      loader_of<Loader>(file).elements(*array, first, {out, count});
    });
  };
  table.tensor_count = [](const quipu_file* file) noexcept {
    return loader_of<Loader>(file).tensor_count();
  };
  table.tensor = [](const quipu_file* file, std::uint64_t index,
                    quipu_tensor_entry* entry) noexcept {
    return guard([&] {
      check_index(index, loader_of<Loader>(file).tensor_count());
      loader_of<Loader>(file).tensor(index, *entry);
    });
  };
  table.part_count = [](const quipu_file* file) noexcept {
    return loader_of<Loader>(file).part_count();
  };
  table.part = [](const quipu_file* file, std::uint32_t index, quipu_str* path,
                  std::uint64_t* bytes) noexcept {
    return guard([&] {
      check_index(index, loader_of<Loader>(file).part_count());
      loader_of<Loader>(file).part(index, *path, *bytes);
    });
  };
  table.describe = [](const quipu_file* file, quipu_str* text) noexcept {
    return guard([&] { *text = loader_of<Loader>(file).describe(); });
  };
  if constexpr (requires(Loader & loader) { loader.populate(1u); })
    table.populate = [](quipu_file* file, std::uint32_t threads) noexcept {
      return guard([&] { reinterpret_cast<Loader*>(file)->populate(threads); });
    };
  if constexpr (requires(Loader & loader) { loader.release({}); })
    table.release = [](quipu_file* file, const void* data, std::uint64_t bytes) noexcept {
      reinterpret_cast<Loader*>(file)->release({static_cast<const std::byte*>(data), bytes});
    };
  if constexpr (requires { Loader::mixes; }) add_choosing<Loader>(table);
  if constexpr (requires { typename Loader::Writer; }) add_writing<typename Loader::Writer>(table);
  return table;
}

}  // namespace QUIPU_PLUGIN_NAMESPACE
}  // namespace quipu::sdk

#define QUIPU_LOADER_PLUGIN(CLASS, VERSION, LICENSE, MAGIC)                                        \
  static constexpr quipu_loader quipu_items[] = {quipu::sdk::make_loader<CLASS>()};                \
  QUIPU_PLUGIN(                                                                                    \
      (quipu::sdk::make_manifest(                                                                  \
          QUIPU_KIND_LOADER, 0, {"loader." QUIPU_PLUGIN_NAME, VERSION, LICENSE, "quipu", MAGIC})), \
      quipu_items)
