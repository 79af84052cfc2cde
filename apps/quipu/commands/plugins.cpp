// quipu plugins: which plugins there are, where they were looked for, and what a file is. Loads
// none of them.
#include <algorithm>

#include "command.h"

namespace quipu::app {
namespace {

std::string shown(const std::filesystem::path& path) {
  return printable(path.native(), 1000);
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words)
    text.append(text.empty() ? "" : between).append(printable(word));
  return text;
}

std::string abi_of(const PluginInfo& info) {
  return std::to_string(info.abi_major) + "." + std::to_string(info.abi_minor);
}

json::array to_json(const std::vector<std::string>& words) {
  json::array array;
  for (const std::string& word : words) array.emplace_back(printable(word));
  return array;
}

json::object to_json(const PluginInfo& info) {
  return {{"path", shown(info.path)},
          {"origin", to_string(info.origin)},
          {"kind", to_string(info.kind)},
          {"name", info.name},
          {"version", info.version},
          {"license", info.license},
          {"vendor", info.vendor},
          {"build", info.build},
          {"target", info.target},
          {"abi", abi_of(info)},
          {"opset", info.opset},
          {"provides", to_json(info.provides)},
          {"usable", info.usable},
          {"problem", info.problem},
          {"shadowed_by", printable(info.shadowed_by, 1000)}};
}

json::array to_json(const std::vector<PluginPlace>& places) {
  json::array array;
  for (const PluginPlace& place : places)
    array.push_back({{"path", shown(place.path)},
                     {"origin", to_string(place.origin)},
                     {"remark", place.remark},
                     {"ignored", place.ignored}});
  return array;
}

void pad(std::string& line, std::size_t column) {
  line.resize(std::max(line.size() + 2, column), ' ');
}

std::string to_text(const PluginInfo& info, bool verbose) {
  std::string text(to_string(info.kind));
  pad(text, 14);
  text += info.name.empty() ? shown(info.path.filename()) : info.name;
  pad(text, 38);
  text += info.version;
  pad(text, 48);
  text += to_string(info.origin);
  if (!info.provides.empty()) pad(text, 61);
  text += joined(info.provides, " ") + "\n";
  if (verbose) text += "    " + shown(info.path) + "\n";
  if (!info.usable) text += "    not usable: " + info.problem + "\n";
  if (!info.shadowed_by.empty())
    text += "    shadowed by " + printable(info.shadowed_by, 1000) + "\n";
  return text;
}

std::string to_text(const PluginPlace& place, bool verbose) {
  std::string text(to_string(place.origin));
  pad(text, 13);
  text += shown(place.path) + ": " + place.remark;
  if (verbose && place.ignored)
    text += ", " + std::to_string(place.ignored) + " other .so files ignored";
  return text + "\n";
}

int list(const Options& options) {
  const auto registry = options.registry();
  const auto plugins = registry->plugins();
  if (options.json()) {
    json::array array;
    for (const PluginInfo& info : plugins) array.push_back(to_json(info));
    print_json({{"plugins", std::move(array)}, {"places", to_json(registry->places())}});
    return exit_ok;
  }
  std::string text;
  for (const PluginInfo& info : plugins) text += to_text(info, options.verbose());
  if (plugins.empty()) text = "no plugins: " + registry->searched() + "\n";
  print(text);
  return exit_ok;
}

int path(const Options& options) {
  const auto registry = options.registry();
  if (options.json()) {
    print_json(to_json(registry->places()));
    return exit_ok;
  }
  std::string text;
  for (const PluginPlace& place : registry->places()) text += to_text(place, options.verbose());
  print(text);
  return exit_ok;
}

std::string line(std::string label, const std::string& value) {
  pad(label, 13);
  return label + value + "\n";
}

int inspect(const Options& options) {
  const PluginInfo info = options.registry()->inspect(options.required("FILE"));
  const int code = info.usable ? exit_ok : exit_no;
  if (options.json()) {
    json::object document = to_json(info);
    document["needed"] = to_json(info.needed);
    document["exports"] = to_json(info.exports);
    print_json(std::move(document));
    return code;
  }
  std::string text = line("path", shown(info.path));
  if (!info.name.empty()) {
    text += line("name", info.name + " " + info.version);
    text += line("kind", std::string(to_string(info.kind)));
    text += line("provides", joined(info.provides, " "));
    text += line("vendor", info.vendor + ", " + info.license);
    text += line("built", "plugin ABI " + abi_of(info) + ", opset " + std::to_string(info.opset) +
                              ", " + info.target + ", compiler " + info.build);
  }
  text += line("needs", info.needed.empty() ? "no library" : joined(info.needed, ", "));
  if (!info.exports.empty())
    text += line("exports", joined(info.exports, ", ") + " (beside the two symbols of a plugin)");
  if (!info.shadowed_by.empty()) text += line("shadowed by", printable(info.shadowed_by, 1000));
  text += line("usable", info.usable ? "yes, by its manifest; loading has not been tried"
                                     : "no: " + info.problem);
  print(text);
  return code;
}

int run(const std::vector<std::string>& words) {
  Options options(plugins_command);
  options.positional("ACTION");
  options.positional("FILE");
  if (!options.parse(words)) return exit_ok;
  const std::string& action = options.required("ACTION");
  if (action == "inspect") return inspect(options);
  if (action != "list" && action != "path")
    throw Error(ErrorCode::usage,
                "plugins: expected list, inspect or path, found " + printable(action));
  if (options.has("FILE"))
    throw Error(ErrorCode::usage, "plugins " + action + ": found one word too many, " +
                                      printable(options.required("FILE")));
  return action == "list" ? list(options) : path(options);
}

}  // namespace

const Command plugins_command = {"plugins", "list | inspect FILE | path [--json]",
                                 "Which plugins there are, and what a plugin file is", run};

}  // namespace quipu::app
