#include "hub/online/http.h"

#include <curl/curl.h>

#include <charconv>
#include <exception>
#include <memory>

#include "quipu/error.h"

namespace quipu::app {
namespace {

constexpr int most_hops = 5;
constexpr std::size_t most_header_bytes = 1 << 16, most_skipped_bytes = 1 << 22;

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

std::string part(const Url& url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

// Null when it is no address with a host that we talk to.
Url parsed(const std::string& text, const std::string& relative_to = "") {
  Url url(curl_url());
  if (!url) throw std::bad_alloc();
  if (!relative_to.empty() &&
      curl_url_set(url.get(), CURLUPART_URL, relative_to.c_str(), 0) != CURLUE_OK)
    return {};
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_URLENCODE | CURLU_DISALLOW_USER) !=
      CURLUE_OK)
    return {};
  const std::string scheme = part(url, CURLUPART_SCHEME);
  return scheme == "https" || scheme == "http" ? std::move(url) : Url();
}

std::string origin(const Url& url) {
  return url ? part(url, CURLUPART_SCHEME) + "://" + part(url, CURLUPART_HOST) + ":" +
                   part(url, CURLUPART_PORT)
             : "";
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// What a later attempt may change.
bool may_get_better(CURLcode code) {
  switch (code) {
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
  case CURLE_PARTIAL_FILE:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM:
  case CURLE_WEIRD_SERVER_REPLY:
    return true;
  default:
    return false;
  }
}

// libcurl wants this once, before threads use it.
void initialise() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) throw Error(ErrorCode::internal, "libcurl: cannot be initialised");
}

struct HeaderList {
  curl_slist* list = nullptr;
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list, line.c_str());
    if (!longer) throw std::bad_alloc();
    list = longer;
  }
};

}  // namespace

/// What libcurl's callbacks see of one request.
struct Http::Callbacks {
  const std::atomic<bool>& stop;
  const Head& head;
  const Body& body;
  HttpAnswer answer{};
  std::size_t header_bytes = 0, skipped = 0;
  bool began = false;
  std::exception_ptr failure{};

  // Nothing may be thrown through C: it is kept, and the transfer ends.
  template <class Work>
  std::size_t guarded(std::size_t size, Work work) noexcept {
    try {
      work();
      return size;
    } catch (...) {
      failure = std::current_exception();
      return size + 1;  // not what was offered: libcurl gives up
    }
  }

  void begin() {
    if (began) return;
    began = true;
    if (const auto& coding = answer.header("content-encoding");
        !coding.empty() && coding != "identity")
      throw Error(ErrorCode::io, shown_url(answer.url) + ": expected no Content-Encoding, found " +
                                     printable(coding));
    head(answer);
  }

  // Of an error's page.
  void skip(std::size_t size) {
    skipped += size;
    if (skipped > most_skipped_bytes)
      throw Error(ErrorCode::io, shown_url(answer.url) + ": HTTP " + std::to_string(answer.status) +
                                     " with a page that does not end");
  }

  void add_header(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > most_header_bytes)
      throw Error(ErrorCode::io, shown_url(answer.url) + ": expected at most " +
                                     std::to_string(most_header_bytes) +
                                     " bytes of headers, found more");
    if (line.starts_with("HTTP/")) {
      answer.headers.clear();  // of a proxy, or a 100 that came first
      answer.status = 0;
      const std::size_t space = line.find(' ');
      if (space != line.npos)
        std::from_chars(line.data() + space + 1, line.data() + line.size(), answer.status);
      return;
    }
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' '))
      line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return;
    std::string name(line.substr(0, colon));
    for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    line.remove_prefix(colon + 1);
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    answer.headers[name] = line;
  }

  void attach(CURL* easy) {
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Callbacks::on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Callbacks::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &Callbacks::on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    auto& callbacks = *static_cast<Callbacks*>(self);
    return callbacks.guarded(size, [&] { callbacks.add_header({data, size}); });
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    auto& callbacks = *static_cast<Callbacks*>(self);
    return callbacks.guarded(size, [&] {
      if (!callbacks.answer.ok()) return callbacks.skip(size);
      callbacks.begin();
      callbacks.body({reinterpret_cast<const std::byte*>(data), size});
    });
  }

  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Callbacks*>(self)->stop ? 1 : 0;
  }
};

