// quipu models: which models this machine has, and what the hub has to offer.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "command.h"
#include "hub/cache.h"
#include "hub/catalogue.h"
#include "hub/fetch.h"
#include "hub/models.h"
#include "progress.h"
#include "table.h"

namespace quipu::app {
namespace {

json::object to_json(const LocalModel& model) {
  json::array files;
  for (const auto& file : model.files) files.emplace_back(printable(file.string(), 4096));
  return {{"name", printable(model.name, 1000)},
          {"quant", model.quant},
          {"bytes", model.bytes},
          {"store", to_string(model.store)},
          {"files", std::move(files)}};
}

std::string table(std::vector<std::vector<std::string>> rows) {
  for (auto& row : rows)
    for (std::string& cell : row) cell = printable(cell, 200);
  std::string text;
  for (const auto& line : aligned(rows)) text += line + "\n";
  return text;
}

int list(const Options& options) {
  const auto models = local_models();
  if (options.json()) {
    json::array array;
    for (const LocalModel& model : models) array.push_back(to_json(model));
    print_json(std::move(array));
    return exit_ok;
  }
  std::vector<std::vector<std::string>> rows = {{"NAME", "QUANT", "SIZE", "WHERE"}};
  for (const LocalModel& model : models)
    rows.push_back({model.name, model.quant.empty() ? "-" : model.quant,
                    readable_bytes(model.bytes), std::string(to_string(model.store))});
  print(models.empty() ? "no models; quipu run smollm2 gets one\n" : table(rows));
  if (options.verbose()) {
    rows = {{"CATALOGUE", "ON THE HUB", "ABOUT"}};
    for (const CatalogueEntry& entry : catalogue())
      rows.push_back({entry.name, entry.model.text(), entry.about});
    print("\n" + table(rows));
  }
  return exit_ok;
}

int search(const Options& options, const std::string& text) {
  const auto limit = options.get<std::uint32_t>("limit");
  if (limit == 0 || limit > 1000)
    throw Error(ErrorCode::usage, "--limit: expected 1 to 1000, found " + std::to_string(limit));
  const auto hub =
      online_hub(HubSettings::from_environment(), "search for " + text, options.quiet());
  auto hits = hub->search(text, limit);
  hits.resize(std::min<std::size_t>(hits.size(), limit));
  if (options.json()) {
    json::array array;
    for (const HubHit& hit : hits)
      array.push_back({{"repository", printable(hit.repository)},
                       {"downloads", hit.downloads},
                       {"likes", hit.likes},
                       {"updated", printable(hit.updated)}});
    print_json(std::move(array));
    return exit_ok;
  }
  std::vector<std::vector<std::string>> rows = {{"REPOSITORY", "DOWNLOADS", "LIKES", "UPDATED"}};
  for (const HubHit& hit : hits)
    rows.push_back({hit.repository, std::to_string(hit.downloads), std::to_string(hit.likes),
                    hit.updated.substr(0, 10)});
  print(hits.empty() ? "nothing found\n" : table(rows));
  return exit_ok;
}

// The models that NAME means; at least one.
std::vector<LocalModel> named(const std::string& name) {
  const auto models = local_models();
  auto found = find_models(name, models);
  if (found.empty())
    if (const auto reference = catalogued(name))
      found = find_models(reference->repository.text() + ":" + reference->quant, models);
  if (found.empty() && name.starts_with(HubReference::prefix))
    found = find_models(name.substr(HubReference::prefix.size()), models);
  if (found.empty())
    throw Error(ErrorCode::usage, printable(name) + ": expected a model of this machine (quipu "
                                                    "models list), found none of that name");
  return found;
}

LocalModel only(const std::string& name) {
  const auto found = named(name);
  if (found.size() == 1) return found.front();
  std::string names;
  for (const LocalModel& model : found)
    names += (names.empty() ? "" : ", ") + printable(model.name);
  throw Error(ErrorCode::usage,
              printable(name) + ": expected the name of one model, found " + names);
}

int show(const Options& options, const LocalModel& model) {
  if (options.json()) {
    json::object document = to_json(model);
    json::array digests;
    for (const auto& file : model.files)
      digests.emplace_back(recorded_digest(file, model.store).value_or(""));
    document["digests"] = std::move(digests);
    print_json(std::move(document));
    return exit_ok;
  }
  std::vector<std::vector<std::string>> rows = {
      {"name", model.name},
      {"quant", model.quant.empty() ? "not told by its name" : model.quant},
      {"size", readable_bytes(model.bytes)},
      {"where", std::string(to_string(model.store))}};
  std::string text = table(rows);
  for (const auto& file : model.files) text += printable(file.string(), 4096) + "\n";
  print(text);
  return exit_ok;
}

int path(const Options& options, const LocalModel& model) {
  if (options.json())
    print_json(to_json(model).at("files"));
  else
    print(model.files.front().string() + "\n");
  return exit_ok;
}

bool agreed(const Options& options, const LocalModel& model) {
  if (options.has("yes")) return true;
  if (!::isatty(STDIN_FILENO))
    throw Error(ErrorCode::usage, "models rm: expected --yes where nobody can be asked");
  std::fprintf(stderr, "remove %s, %s? [y/N] ", printable(model.name).c_str(),
               readable_bytes(model.bytes).c_str());
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

int remove(const Options& options, const LocalModel& model) {
  if (model.store != Store::hub_cache)
    throw Error(ErrorCode::usage, printable(model.name) +
                                      ": expected a model of the hub cache, "
                                      "found one of " +
                                      std::string(to_string(model.store)) +
                                      ", whose files quipu does not remove");
  if (!agreed(options, model)) return exit_no;
  const CacheFolder cache(HubSettings::from_environment().cache,
                          RepositoryName::parse(model.group));
  const std::uint64_t bytes = cache.remove(model.files);
  if (options.json())
    print_json({{"name", printable(model.name)}, {"bytes", bytes}});
  else
    print("removed " + printable(model.name) + ", " + readable_bytes(bytes) + "\n");
  return exit_ok;
}

struct Verification {
  const LocalModel* model;
  std::string verdict = "unrecorded";  // else "good" or "damaged"
  std::string message;
};

Verification verify(const LocalModel& model, Hub& hub, bool quiet) {
  Verification result{&model};
  ProgressBar bar(!quiet);
  std::uint64_t before = 0;
  for (const auto& file : model.files) {
    const auto recorded = recorded_digest(file, model.store);
    if (!recorded) continue;
    if (result.verdict == "unrecorded") result.verdict = "good";
    const std::string found = hub.digest(file, recorded->size(), [&](std::uint64_t bytes) {
      bar.show(before + bytes, model.bytes, model.name);
    });
    before += std::filesystem::file_size(file);
    if (found == *recorded) continue;
    result.verdict = "damaged";
    result.message =
        printable(file.string(), 1000) + ": expected the digest " + *recorded + ", found " + found;
  }
  return result;
}

int verify(const Options& options, const std::vector<LocalModel>& models) {
  const auto hub = open_hub(HubSettings::from_environment(), {interrupted, say});
  std::vector<Verification> results;
  for (const LocalModel& model : models) results.push_back(verify(model, *hub, options.quiet()));
  const bool good = std::ranges::none_of(
      results, [](const Verification& result) { return result.verdict == "damaged"; });
  if (options.json()) {
    json::array array;
    for (const Verification& result : results)
      array.push_back({{"name", printable(result.model->name)},
                       {"verdict", result.verdict},
                       {"message", result.message}});
    print_json(std::move(array));
  } else {
    std::vector<std::vector<std::string>> rows = {{"NAME", "VERDICT"}};
    for (const Verification& result : results) rows.push_back({result.model->name, result.verdict});
    print(table(rows));
  }
  for (const Verification& result : results)
    if (!result.message.empty()) say(result.message);
  return good ? exit_ok : exit_no;
}

int run(const std::vector<std::string>& words) {
  Options options(models_command);
  options.add()("limit", po::value<std::uint32_t>()->value_name("N")->default_value(20),
                "most repositories that search shows")("yes", "rm asks nothing");
  options.explain(
      "Places: the Hugging Face cache, folders of QUIPU_MODELS, ollama, LM Studio. NAME is what "
      "list\n"
      "shows; rm removes from the Hugging Face cache alone. verify exits with 1 when a file is "
      "damaged.\n"
      "JSON: list and show: name, quant, bytes, store, files (show: digests); path: the files;\n"
      "search: repository, downloads, likes, updated; rm: name, bytes; verify: name, verdict "
      "(good,\n"
      "damaged, unrecorded), message.\n");
  options.positional("ACTION");
  options.positional("NAME");
  if (!options.parse(words)) return exit_ok;
  const std::string& action = options.required("ACTION");
  if (action == "list") return list(options);
  if (action == "verify")
    return verify(options, options.has("NAME") ? named(options.required("NAME")) : local_models());
  for (const auto& [word, function] : {std::pair{"show", &show}, {"path", &path}, {"rm", &remove}})
    if (action == word) return function(options, only(options.required("NAME")));
  if (action == "search") return search(options, options.required("NAME"));
  throw Error(ErrorCode::usage, "models: expected list, search, show, rm, verify or path, found " +
                                    printable(action));
}

}  // namespace

const Command models_command = {
    "models", "list | search TEXT [--limit N] | show NAME | rm NAME | verify [NAME] | path NAME",
    "The models of this machine, and which ones the hub has", run};

}  // namespace quipu::app
