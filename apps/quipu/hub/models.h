// Models on this machine: the Hugging Face cache, folders, and what ollama and LM Studio keep.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quipu::app {

enum class Store { hub_cache, folder, ollama, lm_studio };
std::string_view to_string(Store store);

struct LocalModel {
  std::string name;   ///< by which it is asked for: "OWNER/REPO:QUANT", "model:tag", "my-model"
  std::string group;  ///< "OWNER/REPO": shared by the quantisations of one model, or ""
  std::string quant;  ///< or ""
  std::uint64_t bytes = 0;
  Store store = Store::hub_cache;
  std::vector<std::filesystem::path> files;  ///< of a split model all parts, the first one first
};

/// Those of one place. What cannot be read is left out; a folder that is not there has none.
std::vector<LocalModel> models_in_hub_cache(const std::filesystem::path& cache);
std::vector<LocalModel> models_in_folder(const std::filesystem::path& folder, Store store);
std::vector<LocalModel> models_of_ollama(const std::filesystem::path& folder);

/// Of all places: the Hugging Face cache, the folders of QUIPU_MODELS (separated by colons), ollama
/// (OLLAMA_MODELS, else ~/.ollama/models) and LM Studio (~/.lmstudio/models,
/// ~/.cache/lm-studio/models). Sorted by store and name; no two have the same name.
std::vector<LocalModel> local_models();

/// Those that `name` may mean: the one of that name, else those of that group, else those whose
/// first file is called so, with or without its ending.
std::vector<LocalModel> find_models(std::string_view name, const std::vector<LocalModel>& models);

/// The digest that the place where it lies vouches for: 64 digits are SHA-256, 40 those of a Git
/// blob; nullopt where nobody recorded one.
std::optional<std::string> recorded_digest(const std::filesystem::path& file, Store store);

}  // namespace quipu::app
