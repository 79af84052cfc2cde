// A model on the hub as its header describes it; the weights stay there.
#pragma once

#include <memory>

#include "hub/choose.h"
#include "hub/hub.h"
#include "quipu/model_file.h"

namespace quipu {
class Registry;
}

namespace quipu::app {

/// Fetches as much of every part as the loader needs to open it, into files with holes for the
/// rest, which go away at once. Weights read as zeros. Throws what opening throws, and
/// Error{invalid} when the header is longer than 256 MiB.
std::shared_ptr<const ModelFile> open_header(Hub& hub, const HubListing& listing,
                                             const HubModel& model, Registry& registry);

}  // namespace quipu::app
