// What the environment says about the hub and the cache: the variables of Hugging Face's own tools,
// so that both agree.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace quipu::app {

/// HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub; empty when none of them is known.
std::filesystem::path hub_cache();

struct HubSettings {
  std::string endpoint;            ///< HF_ENDPOINT, without a slash at its end
  std::string token;               ///< HF_TOKEN, else the token file; may be ""
  std::filesystem::path cache;     ///< hub_cache()
  std::string certificates;        ///< file of CA certificates, or ""
  std::string certificate_folder;  ///< SSL_CERT_DIR
  bool offline = false;            ///< HF_HUB_OFFLINE: nothing goes over the network

  // Limits, which tests shorten through QUIPU_HUB_LIMITS ("stall=2 chunk=65536").
  std::uint64_t stall_seconds = 30;  ///< without a byte, then the connection is given up
  std::uint64_t connect_seconds = 15;
  std::uint64_t attempts = 6;                 ///< in a row that bring nothing
  std::uint64_t backoff_milliseconds = 1000;  ///< before the second attempt; doubles
  std::uint64_t chunk_bytes = 16 << 20;       ///< of one request
  std::uint64_t connections = 4;

  /// Reads environment and token file. Throws Error{usage} for an endpoint that is no http(s) URL,
  /// Error{io} when there is neither HF_HUB_CACHE nor HF_HOME nor HOME.
  static HubSettings from_environment();
};

}  // namespace quipu::app
