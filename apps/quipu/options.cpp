#include <cstdlib>
#include <fstream>
#include <sstream>

#include "command.h"

namespace quipu::app {
namespace {

std::filesystem::path configuration_file() {
  if (const char* file = std::getenv("QUIPU_CONFIG")) return file;
  if (const char* base = std::getenv("XDG_CONFIG_HOME"); base && *base)
    return std::filesystem::path(base) / "quipu/config";
  if (const char* home = std::getenv("HOME"); home && *home)
    return std::filesystem::path(home) / ".config/quipu/config";
  return {};
}

// "top-k" -> "QUIPU_TOP_K".
std::string environment_name(const std::string& option) {
  std::string name = "QUIPU_";
  for (const char c : option) name += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

KvType kv_type(const std::string& name) {
  if (name == "f16") return KvType::f16;
  if (name == "q8_0") return KvType::q8_0;
  if (name == "f32") return KvType::f32;
  throw Error(ErrorCode::usage, "--kv: expected f16, q8_0 or f32, found " + printable(name));
}

}  // namespace

Options::Options(const Command& command) : command_(command) {
  common_.add_options()("plugin", po::value<std::vector<std::string>>()->value_name("PATH"),
                        "a plugin or a folder of them, before all others")(
      "bundled-only", "use no plugins but the ones that came with quipu")("json", "print JSON")(
      "quiet,q", "say nothing on stderr")("verbose,v", "say more on stderr")("help,h",
                                                                             "print this");
  hidden_.add_options()("help-all", "print this and rare options");
}

void Options::positional(const char* name, bool many) {
  if (many)
    hidden_.add_options()(name, po::value<std::vector<std::string>>());
  else
    hidden_.add_options()(name, po::value<std::string>());
  positional_.add(name, many ? -1 : 1);
}

void Options::add_engine_options() {
  engine_.add_options()("threads", po::value<std::uint32_t>()->value_name("N"),
                        "threads (default: one per core)")(
      "ctx", po::value<std::uint32_t>()->value_name("N"),
      "context in tokens (default: the model's, at most 4096)")(
      "kv", po::value<std::string>()->value_name("TYPE")->default_value("f16"),
      "keys and values as f16, q8_0 or f32")("backend",
                                             po::value<std::string>()->value_name("NAME"),
                                             "backend (default: the preferred one)")(
      "deterministic", "the same bytes alone, in a batch, or after a cached prefix");
}

void Options::add_repack_option() {
  add_rare()("repack", "copy the weights into an order that is faster for several sequences");
}

bool Options::parse(const std::vector<std::string>& words,
                    const std::vector<std::pair<std::string, std::string>>& first) {
  po::options_description visible, all;
  visible.add(own_).add(rare_).add(engine_).add(common_);
  all.add(visible).add(hidden_);
  // What is stored first wins.
  const auto store = [&](const auto& parsed) {
    for (const auto& option : parsed.options)
      if (!option.value.empty()) texts_.emplace(option.string_key, option.value.back());
    po::store(parsed, values_);
  };
  try {
    po::parsed_options preset(&all);
    for (const auto& [name, value] : first)
      preset.options.emplace_back(name, std::vector<std::string>{value});
    store(preset);
    using style = po::command_line_style::style_t;
    store(po::command_line_parser(words)
              .options(all)
              .positional(positional_)
              .style(style(po::command_line_style::unix_style &
                           ~po::command_line_style::allow_guessing))
              .run());
    if (has("help") || has("help-all")) {
      print(help());
      return false;
    }
    store(po::parse_environment(visible, [&](const std::string& variable) -> std::string {
      for (const auto& option : visible.options())
        if (option->long_name() != "help" && environment_name(option->long_name()) == variable)
          return option->long_name();
      return {};
    }));
    if (std::ifstream file{configuration_file()}) {
      // A key of another verb is no mistake here.
      store(po::parse_config_file(file, visible, true));
    }
    po::notify(values_);
  } catch (const po::error& error) {
    throw Error(ErrorCode::usage, std::string(command_.name) + ": " + error.what() + "; quipu " +
                                      std::string(command_.name) + " --help");
  }
  return true;
}

std::vector<std::string> Options::names(bool rare) const {
  std::vector<std::string> names;
  for (const auto& option : (rare ? rare_ : own_).options()) names.push_back(option->long_name());
  return names;
}

const po::option_description& Options::declared(const std::string& name) const {
  const auto* const found = own_.find_nothrow(name, false);
  return found ? *found : rare_.find(name, false);
}

std::string Options::description(const std::string& name) const {
  return declared(name).description();
}

bool Options::takes_value(const std::string& name) const {
  return declared(name).semantic()->max_tokens() > 0;
}

std::string Options::text(const std::string& name) const {
  if (const auto found = texts_.find(name); found != texts_.end()) return found->second;
  if (!takes_value(name)) return has(name.c_str()) ? "on" : "";
  // "N (=-1)", as help shows it.
  const std::string shown = declared(name).format_parameter();
  const std::size_t begin = shown.find("(=");
  return begin == std::string::npos ? "" : shown.substr(begin + 2, shown.size() - begin - 3);
}

const std::string& Options::required(const char* name) const {
  if (!has(name))
    throw Error(ErrorCode::usage, std::string(command_.name) + ": expected " + name +
                                      ", found none; usage: quipu " + std::string(command_.name) +
                                      " " + std::string(command_.synopsis));
  return get<std::string>(name);
}

std::string Options::help() const {
  std::ostringstream out;
  out << "quipu " << command_.name << " " << command_.synopsis << "\n\n"
      << command_.summary << "\n\n";
  for (const auto* group : {&own_, &rare_, &engine_, &common_})
    if (!group->options().empty() && (group != &rare_ || has("help-all"))) out << *group;
  if (!rare_.options().empty() && !has("help-all"))
    out << "\n--help-all shows " << rare_.options().size() << " more\n";
  if (!explanation_.empty()) out << "\n" << explanation_;
  return out.str();
}

std::unique_ptr<Registry> Options::registry() const {
  RegistryOptions options;
  if (has("plugin"))
    for (const auto& path : get<std::vector<std::string>>("plugin"))
      options.plugins.push_back(path);
  options.bundled_only = has("bundled-only");
  options.log = [quiet = quiet(), verbose = verbose()](int level, std::string_view text) {
    if (!quiet && (verbose || level >= QUIPU_LOG_WARNING)) say(text);
  };
  return std::make_unique<Registry>(std::move(options));
}

EngineOptions Options::engine() const {
  EngineOptions options;
  if (has("backend")) options.backend = get<std::string>("backend");
  if (has("threads")) options.threads = get<std::uint32_t>("threads");
  if (has("ctx")) options.context = get<std::uint32_t>("ctx");
  options.kv = kv_type(get<std::string>("kv"));
  options.deterministic = has("deterministic");
  options.repack = has("repack");
  return options;
}

}  // namespace quipu::app
