// The services that plugins get from the host.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "quipu/abi/plugin.h"

namespace quipu::plugin {

/// Receives log lines as (QUIPU_LOG_*, text).
using LogSink = std::function<void(int, std::string_view)>;

/// One plugin's host table. Must live as long as the plugin.
class Host {
 public:
  Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const quipu_host& table() const noexcept { return table_; }
  /// Log lines of the plugin go to every sink whose owner still lives.
  void add_sink(const std::shared_ptr<LogSink>& sink);

 private:
  void log(int level, std::string_view text);

  quipu_host table_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<LogSink>> sinks_;
};

}  // namespace quipu::plugin
