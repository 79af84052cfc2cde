// The services that plugins get from the host, and what becomes of the failures they report.
#include "plugin/host.h"

#include <algorithm>
#include <string>
#include <utility>

#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu::plugin {
namespace {

// A message about a model can list thousands of tensors; nobody reads more than this.
constexpr std::size_t most_failure_bytes = 64 << 10;

thread_local std::string failure;

std::string_view view(quipu_str text) noexcept {
  return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

quipu_status keep_failure(void*, quipu_status status, quipu_str message) noexcept {
  try {
    failure = view(message).substr(0, most_failure_bytes);
  } catch (const std::bad_alloc&) {
    failure.clear();
  }
  return status;
}

ErrorCode code_of(quipu_status status) noexcept {
  switch (status) {
  case QUIPU_E_ARGUMENT:
    return ErrorCode::usage;
  case QUIPU_E_INVALID:
    return ErrorCode::invalid;
  case QUIPU_E_UNSUPPORTED:
    return ErrorCode::unsupported;
  case QUIPU_E_MEMORY:
    return ErrorCode::memory;
  case QUIPU_E_IO:
    return ErrorCode::io;
  case QUIPU_E_CANCELLED:
    return ErrorCode::cancelled;
  default:
    return ErrorCode::internal;
  }
}

std::string_view meaning(quipu_status status) noexcept {
  switch (status) {
  case QUIPU_E_ARGUMENT:
    return "an argument makes no sense";
  case QUIPU_E_INVALID:
    return "the model is damaged";
  case QUIPU_E_UNSUPPORTED:
    return "not supported";
  case QUIPU_E_MEMORY:
    return "not enough memory";
  case QUIPU_E_IO:
    return "input or output failed";
  case QUIPU_E_CANCELLED:
    return "cancelled";
  default:
    return "internal error";
  }
}

}  // namespace

Host::Host()
    : table_{sizeof(quipu_host),
             QUIPU_ABI_MAJOR,
             QUIPU_ABI_MINOR,
             this,
             Registry::isa(),
             0,
             [](void* context, int level, quipu_str message) noexcept {
               try {
                 static_cast<Host*>(context)->log(level, view(message));
               } catch (...) {
                 // A log line is not worth a failure, and an exception must not reach the plugin.
               }
             },
             keep_failure} {}

void Host::add_sink(const std::shared_ptr<LogSink>& sink) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sinks_, [](const auto& old) { return old.expired(); });
  const bool known = std::any_of(sinks_.begin(), sinks_.end(),
                                 [&](const auto& other) { return other.lock() == sink; });
  if (!known) sinks_.push_back(sink);
}

void Host::log(int level, std::string_view text) {
  std::vector<std::weak_ptr<LogSink>> sinks;
  {
    const std::lock_guard lock(mutex_);
    sinks = sinks_;
  }
  for (const auto& weak : sinks)
    if (const auto sink = weak.lock(); sink && *sink) (*sink)(level, text);
}

}  // namespace quipu::plugin

namespace quipu {

std::string Registry::take_failure() {
  return std::exchange(plugin::failure, {});
}

void Registry::check(quipu_status status, std::string_view what) {
  if (status == QUIPU_OK) return;
  std::string text = take_failure();
  if (text.empty()) text = plugin::meaning(status);
  throw Error(plugin::code_of(status), what.empty() ? text : std::string(what) + ": " + text);
}

}  // namespace quipu
