#include "hub/models.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "hub/cache.h"
#include "hub/names.h"
#include "hub/settings.h"
#include "quipu/error.h"

namespace quipu::app {
namespace {

namespace fs = std::filesystem;

// Folders are not followed deeper than a publisher, a model and its parts need.
constexpr int deepest_folder = 4;

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto bytes = fs::file_size(file, error);
  return error ? 0 : bytes;
}

// Names of the files under a folder, relative to it. Links to files count, links to folders are not
// followed.
std::vector<std::string> files_under(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::skip_permission_denied,
                                           error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    if (entries.depth() >= deepest_folder) entries.disable_recursion_pending();
    std::error_code unreadable;
    if (entries->is_regular_file(unreadable))
      names.push_back(entries->path().lexically_relative(folder).generic_string());
  }
  return names;
}

LocalModel model_of(const fs::path& folder, const std::vector<std::string>& parts, Store store) {
  LocalModel model;
  model.store = store;
  model.quant = quant_of(parts.front());
  for (const std::string& part : parts) {
    model.files.push_back(folder / part);
    model.bytes += size_of(model.files.back());
  }
  return model;
}

// "model-00001-of-00003.gguf" and "model.gguf" are both "model".
std::string stem_of(const std::string& file_name) {
  const auto split = split_name(file_name);
  return fs::path(split ? split->whole : file_name).replace_extension().generic_string();
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Where two are called the same, all but the first get their file's name behind it.
void make_names_unique(std::vector<LocalModel>& models) {
  std::set<std::string> seen;
  for (LocalModel& model : models) {
    const std::string file = model.files.front().filename().string();
    if (!seen.insert(model.name).second) {
      model.name = (model.group.empty() ? model.name : model.group) + "/" + file;
      for (int i = 2; !seen.insert(model.name).second; ++i)
        model.name += " (" + std::to_string(i) + ")";
    }
  }
}

void append(std::vector<LocalModel>& all, std::vector<LocalModel> more) {
  std::ranges::sort(more, {}, &LocalModel::name);
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

std::string_view to_string(Store store) {
  switch (store) {
  case Store::hub_cache:
    return "hub cache";
  case Store::folder:
    return "folder";
  case Store::ollama:
    return "ollama";
  case Store::lm_studio:
    return "LM Studio";
  }
  return "";
}

std::vector<LocalModel> models_in_hub_cache(const fs::path& cache) {
  std::vector<LocalModel> models;
  for (const CachedRepository& repository : cached_repositories(cache)) {
    std::set<fs::path> seen;  // snapshots share blobs
    for (const auto& snapshot : repository.snapshots)
      for (const auto& parts : models_among(files_under(snapshot))) {
        LocalModel model = model_of(snapshot, parts, Store::hub_cache);
        std::error_code error;
        if (!seen.insert(fs::canonical(model.files.front(), error)).second || error) continue;
        model.group = repository.name.text();
        model.name = model.group + (model.quant.empty() ? "" : ":" + model.quant);
        models.push_back(std::move(model));
      }
  }
  return models;
}

std::vector<LocalModel> models_in_folder(const fs::path& folder, Store store) {
  std::vector<LocalModel> models;
  for (const auto& parts : models_among(files_under(folder))) {
    LocalModel model = model_of(folder, parts, store);
    const fs::path parent = fs::path(parts.front()).parent_path();
    if (store == Store::lm_studio && !parent.empty()) {
      model.group = parent.generic_string();
      model.name = model.group + (model.quant.empty() ? "" : ":" + model.quant);
    } else {
      model.name = stem_of(parts.front());
    }
    models.push_back(std::move(model));
  }
  return models;
}

// manifests/HOST/NAMESPACE/MODEL/TAG is JSON: {"layers": [{"mediaType": …, "digest": "sha256:…"}]};
// the layer is the file blobs/sha256-….
std::vector<LocalModel> models_of_ollama(const fs::path& folder) {
  std::vector<LocalModel> models;
  const fs::path manifests = folder / "manifests";
  for (const std::string& name : files_under(manifests)) {
    std::string text(1 << 20, '\0');
    std::ifstream in(manifests / name, std::ios::binary);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    boost::system::error_code error;
    const auto manifest = boost::json::parse(text, error);
    const auto* object = manifest.if_object();
    const auto* layers =
        object && object->contains("layers") ? object->at("layers").if_array() : nullptr;
    if (error || !layers) continue;
    for (const auto& layer : *layers) {
      const auto* fields = layer.if_object();
      const auto text_of = [&](const char* key) -> std::string {
        const auto* value = fields ? fields->if_contains(key) : nullptr;
        return value && value->is_string() ? std::string(value->get_string()) : "";
      };
      const std::string digest = text_of("digest");
      constexpr std::string_view algorithm = "sha256:";
      if (text_of("mediaType") != "application/vnd.ollama.image.model" ||
          !digest.starts_with(algorithm) || !is_hexadecimal(digest.substr(algorithm.size()), 64))
        continue;
      LocalModel model;
      model.store = Store::ollama;
      const fs::path path = name;
      model.name = path.parent_path().generic_string() + ":" + path.filename().string();
      for (const std::string_view usual : {"registry.ollama.ai/", "library/"})
        if (model.name.starts_with(usual)) model.name.erase(0, usual.size());
      model.files.push_back(folder / "blobs" / ("sha256-" + digest.substr(algorithm.size())));
      model.bytes = size_of(model.files.front());
      std::error_code absent;
      if (fs::is_regular_file(model.files.front(), absent)) models.push_back(std::move(model));
      break;
    }
  }
  return models;
}

std::vector<LocalModel> local_models() {
  std::vector<LocalModel> models;
  if (const fs::path cache = hub_cache(); !cache.empty())
    append(models, models_in_hub_cache(cache));
  const std::string folders = variable("QUIPU_MODELS");
  for (std::size_t start = 0; start < folders.size();) {
    const std::size_t end = std::min(folders.find(':', start), folders.size());
    if (end > start)
      append(models, models_in_folder(folders.substr(start, end - start), Store::folder));
    start = end + 1;
  }
  const fs::path home = variable("HOME");
  const fs::path ollama = variable("OLLAMA_MODELS");
  if (!ollama.empty())
    append(models, models_of_ollama(ollama));
  else if (!home.empty())
    append(models, models_of_ollama(home / ".ollama/models"));
  if (!home.empty())
    for (const char* folder : {".lmstudio/models", ".cache/lm-studio/models"})
      append(models, models_in_folder(home / folder, Store::lm_studio));
  make_names_unique(models);
  return models;
}

std::vector<LocalModel> find_models(std::string_view name, const std::vector<LocalModel>& models) {
  const auto those = [&](auto matches) {
    std::vector<LocalModel> found;
    std::ranges::copy_if(models, std::back_inserter(found), matches);
    return found;
  };
  auto found = those([&](const LocalModel& model) { return model.name == name; });
  // ollama's own word for a model without a tag.
  if (found.empty())
    found = those([&](const LocalModel& model) {
      return model.store == Store::ollama && model.name == std::string(name) + ":latest";
    });
  if (found.empty())
    found = those([&](const LocalModel& model) { return model.group == name && !name.empty(); });
  if (found.empty())
    found = those([&](const LocalModel& model) {
      const std::string file = model.files.front().filename().string();
      return file == name || stem_of(file) == name;
    });
  return found;
}

std::optional<std::string> recorded_digest(const fs::path& file, Store store) {
  std::error_code error;
  const fs::path link = fs::read_symlink(file, error);
  const std::string name = (error ? file : link).filename().string();
  if (store == Store::hub_cache && (is_hexadecimal(name, 64) || is_hexadecimal(name, 40)))
    return name;
  constexpr std::string_view prefix = "sha256-";
  if (store == Store::ollama && name.starts_with(prefix)) return name.substr(prefix.size());
  return {};
}

}  // namespace quipu::app
