#include "hub/settings.h"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <utility>

#include "quipu/error.h"

namespace quipu::app {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The first that is set and not empty.
std::string variable(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (std::string value = variable(name); !value.empty()) return value;
  return {};
}

// "1", "ON", "YES" and "TRUE" in any case, as huggingface_hub reads its switches.
bool is_true(std::string value) {
  for (char& c : value) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

std::filesystem::path expanded(const std::string& path) {
  if (path == "~" || path.starts_with("~/")) return variable("HOME") + path.substr(1);
  return path;
}

std::filesystem::path home_of_hub() {
  if (const std::string home = variable("HF_HOME"); !home.empty()) return expanded(home);
  if (const std::string base = variable("XDG_CACHE_HOME"); !base.empty())
    return expanded(base) / "huggingface";
  if (const std::string home = variable("HOME"); !home.empty())
    return std::filesystem::path(home) / ".cache/huggingface";
  return {};
}

std::string token() {
  std::string token = variable({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"});
  if (token.empty()) {
    auto file = expanded(variable("HF_TOKEN_PATH"));
    if (file.empty()) file = home_of_hub() / "token";
    std::getline(std::ifstream(file), token);
  }
  // A header is made of it: no byte may end that early.
  while (!token.empty() && (token.back() == '\r' || token.back() == '\n' || token.back() == ' '))
    token.pop_back();
  for (const char c : token)
    if (c <= ' ' || c > '~')
      throw Error(ErrorCode::usage, "HF_TOKEN: expected letters, digits and signs, found a space, "
                                    "a control byte or a byte that is not ASCII");
  return token;
}

std::string endpoint() {
  std::string url = variable("HF_ENDPOINT");
  if (url.empty()) url = "https://huggingface.co";
  while (url.ends_with('/')) url.pop_back();
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    throw Error(ErrorCode::usage, "HF_ENDPOINT: expected an https:// or http:// address, found '" +
                                      printable(url) + "'");
  return url;
}

void read_limits(HubSettings& settings) {
  const std::pair<std::string_view, std::uint64_t*> names[] = {
      {"stall", &settings.stall_seconds}, {"connect", &settings.connect_seconds},
      {"attempts", &settings.attempts},   {"backoff", &settings.backoff_milliseconds},
      {"chunk", &settings.chunk_bytes},   {"connections", &settings.connections}};
  std::istringstream words(variable("QUIPU_HUB_LIMITS"));
  for (std::string word; words >> word;) {
    const std::size_t sign = word.find('=');
    std::uint64_t* limit = nullptr;
    for (const auto& [name, place] : names)
      if (word.substr(0, sign) == name) limit = place;
    const char* const end = word.data() + word.size();
    std::uint64_t value = 0;
    if (!limit || sign == word.npos ||
        std::from_chars(word.data() + sign + 1, end, value).ptr != end)
      throw Error(ErrorCode::usage, "QUIPU_HUB_LIMITS: expected words like stall=30, found '" +
                                        printable(word) + "'");
    *limit = value;
  }
  if (settings.chunk_bytes == 0 || settings.connections == 0 || settings.connections > 64)
    throw Error(ErrorCode::usage,
                "QUIPU_HUB_LIMITS: expected a chunk above 0 and 1 to 64 connections");
}

}  // namespace

std::filesystem::path hub_cache() {
  if (const std::string cache = variable({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}); !cache.empty())
    return std::filesystem::absolute(expanded(cache));
  const auto home = home_of_hub();
  return home.empty() ? home : std::filesystem::absolute(home / "hub");
}

HubSettings HubSettings::from_environment() {
  HubSettings settings;
  settings.endpoint = app::endpoint();
  settings.token = app::token();
  settings.cache = hub_cache();
  if (settings.cache.empty())
    throw Error(ErrorCode::io,
                "cache of models: expected HF_HUB_CACHE, HF_HOME or HOME, found none of them set");
  settings.certificates = variable({"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"});
  settings.certificate_folder = variable("SSL_CERT_DIR");
  settings.offline = is_true(variable({"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}));
  read_limits(settings);
  return settings;
}

}  // namespace quipu::app
