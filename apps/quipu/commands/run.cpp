// quipu run: one prompt, one answer, streamed to stdout.
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "bench/request_profile.h"
#include "command.h"
#include "draft_options.h"
#include "grammar_options.h"
#include "interrupts.h"
#include "prompt.h"
#include "sampling_options.h"

namespace quipu::app {
namespace {

void declare(Options& options) {
  options.add()("prompt,p", po::value<std::string>()->value_name("TEXT"), "the prompt")(
      "file,f", po::value<std::string>()->value_name("FILE"), "read it from a file");
  add_prompt_options(options);
  options.add()("max-tokens,n", po::value<std::int64_t>()->value_name("N")->default_value(-1),
                "most tokens of the answer")(
      "stop", po::value<std::vector<std::string>>()->value_name("TEXT"),
      "ends the answer before it");
  add_grammar_options(options);
  add_sampling_options(options);
  add_draft_options(options);
  options.add_repack_option();
  options.add_engine_options();
  options.positional("MODEL");
}

std::string read_prompt(const Options& options) {
  if (options.has("prompt")) return options.get<std::string>("prompt");
  if (options.has("file")) return read_all(options.get<std::string>("file"));
  if (isatty(STDIN_FILENO))
    throw Error(ErrorCode::usage,
                "run: expected a prompt from --prompt, --file or stdin, found none");
  return read_all("-");
}

json::value template_name(const PromptBuilder& prompts) {
  const std::string_view name = prompts.template_name();
  return name.empty() ? json::value(nullptr) : json::value(name);
}

void report(const Result& result, double load_seconds) {
  char line[256];
  const auto rate = [](double n, double seconds) { return seconds > 0 ? n / seconds : 0.0; };
  const double decoded = result.tokens.empty() ? 0 : static_cast<double>(result.tokens.size() - 1);
  std::snprintf(line, sizeof line,
                "load %.3f s, prompt %u tokens %.1f tok/s, answer %zu tokens %.1f tok/s, seed %llu",
                load_seconds, result.prompt_tokens,
                rate(result.prompt_tokens - result.reused_tokens, result.prefill_seconds),
                result.tokens.size(), rate(decoded, result.decode_seconds),
                static_cast<unsigned long long>(result.seed));
  say(line);
  if (const auto guesses = describe_guesses(result); !guesses.empty()) say(guesses);
}

int run(const std::vector<std::string>& words) {
  Options options(run_command);
  declare(options);
  if (!options.parse(words)) return exit_ok;
  const auto& name = options.required("MODEL");
  const auto grammar = grammar_of(options);
  const auto start = std::chrono::steady_clock::now();
  const auto registry = options.registry();
  const auto model =
      Model::make(open_model(name, *registry, Fetch::allowed, options.quiet()), *registry);
  Engine engine(model, *registry, engine_with_draft(options, *registry));
  const double load =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  Request request;
  const PromptBuilder prompts(options, *model);
  json::array messages = prompts.opening();
  messages.push_back({{"role", "user"}, {"content", read_prompt(options)}});
  request.prompt = prompts.tokens(prompts.text(messages));
  if (!options.quiet())
    for (const auto& warning : model->warnings()) say("warning: " + warning);
  request.max_tokens = options.get<std::int64_t>("max-tokens");
  set_sampling(options, *model, request);
  request.grammar = grammar;
  if (options.has("stop")) request.stop = options.get<std::vector<std::string>>("stop");
  const bool stream = !options.json();
  RequestProfile profile(engine, options.verbose());
  request.on_token = [&](Token, std::string_view text) {
    profile.on_token();
    if (stream && !text.empty()) print(text);
    return !interrupted.load();
  };
  const Result result = run_until_interrupted(engine, std::move(request));

  if (result.reason == FinishReason::failed) throw Error(ErrorCode::invalid, result.message);
  if (stream) {
    print("\n");
  } else {
    print_json(json::value{{"text", result.text},
                           {"tokens", json::value_from(result.tokens)},
                           {"finish_reason", to_string(result.reason)},
                           {"template", template_name(prompts)},
                           {"prompt_tokens", result.prompt_tokens},
                           {"seed", result.seed},
                           {"guessed_tokens", result.guessed_tokens},
                           {"held_guesses", result.held_guesses},
                           {"load_seconds", load},
                           {"prefill_seconds", result.prefill_seconds},
                           {"decode_seconds", result.decode_seconds}});
  }
  if (result.reason == FinishReason::context_full && !options.quiet())
    say("the context of " + std::to_string(engine.context()) +
        " tokens is full; --ctx makes it longer");
  if (options.verbose()) report(result, load);
  profile.report(result);
  return result.reason == FinishReason::cancelled ? exit_interrupted : exit_ok;
}

}  // namespace

const Command run_command = {"run", "MODEL [--prompt TEXT | --file FILE | < FILE] [-n N]",
                             "One prompt, one answer, streamed", run};

}  // namespace quipu::app
