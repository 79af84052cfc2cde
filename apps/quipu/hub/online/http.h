// HTTP for downloads: libcurl, with our own rules for redirects.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "hub/settings.h"

namespace quipu::app {

struct ByteRange {
  std::uint64_t first, last;  ///< both included
};

struct HttpRequest {
  std::string url;
  std::optional<ByteRange> range;
  std::string if_range;  ///< an ETag, or ""
  /// Bearer token, or "". Only ever sent to the endpoint's own scheme, host and port.
  std::string token;
};

struct HttpAnswer {
  long status = 0;
  std::string url;                             ///< that answered, after redirects
  std::map<std::string, std::string> headers;  ///< names in lower case; of the last answer only

  /// "" when there is none.
  const std::string& header(const std::string& name) const;
  bool ok() const { return status == 200 || status == 206; }
};

/// What may work when it is tried again: no connection, a stall, a short body, a busy server.
class Broken : public std::exception {
 public:
  explicit Broken(std::string why, std::chrono::milliseconds wait = {})
      : why_(std::move(why)), wait_(wait) {}
  const char* what() const noexcept override { return why_.c_str(); }
  /// For how long the server asks to be left alone.
  std::chrono::milliseconds wait() const noexcept { return wait_; }

 private:
  std::string why_;
  std::chrono::milliseconds wait_;
};

/// Gets what is asked for. One connection, kept for the next request; used by one thread.
class Http {
 public:
  /// `stop`: transfers end with Error{cancelled} soon after it becomes true.
  Http(const HubSettings& settings, const std::atomic<bool>& stop);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// Called once for an answer that is ok, before its body.
  using Head = std::function<void(const HttpAnswer&)>;
  using Body = std::function<void(std::span<const std::byte>)>;
  /// Follows up to 5 redirects: never from https to http, never without end. The body of an answer
  /// that is not ok is thrown away. What `head` and `body` throw comes out of here. Throws Broken,
  /// or Error{io} for what will not get better.
  HttpAnswer get(const HttpRequest& request, const Head& head, const Body& body);

 private:
  struct Callbacks;

  void set_options();
  HttpAnswer get_one(const std::string& url, const HttpRequest& request, const Head& head,
                     const Body& body);
  std::string next_hop(const std::string& url, const HttpAnswer& answer) const;

  const HubSettings& settings_;
  const std::atomic<bool>& stop_;
  void* easy_;  // CURL*
};

/// An address as messages show it: without query, which may hold a signature.
std::string shown_url(const std::string& url);

}  // namespace quipu::app
