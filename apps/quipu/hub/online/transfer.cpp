#include "hub/online/transfer.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "hub/online/attempts.h"
#include "quipu/error.h"

namespace quipu::app {
namespace {

// A connection that brought less than this before it broke counts as one that brought nothing, so
// that a server that breaks off after every few bytes is given up some time.
constexpr std::uint64_t worthwhile_bytes = 1 << 20;

// "bytes 0-99/1000" against what was asked for; the total may be "*" (RFC 9110, 14.4).
bool says(std::string_view header, const ByteRange& asked, std::uint64_t total) {
  const std::string range =
      "bytes " + std::to_string(asked.first) + "-" + std::to_string(asked.last) + "/";
  if (!header.starts_with(range)) return false;
  header.remove_prefix(range.size());
  return header == "*" || header == std::to_string(total);
}

// Only a strong one says that bytes are the same (RFC 9110, 8.8.1).
std::string strong_etag(const HttpAnswer& answer) {
  const std::string& etag = answer.header("etag");
  return etag.starts_with('"') ? etag : "";
}

// Threads that end with the scope.
class Team {
 public:
  explicit Team(std::atomic<bool>& stop) : stop_(stop) {}
  ~Team() {
    stop_ = true;
    for (std::thread& member : members_) member.join();
  }
  template <class Work>
  void add(Work work) {
    members_.emplace_back(std::move(work));
  }

 private:
  std::atomic<bool>& stop_;
  std::vector<std::thread> members_;
};

}  // namespace

Transfer::Transfer(const HubSettings& settings, const std::string& url, const std::string& name,
                   PartialFile& partial)
    : settings_(settings), url_(url), name_(name), partial_(partial) {}

Transfer::Outcome Transfer::run(bool ranges, const std::function<void()>& tick,
                                const std::function<void(const std::string&)>& remark) {
  stop_ = false;
  next_chunk_ = 0;
  failure_ = nullptr;
  const std::size_t workers =
      ranges ? std::min<std::size_t>(settings_.connections, partial_.chunks()) : 1;
  busy_ = workers;
  {
    Team team(stop_);
    for (std::size_t i = 0; i < workers; ++i) team.add([this, ranges] { work(ranges); });
    for (bool done = false; !done;) {
      std::vector<std::string> remarks;
      {
        std::unique_lock lock(mutex_);
        done = changed_.wait_for(lock, std::chrono::milliseconds(100), [&] { return busy_ == 0; });
        remarks.swap(remarks_);
      }
      for (const std::string& text : remarks) remark(text);
      tick();
    }
  }
  if (!failure_) return Outcome::complete;
  try {
    std::rethrow_exception(failure_);
  } catch (const Restart& restart) {
    return restart.why;
  }
}

void Transfer::work(bool ranges) noexcept {
  std::exception_ptr failure;
  try {
    Http http(settings_, stop_);
    if (ranges)
      get_chunks(http);
    else
      get_whole(http);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  if (failure && !stop_) {  // what fails after a stop fails because of it
    failure_ = failure;
    stop_ = true;
  }
  --busy_;
  changed_.notify_all();
}

void Transfer::get_chunks(Http& http) {
  for (std::size_t chunk; !stop_ && (chunk = next_chunk_++) < partial_.chunks();)
    get_chunk(http, chunk);
}

HttpRequest Transfer::request() {
  HttpRequest request;
  const std::lock_guard lock(mutex_);
  request.url = source_.empty() ? url_ : source_;
  request.token = settings_.token;
  return request;
}

// An address with a signature lasts for minutes: the hub is asked for another.
void Transfer::forget_source() {
  const std::lock_guard lock(mutex_);
  source_.clear();
}

void Transfer::add_remark(const std::string& text) {
  const std::lock_guard lock(mutex_);
  remarks_.push_back(text);
}

void Transfer::get_chunk(Http& http, std::size_t chunk) {
  Attempts attempts(settings_, stop_, [this](const std::string& text) { add_remark(text); });
  const std::uint64_t size = partial_.size(chunk);
  while (partial_.present(chunk) < size) {
    const std::uint64_t before = partial_.present(chunk);
    try {
      HttpRequest request = this->request();
      request.range = {partial_.first(chunk) + before, partial_.first(chunk) + size - 1};
      request.if_range = partial_.etag();
      const HttpAnswer answer = http.get(
          request, [&](const HttpAnswer& head) { check_range(head, request); },
          [&](std::span<const std::byte> bytes) {
            if (bytes.size() > size - partial_.present(chunk))
              throw Error(ErrorCode::io, printable(name_) + ": expected the bytes " +
                                             std::to_string(request.range->first) + " to " +
                                             std::to_string(request.range->last) +
                                             " and no more, found more");
            partial_.write(chunk, bytes);
          });
      check_answer(answer, request);
      if (partial_.present(chunk) < size)
        throw Broken(printable(name_) + ": expected " +
                     std::to_string(request.range->last - request.range->first + 1) +
                     " bytes, found " + std::to_string(partial_.present(chunk) - before));
    } catch (const Broken& why) {
      forget_source();
      if (partial_.present(chunk) - before >= worthwhile_bytes) attempts.succeeded();
      attempts.failed(why);
    }
  }
}

void Transfer::get_whole(Http& http) {
  Attempts attempts(settings_, stop_, [this](const std::string& text) { add_remark(text); });
  for (;;) {
    if (partial_.total_present() > 0) partial_.clear();
    std::size_t chunk = 0;
    const auto fill = [&](std::span<const std::byte> bytes) {
      while (!bytes.empty()) {
        while (chunk < partial_.chunks() && partial_.present(chunk) == partial_.size(chunk))
          ++chunk;
        if (chunk == partial_.chunks())
          throw Error(ErrorCode::io,
                      printable(name_) + ": found more bytes than the hub says it has");
        const auto room = partial_.size(chunk) - partial_.present(chunk);
        const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), room));
        partial_.write(chunk, part);
        bytes = bytes.subspan(part.size());
      }
    };
    try {
      const HttpRequest request = this->request();
      check_answer(http.get(
                       request, [](const HttpAnswer&) {}, fill),
                   request);
      for (std::size_t i = 0; i < partial_.chunks(); ++i)
        if (partial_.present(i) < partial_.size(i))
          throw Broken(printable(name_) + ": found fewer bytes than the hub says it has, " +
                       std::to_string(partial_.total_present()));
      return;
    } catch (const Broken& why) {
      forget_source();
      attempts.failed(why);
    }
  }
}

