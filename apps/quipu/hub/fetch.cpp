#include "hub/fetch.h"

#include <chrono>

#include "command.h"
#include "hub/cache.h"
#include "progress.h"

namespace quipu::app {
namespace {

namespace fs = std::filesystem;

// Bytes, rate and time left of all parts together.
class TransferBar {
 public:
  TransferBar(bool shown, std::uint64_t total) : bar_(shown), total_(total) {}

  void show(std::uint64_t bytes, const std::string& what) {
    const auto now = Clock::now();
    if (first_ > bytes) {
      first_ = bytes;
      start_ = now;
    }
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = seconds > 0 ? static_cast<double>(bytes - first_) / seconds : 0;
    bar_.show(bytes, total_,
              readable_bytes(bytes) + " of " + readable_bytes(total_) + ", " +
                  readable_bytes(static_cast<std::uint64_t>(rate)) + "/s  " + what);
  }

 private:
  using Clock = std::chrono::steady_clock;

  ProgressBar bar_;
  std::uint64_t total_, first_ = ~std::uint64_t{0};  // what was there at the start
  Clock::time_point start_;
};

template <class Place>
std::vector<fs::path> fetch_parts(const HubModel& model, bool quiet, Place place) {
  TransferBar bar(!quiet, model.bytes);
  std::vector<fs::path> paths;
  std::uint64_t before = 0;
  for (const HubFile& part : model.parts) {
    const HubProgress progress = [&](std::uint64_t bytes) { bar.show(before + bytes, part.name); };
    paths.push_back(place(part, progress));
    before += part.bytes;
  }
  return paths;
}

}  // namespace

std::unique_ptr<Hub> online_hub(const HubSettings& settings, const std::string& what, bool quiet) {
  if (settings.offline)
    throw Error(ErrorCode::io,
                printable(what) + ": not on this machine, and HF_HUB_OFFLINE is set");
  return open_hub(settings, {interrupted, [quiet](const std::string& text) {
                               if (!quiet) say(text);
                             }});
}

std::vector<fs::path> fetch_to_cache(Hub& hub, const HubSettings& settings,
                                     const HubListing& listing, const std::string& revision,
                                     const HubModel& model, bool quiet) {
  const CacheFolder cache(settings.cache, listing.repository);
  const auto paths =
      fetch_parts(model, quiet, [&](const HubFile& part, const HubProgress& progress) {
        const fs::path file = cache.snapshot(listing.commit) / part.name;
        std::error_code absent;
        if (fs::file_size(file, absent) == part.bytes && !absent) return file;
        const fs::path blob = cache.blob(part.digest);
        hub.download(listing, part,
                     {blob, blob.string() + ".quipu.incomplete", cache.lock(part.digest)},
                     progress);
        cache.link(listing.commit, part.name, part.digest);
        return file;
      });
  try {
    cache.remember(revision, listing.commit);
  } catch (const Error&) {
    // A cache that is full already may be mounted read-only.
    if (cache.commit_of(revision).empty()) throw;
  }
  return paths;
}

std::vector<fs::path> fetch_to_folder(Hub& hub, const HubListing& listing, const HubModel& model,
                                      const fs::path& folder, bool quiet) {
  return fetch_parts(model, quiet, [&](const HubFile& part, const HubProgress& progress) {
    const fs::path file = folder / part.name;
    std::string name = file.filename().string();
    const fs::path hidden = file.parent_path() / name.insert(0, 1, '.');
    std::error_code absent;
    if (fs::exists(file, absent) && hub.digest(file, part.digest.size(), progress) != part.digest)
      throw Error(ErrorCode::io, printable(file.string(), 1000) +
                                     ": expected nothing or the hub's file, found another one");
    hub.download(listing, part,
                 {file, hidden.string() + ".quipu.incomplete", hidden.string() + ".quipu.lock"},
                 progress);
    fs::remove(hidden.string() + ".quipu.lock", absent);
    return file;
  });
}

fs::path fetch_reference(const HubReference& reference, bool quiet) {
  const auto settings = HubSettings::from_environment();
  const auto hub = online_hub(settings, reference.text(), quiet);
  const std::string revision = "main";
  const HubListing listing = hub->list(reference.repository, revision);
  std::string remark;
  const HubModel model = choose_quant(listing, reference.quant, remark);
  if (!quiet) {
    if (!remark.empty()) say(remark);
    say("downloading " + listing.repository.text() + "/" + model.parts.front().name + ", " +
        readable_bytes(model.bytes) +
        (model.parts.size() > 1 ? " in " + std::to_string(model.parts.size()) + " parts" : ""));
  }
  return fetch_to_cache(*hub, settings, listing, revision, model, quiet).front();
}

}  // namespace quipu::app
