// quipu info: what a model is, and what would serve it. Reads the header; loads no weights. Of a
// model on the hub the header comes over the network, the rest stays there.
#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "../check/check.h"
#include "command.h"
#include "hub/fetch.h"
#include "hub/header.h"
#include "quipu/chat_template.h"

namespace quipu::app {
namespace {

struct FormatShare {
  std::uint64_t tensors = 0, weights = 0, bytes = 0;
};

std::uint64_t weights_of(const TensorEntry& tensor) {
  std::uint64_t count = 1;
  for (const auto axis : tensor.shape) count *= axis;
  return count;
}

std::map<std::string, FormatShare> shares(const ModelFile& file, Registry& registry) {
  std::map<std::string, FormatShare> by_format;
  for (const auto& tensor : file.tensors()) {
    const auto& codec = registry.codec(tensor.type);
    auto& share = by_format[codec.name];
    const auto weights = weights_of(tensor);
    share.tensors += 1;
    share.weights += weights;
    share.bytes += weights / codec.block_columns * codec.block_bytes;
  }
  return by_format;
}

// A value as people read it; long ones are cut.
std::string to_text(const quipu_value& value) {
  switch (value.type) {
  case QUIPU_VALUE_UNSIGNED:
    return std::to_string(value.as.u);
  case QUIPU_VALUE_SIGNED:
    return std::to_string(value.as.i);
  case QUIPU_VALUE_FLOAT: {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value.as.f);
    return text;
  }
  case QUIPU_VALUE_BOOL:
    return value.as.u ? "true" : "false";
  case QUIPU_VALUE_STRING:
    return printable({value.as.s.data, value.as.s.size}, 120);
  default:
    return "array of " + std::to_string(value.count);
  }
}

/// The model, and where it is when that is not on this machine.
struct Subject {
  std::shared_ptr<const ModelFile> file;
  std::string remote;
};

Subject open_subject(const Options& options, Registry& registry) {
  const std::string& name = options.required("MODEL");
  const auto reference = only_on_the_hub(name);
  if (!reference) return {open_model(name, registry), ""};
  const auto hub = online_hub(HubSettings::from_environment(), reference->text(), options.quiet());
  const HubListing listing = hub->list(reference->repository, "main");
  std::string remark;
  const HubModel model = choose_quant(listing, reference->quant, remark);
  if (!remark.empty() && !options.quiet()) say(remark);
  return {open_header(*hub, listing, model, registry),
          listing.repository.text() + "/" + model.parts.front().name};
}

// Nothing for a model that cannot run here or gives no logits.
std::optional<EngineNeeds> needs_of(const Subject& subject, const Options& options,
                                    const ModelReport& report, Registry& registry) {
  if (report.architecture.empty() || !report.missing_plugins.empty() || !report.problems.empty())
    return {};
  try {
    return Engine::measure(*Model::make(subject.file, registry), registry, options.engine());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unsupported && !options.has("backend")) return {};
    throw;
  }
}

struct Facts {
  std::string name, architecture, tokenizer, chat_template, license;
  std::vector<std::string> chat_templates;  ///< keys of all that the file ships
  std::uint64_t context = 0, width = 0, layers = 0, vocabulary = 0, parameters = 0, bytes = 0;
};

std::string text_or(const Metadata& metadata, std::string_view key, std::string_view fallback) {
  return printable(metadata.text(key).value_or(fallback));
}

Facts facts_of(const ModelFile& file) {
  const auto& metadata = file.metadata();
  Facts facts;
  facts.name = text_or(metadata, "general.name", "");
  facts.architecture = text_or(metadata, "general.architecture", "");
  facts.license = text_or(metadata, "general.license", "not stated");
  facts.tokenizer = text_or(metadata, "tokenizer.ggml.model", "none");
  if (const auto pre = metadata.text("tokenizer.ggml.pre"))
    facts.tokenizer += " (" + printable(*pre) + ")";
  const auto count = [&](const char* key) -> std::uint64_t {
    const auto value = metadata.integer(facts.architecture + "." + key);
    return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
  };
  facts.context = count("context_length");
  facts.width = count("embedding_length");
  facts.layers = count("block_count");
  if (const auto tokens = metadata.find("tokenizer.ggml.tokens")) facts.vocabulary = tokens->count;
  try {
    facts.chat_template = ChatTemplate::make(metadata) ? "jinja" : "none";
  } catch (const Error& error) {
    facts.chat_template = std::string("damaged: ") + error.what();
  }
  for (std::size_t i = 0; i < metadata.size(); ++i)
    if (const auto key = metadata.at(i).first;
        key == "tokenizer.chat_template" || key.starts_with("tokenizer.chat_template."))
      facts.chat_templates.push_back(printable(key));
  for (const auto& tensor : file.tensors()) facts.parameters += weights_of(tensor);
  for (const auto& part : file.parts()) facts.bytes += part.bytes;
  return facts;
}

json::value to_json(const EngineNeeds& needs, std::uint64_t weight_bytes) {
  return {{"context", needs.context},
          {"weights", weight_bytes},
          {"cache", needs.cache_bytes},
          {"scratch", needs.scratch_bytes},
          {"total", weight_bytes + needs.cache_bytes + needs.scratch_bytes}};
}