// Before the first byte of an answer that is ok.
void Transfer::check_range(const HttpAnswer& answer, const HttpRequest& request) {
  if (answer.status == 200)
    throw Restart{request.if_range.empty() ? Outcome::no_ranges : Outcome::changed};
  const std::string& range = answer.header("content-range");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < partial_.chunks(); ++i) total += partial_.size(i);
  if (!says(range, *request.range, total))
    throw Error(ErrorCode::io, printable(name_) + ": Content-Range: expected bytes " +
                                   std::to_string(request.range->first) + "-" +
                                   std::to_string(request.range->last) + "/" +
                                   std::to_string(total) + ", found '" + printable(range) + "'");
  const std::string etag = strong_etag(answer), known = partial_.etag();
  if (!known.empty() && !etag.empty() && etag != known) throw Restart{Outcome::changed};
  const std::lock_guard lock(mutex_);
  source_ = answer.url;
  // Two that see none at the same time may set two: then the next answers differ from one of them.
  if (known.empty() && !etag.empty()) partial_.set_etag(etag);
}

void Transfer::check_answer(const HttpAnswer& answer, const HttpRequest& request) const {
  if (answer.status == 416) throw Restart{Outcome::changed};
  const bool expired = request.url != url_ && (answer.status == 401 || answer.status == 403 ||
                                               answer.status == 404 || answer.status == 410);
  if (expired)
    throw Broken(printable(name_) + ": HTTP " + std::to_string(answer.status) +
                 " from an address that worked before");
  check_status(answer, printable(name_), !settings_.token.empty());
}

}  // namespace quipu::app
