// One file from the hub to the disk: taken up where an earlier attempt ended, checked, then named.
#pragma once

#include "hub/hub.h"

namespace quipu::app {

/// As Hub::download; `url` is the file's on the endpoint.
void download(const HubSettings& settings, const HubHost& host, const std::string& url,
              const HubFile& file, const HubDestination& destination, const HubProgress& progress);

}  // namespace quipu::app
