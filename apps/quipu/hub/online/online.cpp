// The hub over the network: what open_hub() loads.
#include <fstream>
#include <span>
#include <vector>

#include "hub/hub.h"
#include "hub/online/api.h"
#include "hub/online/attempts.h"
#include "hub/online/digest.h"
#include "hub/online/download.h"
#include "hub/online/http.h"
#include "quipu/error.h"

namespace quipu::app {
namespace {

// Listings of repositories with thousands of files stay far below.
constexpr std::uint64_t most_json_bytes = 64 << 20;

class OnlineHub final : public Hub {
 public:
  OnlineHub(const HubSettings& settings, const HubHost& host)
      : settings_(settings), host_(host), http_(settings_, host_.stop) {}

  HubListing list(const RepositoryName& repository, const std::string& revision) override {
    return parse_listing(repository, get(listing_url(settings_.endpoint, repository, revision),
                                         repository.text() + " at " + printable(revision)));
  }

  std::vector<HubHit> search(const std::string& text, std::uint32_t limit) override {
    return parse_hits(get(search_url(settings_.endpoint, text, limit), "search"));
  }

  std::string read(const HubListing& listing, const HubFile& file, std::uint64_t first,
                   std::uint64_t count) override {
    if (count == 0) return {};
    HttpRequest request;
    request.url = url_of(listing, file);
    request.range = ByteRange{first, first + count - 1};
    std::string bytes =
        get(std::move(request), printable(file.name), count, [&](const HttpAnswer& answer) {
          if (answer.status != 206)
            throw Error(ErrorCode::io, printable(file.name) +
                                           ": expected a part of the file (HTTP 206), "
                                           "found HTTP " +
                                           std::to_string(answer.status));
        });
    if (bytes.size() != count)
      throw Error(ErrorCode::io, printable(file.name) + ": expected " + std::to_string(count) +
                                     " bytes, found " + std::to_string(bytes.size()));
    return bytes;
  }

  void download(const HubListing& listing, const HubFile& file, const HubDestination& destination,
                const HubProgress& progress) override {
    app::download(settings_, host_, url_of(listing, file), file, destination, progress);
  }

  std::string digest(const std::filesystem::path& file, std::size_t digits,
                     const HubProgress& progress) override {
    std::ifstream in(file, std::ios::binary);
    Digest digest(digits, std::filesystem::file_size(file));
    std::vector<char> buffer(1 << 20);
    std::uint64_t done = 0;
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), in.gcount() > 0) {
      digest.add(std::as_bytes(std::span(buffer).first(static_cast<std::size_t>(in.gcount()))));
      progress(done += static_cast<std::uint64_t>(in.gcount()));
      if (host_.stop)
        throw Error(ErrorCode::cancelled, printable(file.string(), 1000) + ": stopped");
    }
    if (!in.eof()) throw Error(ErrorCode::io, printable(file.string(), 1000) + ": cannot read");
    return digest.finish();
  }

 private:
  std::string url_of(const HubListing& listing, const HubFile& file) const {
    return file_url(settings_.endpoint, listing.repository, listing.commit, file.name);
  }

  std::string get(const std::string& url, const std::string& what) {
    HttpRequest request;
    request.url = url;
    return get(std::move(request), what, most_json_bytes, {});
  }

  std::string get(HttpRequest request, const std::string& what, std::uint64_t most_bytes,
                  const Http::Head& check) {
    request.token = settings_.token;
    Attempts attempts(settings_, host_.stop, host_.remark);
    for (;;) {
      std::string bytes;
      try {
        const HttpAnswer answer = http_.get(
            request,
            [&](const HttpAnswer& head) {
              if (check) check(head);
            },
            [&](std::span<const std::byte> more) {
              if (more.size() > most_bytes - bytes.size())
                throw Error(ErrorCode::io, what + ": expected at most " +
                                               std::to_string(most_bytes) + " bytes, found more");
              bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
            });
        check_status(answer, what, !settings_.token.empty());
        return bytes;
      } catch (const Broken& why) {
        attempts.failed(why);
      }
    }
  }

  const HubSettings settings_;
  const HubHost host_;
  Http http_;
};

}  // namespace

Hub* quipu_open_hub(const HubSettings& settings, const HubHost& host) {
  return new OnlineHub(settings, host);
}

}  // namespace quipu::app
