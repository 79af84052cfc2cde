// Models come from the hub to this machine.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "hub/choose.h"
#include "hub/hub.h"

namespace quipu::app {

/// The hub that the environment names, remarks on stderr unless `quiet`. Throws Error{io} when
/// HF_HUB_OFFLINE forbids the network; `what` is what it was wanted for.
std::unique_ptr<Hub> online_hub(const HubSettings& settings, const std::string& what, bool quiet);

/// Brings all parts of a model into the cache, with progress on a terminal; those that are there
/// already stay. Returns their paths, the first part first.
std::vector<std::filesystem::path> fetch_to_cache(Hub& hub, const HubSettings& settings,
                                                  const HubListing& listing,
                                                  const std::string& revision,
                                                  const HubModel& model, bool quiet);

/// The same into a folder, under the files' own names. A file of the name that is something else is
/// an Error{io}.
std::vector<std::filesystem::path> fetch_to_folder(Hub& hub, const HubListing& listing,
                                                   const HubModel& model,
                                                   const std::filesystem::path& folder, bool quiet);

/// Finds the model on the hub, says what comes and how big it is, and brings it into the cache.
std::filesystem::path fetch_reference(const HubReference& reference, bool quiet);

}  // namespace quipu::app
