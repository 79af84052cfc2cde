#include "hub/online/attempts.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <thread>

#include "quipu/error.h"

namespace quipu::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_wait = std::chrono::minutes(10);

// Retry-After is a number of seconds or a date (RFC 9110, 10.2.3).
milliseconds retry_after(const std::string& header) {
  if (header.empty()) return {};
  long long seconds = 0;
  const char* const end = header.data() + header.size();
  if (std::from_chars(header.data(), end, seconds).ptr != end) {
    const auto date = curl_getdate(header.c_str(), nullptr);
    seconds = date < 0 ? 0 : static_cast<long long>(date - std::time(nullptr));
  }
  return milliseconds(1000 * std::clamp(seconds, 0LL, 86400LL));
}

}  // namespace

Attempts::Attempts(const HubSettings& settings, const std::atomic<bool>& stop, Remark remark)
    : settings_(settings), stop_(stop), remark_(std::move(remark)) {}

void Attempts::failed(const Broken& why) {
  if (++failures_ >= settings_.attempts)
    throw Error(ErrorCode::io, std::string(why.what()) + "; gave up after " +
                                   std::to_string(failures_) + " attempts");
  if (why.wait() > longest_wait)
    throw Error(ErrorCode::io, std::string(why.what()) + "; the server asks to wait " +
                                   std::to_string(why.wait().count() / 1000) + " s");
  const auto doubling = std::min<std::uint64_t>(failures_ - 1, 6);
  const auto wait = std::max(why.wait(), milliseconds(settings_.backoff_milliseconds << doubling));
  if (remark_)
    remark_(std::string(why.what()) + "; trying again in " +
            std::to_string((wait.count() + 999) / 1000) + " s");
  const auto end = std::chrono::steady_clock::now() + wait;
  while (std::chrono::steady_clock::now() < end) {
    if (stop_) throw Error(ErrorCode::cancelled, "stopped");
    std::this_thread::sleep_for(std::min(wait, milliseconds(50)));
  }
}

void check_status(const HttpAnswer& answer, const std::string& what, bool with_token) {
  if (answer.ok()) return;
  // The hub explains itself in these headers.
  std::string said = answer.header("x-error-message");
  std::string why = what + ": HTTP " + std::to_string(answer.status) + " from " +
                    shown_url(answer.url) + (said.empty() ? "" : ": " + printable(said, 300));
  switch (answer.status) {
  case 408:
  case 429:
  case 500:
  case 502:
  case 503:
  case 504:
    throw Broken(why, retry_after(answer.header("retry-after")));
  case 401:
  case 403:
    if (answer.header("x-error-code") == "GatedRepo")
      why += "; the repository is gated: ask for access on its page";
    else
      why += "; the repository is private, gated, or not there";
    why += with_token ? ", with the account that the token belongs to" : ", then set HF_TOKEN";
    throw Error(ErrorCode::io, why);
  case 404:
    throw Error(ErrorCode::io, why + "; expected a name that is on the hub, found none");
  default:
    throw Error(ErrorCode::io, why);
  }
}

}  // namespace quipu::app