json::object to_json(const Facts& facts, const ModelFile& file,
                     const std::map<std::string, FormatShare>& formats, const ModelReport& report) {
  json::array tensors, keys, missing;
  for (const auto& tensor : file.tensors())
    tensors.push_back({{"name", printable(tensor.name, 1000)},
                       {"type", printable(tensor.type)},
                       {"shape", json::value_from(tensor.shape)}});
  for (std::size_t i = 0; i < file.metadata().size(); ++i) {
    const auto [key, value] = file.metadata().at(i);
    keys.push_back({{"key", printable(key)}, {"value", to_text(value)}});
  }
  for (const auto& plugin : report.missing_plugins) missing.emplace_back(printable(plugin, 1000));
  json::object shares;
  for (const auto& [name, share] : formats)
    shares[name] = {{"tensors", share.tensors}, {"weights", share.weights}, {"bytes", share.bytes}};
  return {{"container", file.container()},
          {"loader", file.loader()},
          {"name", facts.name},
          {"architecture", facts.architecture},
          {"architecture_plugin", report.architecture},
          {"parameters", facts.parameters},
          {"bytes", facts.bytes},
          {"context", facts.context},
          {"width", facts.width},
          {"layers", facts.layers},
          {"vocabulary", facts.vocabulary},
          {"tokenizer", facts.tokenizer},
          {"chat_template", facts.chat_template},
          {"chat_templates", json::value_from(facts.chat_templates)},
          {"license", facts.license},
          {"formats", std::move(shares)},
          {"missing_plugins", std::move(missing)},
          {"metadata", std::move(keys)},
          {"tensors", std::move(tensors)}};
}

std::string line(const char* label, const std::string& value) {
  std::string text = label;
  text.resize(16, ' ');
  return text + value + "\n";
}

std::string to_text(const Facts& facts, const ModelFile& file,
                    const std::map<std::string, FormatShare>& formats, const ModelReport& report) {
  std::string text =
      line("container", file.container() + " in " + std::to_string(file.parts().size()) +
                            (file.parts().size() == 1 ? " file, " : " files, ") +
                            readable_bytes(facts.bytes));
  if (!facts.name.empty()) text += line("name", facts.name);
  text += line("architecture",
               facts.architecture + (report.architecture.empty()
                                         ? ", no plugin claims it"
                                         : ", served by the plugin " + report.architecture));
  char number[64];
  std::snprintf(number, sizeof number, "%.1f million", static_cast<double>(facts.parameters) / 1e6);
  text += line("parameters", number);
  text += line("shape",
               std::to_string(facts.layers) + " layers of width " + std::to_string(facts.width));
  text += line("context", std::to_string(facts.context) + " tokens");
  text += line("tokenizer", facts.tokenizer + ", " + std::to_string(facts.vocabulary) + " tokens");
  std::string templates = facts.chat_template;
  for (const auto& key : facts.chat_templates) templates += ", " + key;
  text += line("chat template", templates);
  text += line("license", facts.license);
  for (const auto& [name, share] : formats) {
    std::snprintf(number, sizeof number, "%.2f",
                  8.0 * static_cast<double>(share.bytes) /
                      static_cast<double>(std::max<std::uint64_t>(share.weights, 1)));
    text += line("format", name + ": " + std::to_string(share.tensors) + " tensors, " +
                               readable_bytes(share.bytes) + ", " + number + " bits per weight");
  }
  for (const auto& missing : report.missing_plugins)
    text += line("missing", printable(missing, 1000));
  return text;
}

std::string to_text(const EngineNeeds& needs, std::uint64_t weight_bytes) {
  return line("memory", readable_bytes(weight_bytes + needs.cache_bytes + needs.scratch_bytes) +
                            " for " + std::to_string(needs.context) + " tokens: weights " +
                            readable_bytes(weight_bytes) + ", cache " +
                            readable_bytes(needs.cache_bytes) + ", scratch " +
                            readable_bytes(needs.scratch_bytes));
}

int run(const std::vector<std::string>& words) {
  Options options(info_command);
  options.add_engine_options();
  options.positional("MODEL");
  if (!options.parse(words)) return exit_ok;
  const auto registry = options.registry();
  const Subject subject = open_subject(options, *registry);
  const auto& file = subject.file;
  validate(*file, *registry);
  const auto facts = facts_of(*file);
  const auto formats = shares(*file, *registry);
  ModelReport report;
  if (!file->tensors().empty()) report = Model::examine(*file, *registry);
  const auto needs = needs_of(subject, options, report, *registry);
  if (options.json()) {
    json::object document = to_json(facts, *file, formats, report);
    document["remote"] = printable(subject.remote, 1100);
    if (needs) document["memory"] = to_json(*needs, facts.bytes);
    print_json(std::move(document));
  } else {
    std::string text = to_text(facts, *file, formats, report);
    if (needs) text += to_text(*needs, facts.bytes);
    if (!subject.remote.empty()) text += line("on the hub", printable(subject.remote, 1100));
    print(text);
  }
  if (!options.quiet())
    for (const auto& problem : report.problems) say("warning: " + problem);
  return report.missing_plugins.empty() ? exit_ok : exit_unsupported;
}

}  // namespace

const Command info_command = {"info", "MODEL [--ctx N] [--json]",
                              "What a model is, and which plugins would serve it", run};

}  // namespace quipu::app
