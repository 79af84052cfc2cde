#include "hub/online/api.h"

#include <boost/json.hpp>
#include <set>

#include "quipu/error.h"

namespace quipu::app {
namespace {

namespace json = boost::json;

[[noreturn]] void bad(const std::string& what, const std::string& expected,
                      const std::string& found) {
  throw Error(ErrorCode::io,
              "the hub's answer: " + what + ": expected " + expected + ", found " + found);
}

std::string in_quotes(std::string_view text) {
  return std::string(1, '\'').append(printable(text)).append(1, '\'');
}

json::value parse(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error) bad("JSON", "one document", in_quotes(text) + ": " + error.message());
  return value;
}

const json::value* field(const json::object* object, const char* name) {
  return object ? object->if_contains(name) : nullptr;
}

std::string text_of(const json::object* object, const char* name) {
  const json::value* value = field(object, name);
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

// A whole number from 0, or `fallback`.
std::uint64_t number_of(const json::object* object, const char* name, std::uint64_t fallback) {
  const json::value* value = field(object, name);
  if (!value) return fallback;
  if (value->is_int64() && value->get_int64() >= 0)
    return static_cast<std::uint64_t>(value->get_int64());
  return fallback;
}

std::string escaped(std::string_view text, bool keep_slashes = false) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || (c == '/' && keep_slashes);
    if (plain) {
      out += c;
    } else {
      constexpr char digits[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return out;
}

// More than any file of a model has; sums of sizes stay far from overflow.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 50;

// The file, or why it is refused.
std::string read_file(const json::object* sibling, HubFile& file) {
  file.name = text_of(sibling, "rfilename");
  if (const std::string problem = file_name_problem(file.name); !problem.empty()) return problem;
  const json::value* lfs = field(sibling, "lfs");
  const json::object* large = lfs ? lfs->if_object() : nullptr;
  constexpr std::uint64_t none = ~std::uint64_t{0};
  if (large) {
    file.digest = text_of(large, "sha256");
    file.bytes = number_of(large, "size", number_of(sibling, "size", none));
  } else {
    file.digest = text_of(sibling, "blobId");
    file.bytes = number_of(sibling, "size", none);
  }
  if (!is_hexadecimal(file.digest, large ? 64 : 40))
    return "expected a digest of " + std::string(large ? "64" : "40") + " digits, found '" +
           printable(file.digest, 80) + "'";
  if (file.bytes > most_bytes) return "expected its size in bytes, found none that is possible";
  return {};
}

}  // namespace

std::string listing_url(const std::string& endpoint, const RepositoryName& repository,
                        const std::string& revision) {
  return endpoint + "/api/models/" + repository.text() + "/revision/" + escaped(revision) +
         "?blobs=true";
}

std::string file_url(const std::string& endpoint, const RepositoryName& repository,
                     const std::string& commit, const std::string& file) {
  return endpoint + "/" + repository.text() + "/resolve/" + commit + "/" + escaped(file, true);
}

std::string search_url(const std::string& endpoint, const std::string& text, std::uint32_t limit) {
  return endpoint + "/api/models?search=" + escaped(text) +
         "&filter=gguf&sort=downloads&direction=-1&limit=" + std::to_string(limit);
}

HubListing parse_listing(const RepositoryName& repository, std::string_view text) {
  const json::value document = parse(text);
  const json::object* object = document.if_object();
  HubListing listing;
  listing.repository = repository;
  listing.commit = text_of(object, "sha");
  if (!is_hexadecimal(listing.commit, 40))
    bad("sha", "a commit of 40 digits", in_quotes(listing.commit));
  const json::value* gated = field(object, "gated");  // false, "auto" or "manual"
  listing.gated = gated && (gated->is_string() || (gated->is_bool() && gated->get_bool()));
  const json::value* siblings = field(object, "siblings");
  if (!siblings || !siblings->is_array()) bad("siblings", "an array of files", "none");
  std::set<std::string> seen;
  for (const json::value& sibling : siblings->get_array()) {
    HubFile file;
    std::string problem = read_file(sibling.if_object(), file);
    if (problem.empty() && !seen.insert(file.name).second) problem = "it is there twice";
    if (problem.empty())
      listing.files.push_back(std::move(file));
    else
      listing.refused.push_back(in_quotes(file.name) + ": " + problem);
  }
  return listing;
}

std::vector<HubHit> parse_hits(std::string_view text) {
  const json::value document = parse(text);
  if (!document.is_array()) bad("models", "an array", printable(text, 80));
  std::vector<HubHit> hits;
  for (const json::value& model : document.get_array()) {
    const json::object* object = model.if_object();
    HubHit hit{text_of(object, "id"), number_of(object, "downloads", 0),
               number_of(object, "likes", 0), text_of(object, "lastModified")};
    if (hit.repository.empty()) bad("id", "the name of a repository", "none");
    hits.push_back(std::move(hit));
  }
  return hits;
}

}  // namespace quipu::app
