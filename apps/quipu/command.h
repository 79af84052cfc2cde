// What a verb of the command line is, and what all verbs share: exit codes, options, messages.
#pragma once

#include <atomic>
#include <boost/json.hpp>
#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/resolve.h"
#include "quipu/engine.h"
#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu::app {

namespace po = boost::program_options;
namespace json = boost::json;

/// Promises that scripts rely on.
enum Exit : int {
  exit_ok = 0,
  exit_no = 1,  ///< a check failed, a difference was found
  exit_usage = 2,
  exit_invalid = 3,      ///< the model or file
  exit_unsupported = 4,  ///< a plugin is missing
  exit_io = 5,           ///< file system or network
  exit_interrupted = 130
};

int exit_code(ErrorCode code) noexcept;

/// A verb. `run` gets the words after it; it returns an exit code or throws Error.
struct Command {
  std::string_view name;
  std::string_view synopsis;  ///< "MODEL [--prompt TEXT] …"
  std::string_view summary;   ///< one line
  int (*run)(const std::vector<std::string>& words);
};

/// One per file of commands/.
extern const Command bench_command, chat_command, check_command, completion_command,
    detokenize_command, download_command, embed_command, grammar_command, imatrix_command,
    info_command, logits_command, models_command, perplexity_command, plugins_command,
    quantize_command, run_command, template_command, tokenize_command, version_command;

/// All verbs in the order in which help shows them.
const std::vector<const Command*>& commands();

/// The options of one verb: declared, then parsed from the command line, QUIPU_<NAME> in the
/// environment and the configuration file, in this order of precedence.
class Options {
 public:
  explicit Options(const Command& command);

  /// Declares options: options.add()("prompt,p", po::value<std::string>(), "text to continue").
  po::options_description_easy_init add() { return own_.add_options(); }
  /// Declares options that only --help-all shows.
  po::options_description_easy_init add_rare() { return rare_.add_options(); }
  /// Words without a dash, in order; `many` takes any number of them.
  void positional(const char* name, bool many = false);
  /// Text below the options in --help: what JSON holds, which variables count.
  void explain(std::string text) { explanation_ = std::move(text); }
  /// --threads, --ctx, --kv, --backend, --deterministic.
  void add_engine_options();
  /// --repack, a rare one.
  void add_repack_option();

  /// False when --help was asked for and printed. `first`: names and values that come before those
  /// of the command line. Throws Error{usage}.
  bool parse(const std::vector<std::string>& words,
             const std::vector<std::pair<std::string, std::string>>& first = {});

  /// Of the options that add() declared, or add_rare(), in order.
  std::vector<std::string> names(bool rare) const;
  /// Of one of them.
  std::string description(const std::string& name) const;
  bool takes_value(const std::string& name) const;
  /// What was given for an option, or its default, as it would be typed; "" when there is neither.
  std::string text(const std::string& name) const;

  bool has(const char* name) const { return values_.count(name) != 0; }
  template <class T>
  const T& get(const char* name) const {
    return values_[name].as<T>();
  }
  /// The positional word, or Error{usage} naming it.
  const std::string& required(const char* name) const;

  bool quiet() const { return has("quiet"); }
  bool verbose() const { return has("verbose"); }
  bool json() const { return has("json"); }

  /// The registry that --plugin and --bundled-only describe; log lines of plugins go to stderr.
  std::unique_ptr<Registry> registry() const;
  EngineOptions engine() const;

 private:
  std::string help() const;
  const po::option_description& declared(const std::string& name) const;

  const Command& command_;
  po::options_description own_, rare_, engine_, common_, hidden_;
  po::positional_options_description positional_;
  std::string explanation_;
  po::variables_map values_;
  std::map<std::string, std::string> texts_;  // as given
};

/// A line on stderr that begins "quipu: ", control bytes escaped.
void say(std::string_view text);

/// Writes to stdout; throws Error{io} when that fails (a full disk, a closed pipe).
void print(std::string_view text);
/// One JSON document and a newline.
void print_json(const json::value& document);

/// All of stdin, or of a file ("-" is stdin). Throws io naming it.
std::string read_all(const std::filesystem::path& file);

/// Finds what MODEL names (hub/resolve.h) and opens it. Only with Fetch::allowed is a model that is
/// not here downloaded, and that said unless `quiet`.
std::shared_ptr<const ModelFile> open_model(const std::string& name, Registry& registry,
                                            Fetch fetch = Fetch::never, bool quiet = false);

/// Tokens of "1,2,3" or "1 2 3"; throws usage naming the word that is none.
std::vector<Token> parse_tokens(std::string_view text,
                                std::string_view expected = "expected a token id");

/// "494.0 MB", "1.2 GB": decimal, as file managers show it.
std::string readable_bytes(std::uint64_t bytes);

/// "stop", "length", "context_full" …, as JSON has it.
std::string_view to_string(FinishReason reason);

/// Set by Ctrl-C; long work looks at it and stops.
extern std::atomic<bool> interrupted;

}  // namespace quipu::app
