// Short names of well-known models: catalogue.json, which is built in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/names.h"

namespace quipu::app {

struct CatalogueEntry {
  std::string name;  ///< "smollm2"
  HubReference model;
  std::string about;
};

/// In the order of the file.
const std::vector<CatalogueEntry>& catalogue();

std::optional<HubReference> catalogued(std::string_view name);

}  // namespace quipu::app