const std::string& HttpAnswer::header(const std::string& name) const {
  static const std::string none;
  const auto found = headers.find(name);
  return found == headers.end() ? none : found->second;
}

std::string shown_url(const std::string& url) {
  return printable(url.substr(0, url.find_first_of("?#")), 1000);
}

Http::Http(const HubSettings& settings, const std::atomic<bool>& stop)
    : settings_(settings), stop_(stop) {
  initialise();
  easy_ = curl_easy_init();
  if (!easy_) throw std::bad_alloc();
}

Http::~Http() {
  curl_easy_cleanup(easy_);
}

HttpAnswer Http::get(const HttpRequest& request, const Head& head, const Body& body) {
  std::string url = request.url;
  for (int hops = 0;; ++hops) {
    HttpAnswer answer = get_one(url, request, head, body);
    if (!is_redirect(answer.status)) return answer;
    if (hops == most_hops)
      throw Error(ErrorCode::io, shown_url(request.url) + ": expected at most " +
                                     std::to_string(most_hops) +
                                     " redirects, found more; the last leads to " +
                                     shown_url(answer.header("location")));
    url = next_hop(url, answer);
  }
}

std::string Http::next_hop(const std::string& url, const HttpAnswer& answer) const {
  const std::string& location = answer.header("location");
  const Url next = parsed(location, url);
  if (location.empty() || !next)
    throw Error(ErrorCode::io, shown_url(url) +
                                   ": expected a redirect to an http(s) address, found '" +
                                   shown_url(location) + "'");
  if (url.starts_with("https:") && part(next, CURLUPART_SCHEME) == "http")
    throw Error(ErrorCode::io, shown_url(url) +
                                   ": expected a redirect that stays encrypted, found " +
                                   shown_url(location));
  return part(next, CURLUPART_URL);
}

void Http::set_options() {
  CURL* const easy = easy_;
  curl_easy_reset(easy);  // keeps the connection
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "quipu/" QUIPU_VERSION);
  if (!settings_.certificates.empty())
    curl_easy_setopt(easy, CURLOPT_CAINFO, settings_.certificates.c_str());
  if (!settings_.certificate_folder.empty())
    curl_easy_setopt(easy, CURLOPT_CAPATH, settings_.certificate_folder.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings_.connect_seconds));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings_.stall_seconds));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

HttpAnswer Http::get_one(const std::string& url, const HttpRequest& request, const Head& head,
                         const Body& body) {
  set_options();
  CURL* const easy = easy_;
  Callbacks callbacks{stop_, head, body};
  callbacks.answer.url = url;

  HeaderList headers;
  if (!request.if_range.empty()) headers.add("If-Range: " + request.if_range);
  const std::string home = origin(parsed(settings_.endpoint));
  if (!request.token.empty() && !home.empty() && origin(parsed(url)) == home)
    headers.add("Authorization: Bearer " + request.token);
  std::string range;
  if (request.range)
    range = std::to_string(request.range->first) + "-" + std::to_string(request.range->last);

  char message[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.list);
  if (request.range) curl_easy_setopt(easy, CURLOPT_RANGE, range.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, message);
  callbacks.attach(easy);

  const CURLcode code = curl_easy_perform(easy);
  if (callbacks.failure) std::rethrow_exception(callbacks.failure);
  if (code != CURLE_OK) {
    if (stop_) throw Error(ErrorCode::cancelled, shown_url(url) + ": stopped");
    const std::string why =
        shown_url(url) + ": " + printable(message[0] ? message : curl_easy_strerror(code));
    if (may_get_better(code)) throw Broken(why);
    throw Error(ErrorCode::io, why);
  }
  if (callbacks.answer.ok()) callbacks.begin();  // of an empty body
  return std::move(callbacks.answer);
}

}  // namespace quipu::app
