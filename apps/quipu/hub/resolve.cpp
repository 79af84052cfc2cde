#include "hub/resolve.h"

#include "command.h"
#include "hub/catalogue.h"
#include "hub/fetch.h"
#include "hub/models.h"

namespace quipu::app {
namespace {

// Of several quantisations of one model the default, else the nearest; of several models none.
const LocalModel& the_one(const std::string& name, const std::vector<LocalModel>& found) {
  if (found.size() == 1) return found.front();
  std::vector<std::string> quants;
  std::string names;
  bool one_group = true;
  for (const LocalModel& model : found) {
    quants.push_back(model.quant);
    one_group = one_group && !model.group.empty() && model.group == found.front().group;
    names += (names.empty() ? "" : ", ") + printable(model.name);
  }
  if (!one_group)
    throw Error(ErrorCode::usage,
                printable(name) + ": expected the name of one model, found " + names);
  return found[*nearest_quant(default_quant, quants)];
}

// nullptr when the machine has none.
const LocalModel* cached(const HubReference& reference, const std::vector<LocalModel>& models,
                         std::vector<LocalModel>& found) {
  for (const LocalModel& model : models)
    if (model.store == Store::hub_cache && model.group == reference.repository.text() &&
        (reference.quant.empty() || model.quant == reference.quant))
      found.push_back(model);
  return found.empty() ? nullptr : &the_one(reference.text(), found);
}

std::filesystem::path from_cache_or_hub(const HubReference& reference, Fetch fetch, bool quiet,
                                        const std::vector<LocalModel>& models) {
  std::vector<LocalModel> found;
  if (const LocalModel* model = cached(reference, models, found)) {
    if (fetch == Fetch::allowed && !quiet && reference.quant.empty() &&
        model->quant != default_quant)
      say(reference.text() + ": using " + model->name + ", which is on this machine");
    return model->files.front();
  }
  if (fetch == Fetch::never)
    throw Error(ErrorCode::io,
                reference.text() + ": not on this machine; quipu download " +
                    reference.repository.text() + " --quant " +
                    (reference.quant.empty() ? std::string(default_quant) : reference.quant) +
                    " gets it");
  return fetch_reference(reference, quiet);
}

bool is_path(const std::string& name) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(name, error));
}

}  // namespace

std::filesystem::path resolve_model(const std::string& name, Fetch fetch, bool quiet) {
  if (is_path(name)) return name;
  if (name.starts_with(HubReference::prefix))
    return from_cache_or_hub(HubReference::parse(name), fetch, quiet, local_models());
  const auto models = local_models();
  if (const auto found = find_models(name, models); !found.empty())
    return the_one(name, found).files.front();
  if (const auto reference = catalogued(name))
    return from_cache_or_hub(*reference, fetch, quiet, models);
  return name;
}

std::optional<HubReference> only_on_the_hub(const std::string& name) {
  if (is_path(name)) return {};
  const auto models = local_models();
  std::optional<HubReference> reference;
  if (name.starts_with(HubReference::prefix))
    reference = HubReference::parse(name);
  else if (find_models(name, models).empty())
    reference = catalogued(name);
  std::vector<LocalModel> found;
  return reference && !cached(*reference, models, found) ? reference : std::nullopt;
}

}  // namespace quipu::app
