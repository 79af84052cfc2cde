// quipu download: files of the hub, or a list of what a repository has.
#include <algorithm>

#include "command.h"
#include "hub/catalogue.h"
#include "hub/fetch.h"

namespace quipu::app {
namespace {

std::string row(std::string size, std::string quant, const std::string& name) {
  size.insert(0, std::max<std::size_t>(size.size(), 10) - size.size(), ' ');
  quant.resize(std::max<std::size_t>(quant.size(), 10), ' ');
  return size + "  " + quant + "  " + printable(name, 1000) + "\n";
}

int list(const Options& options, const HubListing& listing) {
  if (options.json()) {
    json::array files;
    for (const HubFile& file : listing.files)
      files.push_back({{"name", printable(file.name, 1100)},
                       {"bytes", file.bytes},
                       {"quant", quant_of(file.name)},
                       {"digest", file.digest}});
    json::array refused;
    for (const auto& text : listing.refused) refused.emplace_back(text);
    print_json({{"repository", listing.repository.text()},
                {"commit", listing.commit},
                {"gated", listing.gated},
                {"files", std::move(files)},
                {"refused", std::move(refused)}});
    return exit_ok;
  }
  std::string text;
  for (const HubModel& model : models_of(listing))
    text += row(readable_bytes(model.bytes), model.quant,
                model.parts.front().name +
                    (model.parts.size() > 1
                         ? " (first of " + std::to_string(model.parts.size()) + " parts)"
                         : ""));
  if (text.empty()) text = "no GGUF files\n";
  if (options.verbose()) {
    text += "\nall files at " + listing.commit + ":\n";
    for (const HubFile& file : listing.files)
      text += row(readable_bytes(file.bytes), quant_of(file.name), file.name);
  }
  print(text);
  if (options.quiet()) return exit_ok;
  if (listing.gated) say(listing.repository.text() + " is gated: files need HF_TOKEN and access");
  for (const auto& refused : listing.refused) say("warning: refused: " + refused);
  return exit_ok;
}

// The words of the command line: OWNER/REPO, hf:OWNER/REPO[:QUANT] or a catalogued name.
HubReference reference_of(const Options& options) {
  const std::string& name = options.required("OWNER/REPO");
  const auto known = catalogued(name);
  HubReference reference = known ? *known : HubReference::parse(name);
  if (options.has("quant"))
    reference.quant =
        HubReference::parse(reference.repository.text() + ":" + options.get<std::string>("quant"))
            .quant;
  return reference;
}

int run(const std::vector<std::string>& words) {
  Options options(download_command);
  options.add()("file", po::value<std::string>()->value_name("FILE"),
                "this file, with all parts of a split model")(
      "quant", po::value<std::string>()->value_name("QUANT"), "the model in this quantisation")(
      "revision", po::value<std::string>()->value_name("REV")->default_value("main"),
      "branch, tag or commit")("output", po::value<std::string>()->value_name("DIR"),
                               "into this folder, not the Hugging Face cache");
  options.positional("OWNER/REPO");
  options.explain(
      "OWNER/REPO may be hf:OWNER/REPO[:QUANT] or a name of the catalogue (quipu models list -v).\n"
      "Prints the path of the (first) file. JSON: repository, commit, quant, bytes, files; of a "
      "list\n"
      "repository, commit, gated, files [name, bytes, quant, digest], refused.\n"
      "Heeds HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, https_proxy, "
      "SSL_CERT_FILE.\n"
      "A download that was broken off goes on where it was.\n");
  if (!options.parse(words)) return exit_ok;
  const HubReference reference = reference_of(options);
  const std::string& revision = options.get<std::string>("revision");
  if (const std::string problem = revision_problem(revision); !problem.empty())
    throw Error(ErrorCode::usage, "--revision: '" + printable(revision) + "': " + problem);
  if (options.has("file") && options.has("quant"))
    throw Error(ErrorCode::usage, "download: expected --file or --quant, found both");

  const auto settings = HubSettings::from_environment();
  const auto hub = online_hub(settings, reference.text(), options.quiet());
  const HubListing listing = hub->list(reference.repository, revision);
  if (!options.has("file") && reference.quant.empty()) return list(options, listing);
  std::string remark;
  const HubModel model = options.has("file")
                             ? choose_file(listing, options.get<std::string>("file"))
                             : choose_quant(listing, reference.quant, remark);
  if (!options.quiet())
    say("downloading " + listing.repository.text() + "/" + model.parts.front().name + ", " +
        readable_bytes(model.bytes));
  const auto paths =
      options.has("output")
          ? fetch_to_folder(*hub, listing, model,
                            std::filesystem::absolute(options.get<std::string>("output")),
                            options.quiet())
          : fetch_to_cache(*hub, settings, listing, revision, model, options.quiet());
  if (options.json()) {
    json::array files;
    for (const auto& path : paths) files.emplace_back(path.string());
    print_json({{"repository", listing.repository.text()},
                {"commit", listing.commit},
                {"quant", model.quant},
                {"bytes", model.bytes},
                {"files", std::move(files)}});
  } else {
    print(paths.front().string() + "\n");
  }
  return exit_ok;
}

}  // namespace

const Command download_command = {
    "download", "OWNER/REPO [--file F | --quant Q] [--revision R] [--output DIR]",
    "Gets a model from the hub; without --file or --quant lists what is there", run};

}  // namespace quipu::app
