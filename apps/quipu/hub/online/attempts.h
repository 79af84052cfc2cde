// How often something is tried, and how long is waited in between.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "hub/online/http.h"

namespace quipu::app {

class Attempts {
 public:
  using Remark = std::function<void(const std::string&)>;

  Attempts(const HubSettings& settings, const std::atomic<bool>& stop, Remark remark);

  /// Waits, longer each time, or as long as the server asked for. Throws Error{io} when that was
  /// the last attempt or the server asks for more than ten minutes, Error{cancelled} after a stop.
  void failed(const Broken& why);
  /// Bytes came: the count begins again.
  void succeeded() { failures_ = 0; }

 private:
  const HubSettings& settings_;
  const std::atomic<bool>& stop_;
  const Remark remark_;
  std::uint64_t failures_ = 0;
};

/// Does nothing for an answer that is ok. Throws Broken for what a busy or broken server says,
/// Error{io} for the rest; `what` is what was asked for.
void check_status(const HttpAnswer& answer, const std::string& what, bool with_token);

}  // namespace quipu::app
