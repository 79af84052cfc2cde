#include "hub/choose.h"

#include <algorithm>
#include <map>
#include <set>

#include "quipu/error.h"

namespace quipu::app {
namespace {

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + printable(word);
  return text.empty() ? "none" : text;
}

// Of a file that the hub gave an unsafe name, the reason; else what there is.
Error nothing_called(const HubListing& listing, const std::string& name) {
  for (const std::string& refused : listing.refused)
    if (refused.starts_with("'" + printable(name) + "'"))
      return Error(ErrorCode::invalid,
                   listing.repository.text() + ": the file " + refused + "; it is refused");
  std::set<std::string> names;
  for (const HubFile& file : listing.files) names.insert(file.name);
  return Error(ErrorCode::usage, listing.repository.text() + ": expected a file '" +
                                     printable(name) + "', found " + joined(names));
}

}  // namespace

std::vector<HubModel> models_of(const HubListing& listing) {
  std::map<std::string, const HubFile*> by_name;
  std::vector<std::string> names;
  for (const HubFile& file : listing.files) {
    by_name[file.name] = &file;
    names.push_back(file.name);
  }
  std::vector<HubModel> models;
  for (const auto& parts : models_among(std::move(names))) {
    HubModel model{quant_of(parts.front()), {}, 0};
    for (const std::string& part : parts) {
      model.parts.push_back(*by_name[part]);
      model.bytes += model.parts.back().bytes;
    }
    models.push_back(std::move(model));
  }
  return models;
}

HubModel choose_file(const HubListing& listing, const std::string& name) {
  for (const HubModel& model : models_of(listing))
    for (const HubFile& part : model.parts)
      if (part.name == name) return model;
  for (const HubFile& file : listing.files)
    if (file.name == name) return {quant_of(name), {file}, file.bytes};
  throw nothing_called(listing, name);
}

HubModel choose_quant(const HubListing& listing, const std::string& quant, std::string& remark) {
  const std::vector<HubModel> models = models_of(listing);
  const std::string repository = listing.repository.text();
  if (models.empty())
    throw Error(ErrorCode::usage,
                repository + ": expected GGUF files, found none" +
                    (listing.refused.empty() ? "" : "; refused: " + listing.refused[0]));
  std::vector<std::string> quants;
  for (const HubModel& model : models) quants.push_back(model.quant);
  std::string wanted = quant;
  if (wanted.empty()) {
    wanted = quants[*nearest_quant(default_quant, quants)];
    if (wanted != default_quant)
      remark = repository + " has no " + std::string(default_quant) + "; the nearest is " +
               (wanted.empty() ? "a file of unknown format" : wanted);
  }
  std::vector<HubModel> found;
  std::ranges::copy_if(models, std::back_inserter(found),
                       [&](const HubModel& model) { return model.quant == wanted; });
  if (found.empty())
    throw Error(ErrorCode::usage, repository + ": expected a file in " + wanted + ", found " +
                                      joined({quants.begin(), quants.end()}));
  if (found.size() > 1) {
    std::set<std::string> names;
    for (const HubModel& model : found) names.insert(model.parts.front().name);
    throw Error(ErrorCode::usage, repository + ": expected one file in " +
                                      (wanted.empty() ? "an unknown format" : wanted) + ", found " +
                                      joined(names) + "; --file names one");
  }
  return found.front();
}

}  // namespace quipu::app
