#include "hub/catalogue.h"

#include <boost/json.hpp>

namespace quipu::app {
namespace {

// Written by the build from catalogue.json.
constexpr std::string_view text =
#include "catalogue.inc"
    ;

}  // namespace

const std::vector<CatalogueEntry>& catalogue() {
  static const std::vector<CatalogueEntry> entries = [] {
    std::vector<CatalogueEntry> list;
    const auto document = boost::json::parse({text.data(), text.size()});
    for (const auto& [name, value] : document.as_object())
      list.push_back({std::string(name),
                      HubReference::parse(std::string_view(value.at("model").as_string())),
                      std::string(value.at("about").as_string())});
    return list;
  }();
  return entries;
}

std::optional<HubReference> catalogued(std::string_view name) {
  for (const CatalogueEntry& entry : catalogue())
    if (entry.name == name) return entry.model;
  return {};
}

}  // namespace quipu::app
