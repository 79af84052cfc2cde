// Brings the bytes that a partial file lacks, over several connections at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "hub/online/http.h"
#include "hub/online/partial_file.h"

namespace quipu::app {

class Transfer {
 public:
  enum class Outcome {
    complete,
    changed,   ///< the server has another file by now: what is there is of no use
    no_ranges  ///< the server sends everything, whatever it is asked for
  };

  /// `url`: on the endpoint; `name`: of the file, for messages. All of them outlive the object.
  Transfer(const HubSettings& settings, const std::string& url, const std::string& name,
           PartialFile& partial);

  /// `tick` is called on this thread about ten times a second and may throw to stop; `remark` too,
  /// with what people may want to know. With `ranges` a chunk that is complete stays as it is;
  /// without, the file begins anew whenever the connection breaks. Throws Error{io}.
  Outcome run(bool ranges, const std::function<void()>& tick,
              const std::function<void(const std::string&)>& remark);

 private:
  struct Restart {
    Outcome why;
  };

  void work(bool ranges) noexcept;
  void get_chunks(Http& http);
  void get_chunk(Http& http, std::size_t chunk);
  void get_whole(Http& http);
  HttpRequest request();
  void check_answer(const HttpAnswer& answer, const HttpRequest& request) const;
  void check_range(const HttpAnswer& answer, const HttpRequest& request);
  void forget_source();
  void add_remark(const std::string& text);

  const HubSettings& settings_;
  const std::string& url_;
  const std::string& name_;
  PartialFile& partial_;

  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> next_chunk_{0};
  // Guarded by the mutex.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t busy_ = 0;  // workers
  std::exception_ptr failure_;
  std::string source_;  // where the hub's redirects lead, or ""
  std::vector<std::string> remarks_;
};

}  // namespace quipu::app
