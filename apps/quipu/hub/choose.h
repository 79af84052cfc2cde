// Which files of a repository are wanted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hub/hub.h"

namespace quipu::app {

struct HubModel {
  std::string quant;           ///< or ""
  std::vector<HubFile> parts;  ///< the first one first
  std::uint64_t bytes = 0;     ///< of all parts
};

/// All models of the listing, by name.
std::vector<HubModel> models_of(const HubListing& listing);

/// The file of that name with all parts of its split; any other file is one by itself. Throws
/// Error{usage} naming what there is.
HubModel choose_file(const HubListing& listing, const std::string& name);

/// The model of that quantisation; "" is the default, else the nearest, and then `remark` says so.
/// Throws Error{usage} naming what there is when there is none or more than one.
HubModel choose_quant(const HubListing& listing, const std::string& quant, std::string& remark);

}  // namespace quipu::app
