// What MODEL means: a path, a model of this machine, of the catalogue, or of the hub.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "hub/names.h"

namespace quipu::app {

/// Whether a model that is not on this machine may be downloaded.
enum class Fetch { never, allowed };

/// The file to open: of a split model the first part. In this order: a path that exists;
/// "hf:OWNER/REPO[:QUANT]"; the name of a model of this machine (models.h); a name of the
/// catalogue. Anything else is taken for a path, and opening says what is wrong with it. Throws
/// Error{usage} when a name means several models, Error{io} naming the command that downloads it
/// when it is not here.
std::filesystem::path resolve_model(const std::string& name, Fetch fetch, bool quiet);

/// The hub's name for what is meant, when `name` is one and nothing on this machine has it.
std::optional<HubReference> only_on_the_hub(const std::string& name);

}  // namespace quipu::app
