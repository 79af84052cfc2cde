#include "chat/settings.h"

#include <algorithm>

#include "grammar_options.h"
#include "sampling_options.h"

namespace quipu::app {
namespace {

WhenFull when_full(const std::string& word) {
  if (word == "stop") return WhenFull::stop;
  if (word == "shift") return WhenFull::shift;
  throw Error(ErrorCode::usage, "--context-full: expected stop or shift, found " + printable(word));
}

AnswerOptions answer_options(const Options& options, const Model& model) {
  AnswerOptions out;
  set_sampling(options, model, out.request);
  Sampler(out.request.sampling, model.tokenizer().size());  // refuses what is out of range
  out.request.max_tokens = options.get<std::int64_t>("max-tokens");
  out.request.grammar = grammar_of(options);
  if (options.has("stop")) out.request.stop = options.get<std::vector<std::string>>("stop");
  if (options.has("context-full"))
    out.when_full = when_full(options.get<std::string>("context-full"));
  return out;
}

}  // namespace

void add_answer_options(Options& options) {
  options.add()("context-full", po::value<std::string>()->value_name("HOW"),
                "stop, or shift: the oldest turns are forgotten")(
      "max-tokens,n", po::value<std::int64_t>()->value_name("N")->default_value(-1),
      "most tokens of an answer");
  options.add_rare()("stop", po::value<std::vector<std::string>>()->value_name("TEXT"),
                     "ends the answer before it");
}

Settings::Settings(const Command& command, void (*declare)(Options&),
                   std::vector<std::string> words, const Model& model)
    : command_(command), declare_(declare), words_(std::move(words)), model_(model) {
  Options own(command);
  add_answer_options(own);
  add_sampling_options(own);
  names_ = own.names(false);
  rare_names_ = own.names(true);
  current_ = answer_options(parsed(given_), model_);
}

Options Settings::parsed(const Given& given) const {
  Options options(command_);
  declare_(options);
  options.parse(words_, given);
  return options;
}

void Settings::check(const std::string& name) const {
  if (std::ranges::find(names_, name) == names_.end() &&
      std::ranges::find(rare_names_, name) == rare_names_.end())
    throw Error(ErrorCode::usage,
                "/set: no option '" + printable(name, 40) + "'; /set alone lists them");
}

void Settings::set(const std::string& name, const std::string& value) {
  check(name);
  Given given = given_;
  std::erase_if(given, [&](const auto& pair) { return pair.first == name; });
  if (!parsed({}).takes_value(name)) {
    if (value != "on" && value != "off")
      throw Error(ErrorCode::usage,
                  "/set " + name + ": expected on or off, found " + printable(value, 40));
    if (value == "on") given.emplace_back(name, value);
  } else if (value != "default") {
    given.emplace_back(name, value);
  }
  current_ = answer_options(parsed(given), model_);
  given_ = std::move(given);
}

std::string Settings::table(const std::string& name) const {
  if (!name.empty()) check(name);
  const Options options = parsed(given_);
  std::string text;
  const auto add = [&](const std::string& each) {
    std::string line = "  " + each;
    line.resize(std::max<std::size_t>(line.size() + 1, 21), ' ');
    line += options.text(each);
    line.resize(std::max<std::size_t>(line.size() + 1, 29), ' ');
    text += (text.empty() ? "" : "\n") + line + options.description(each);
  };
  if (!name.empty()) {
    add(name);
    return text;
  }
  std::string others;
  for (const std::string& each : names_) add(each);
  for (const std::string& each : rare_names_) {
    if (!options.text(each).empty())
      add(each);
    else
      others += ' ' + each;
  }
  return others.empty() ? text : text + "\n  and" + others;
}

}  // namespace quipu::app
