// What the hub says about repositories: its JSON, checked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hub/hub.h"
#include "hub/online/http.h"

namespace quipu::app {

/// Addresses below the endpoint; every part is escaped.
std::string listing_url(const std::string& endpoint, const RepositoryName& repository,
                        const std::string& revision);
std::string file_url(const std::string& endpoint, const RepositoryName& repository,
                     const std::string& commit, const std::string& file);
std::string search_url(const std::string& endpoint, const std::string& text, std::uint32_t limit);

/// Of an answer's text. Throw Error{io} naming the field, what was expected and what was found.
HubListing parse_listing(const RepositoryName& repository, std::string_view text);
std::vector<HubHit> parse_hits(std::string_view text);

}  // namespace quipu::app
