// quipu run: one prompt, one answer, streamed to stdout.
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "command.h"
#include "quipu/chat_template.h"

namespace quipu::app {
namespace {

void declare(Options& options) {
  options.add()("prompt,p", po::value<std::string>()->value_name("TEXT"), "the prompt")(
      "file,f", po::value<std::string>()->value_name("FILE"),
      "read it from a file")("raw", "send the text as it is, without a chat template")(
      "template", po::value<std::string>()->value_name("FILE"),
      "a Jinja file in place of the model's chat template, or chatml")(
      "template-arg", po::value<std::vector<std::string>>()->value_name("KEY=VALUE"),
      "a variable of the template: enable_thinking=false")(
      "system", po::value<std::string>()->value_name("TEXT"), "system message")(
      "max-tokens,n", po::value<std::int64_t>()->value_name("N")->default_value(-1),
      "most tokens of the answer")("temp",
                                   po::value<float>()->value_name("T")->default_value(0.8f, "0.8"),
                                   "temperature; 0 takes the likeliest token")(
      "top-k", po::value<std::int32_t>()->value_name("K")->default_value(40),
      "among the K likeliest; 0 = all")(
      "top-p", po::value<float>()->value_name("P")->default_value(0.95f, "0.95"),
      "among those that make up P")(
      "min-p", po::value<float>()->value_name("P")->default_value(0.05f, "0.05"),
      "at least P times as likely as the likeliest")(
      "repeat-penalty", po::value<float>()->value_name("R")->default_value(1.0f, "1.0"),
      "divides logits of tokens seen lately")(
      "repeat-last", po::value<std::int32_t>()->value_name("N")->default_value(64),
      "how far back that looks; -1 = all")(
      "frequency-penalty", po::value<float>()->value_name("F")->default_value(0.0f, "0.0"),
      "subtracted for each time a token was seen")(
      "presence-penalty", po::value<float>()->value_name("F")->default_value(0.0f, "0.0"),
      "subtracted once for a token that was seen")(
      "seed", po::value<std::uint64_t>()->value_name("S"),
      "makes a run repeatable")("stop", po::value<std::vector<std::string>>()->value_name("TEXT"),
                                "ends the answer before it");
  options.add_engine_options();
  options.positional("MODEL");
}

SamplerOptions sampling(const Options& options) {
  SamplerOptions s;
  s.temperature = options.get<float>("temp");
  s.top_k = options.get<std::int32_t>("top-k");
  s.top_p = options.get<float>("top-p");
  s.min_p = options.get<float>("min-p");
  s.repeat_penalty = options.get<float>("repeat-penalty");
  s.repeat_last = options.get<std::int32_t>("repeat-last");
  s.frequency_penalty = options.get<float>("frequency-penalty");
  s.presence_penalty = options.get<float>("presence-penalty");
  if (options.has("seed")) s.seed = options.get<std::uint64_t>("seed");
  return s;
}

std::string read_prompt(const Options& options) {
  if (options.has("prompt")) return options.get<std::string>("prompt");
  if (options.has("file")) return read_all(options.get<std::string>("file"));
  if (isatty(STDIN_FILENO))
    throw Error(ErrorCode::usage,
                "run: expected a prompt from --prompt, --file or stdin, found none");
  return read_all("-");
}

// --template: the model's own, a file, or one of few by name.
std::unique_ptr<ChatTemplate> chat_template(const Options& options, const Model& model) {
  if (!options.has("template")) return ChatTemplate::make(model.file().metadata());
  const auto& name = options.get<std::string>("template");
  if (name == "chatml")
    return ChatTemplate::parse(
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
        name);
  return ChatTemplate::parse(read_all(name), name);
}

// What the template reads: messages, and --template-arg KEY=VALUE with a value that is JSON, or
// text as it is.
std::string template_variables(const Options& options, const Model& model,
                               const std::string& prompt) {
  json::array messages;
  if (options.has("system"))
    messages.push_back({{"role", "system"}, {"content", options.get<std::string>("system")}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  json::object variables{{"messages", std::move(messages)}, {"add_generation_prompt", true}};
  const Tokenizer& tokenizer = model.tokenizer();
  if (tokenizer.bos() >= 0) variables["bos_token"] = tokenizer.spelling(tokenizer.bos());
  if (tokenizer.eos() >= 0) variables["eos_token"] = tokenizer.spelling(tokenizer.eos());
  if (options.has("template-arg"))
    for (const auto& word : options.get<std::vector<std::string>>("template-arg")) {
      const std::size_t equals = word.find('=');
      if (equals == 0 || equals == std::string::npos)
        throw Error(ErrorCode::usage,
                    "--template-arg: expected KEY=VALUE, found " + printable(word));
      boost::system::error_code error;
      const std::string value = word.substr(equals + 1);
      const json::value parsed = json::parse(value, error);
      variables[word.substr(0, equals)] = error ? json::value(value) : parsed;
    }
  return json::serialize(variables);
}

// The text that the model sees. Which template was used is always said where it can be seen.
std::string render(const Options& options, const Model& model, const std::string& prompt) {
  if (options.has("raw")) return prompt;
  const auto chat = chat_template(options, model);
  if (!chat) {
    if (!options.quiet()) say("no chat template in this model; the prompt is sent as it is");
    return prompt;
  }
  if (options.verbose()) say("chat template: " + std::string(chat->name()));
  return chat->render_json(template_variables(options, model, prompt), TemplateTime::now());
}

std::string_view to_string(FinishReason reason) {
  switch (reason) {
  case FinishReason::none:
    return "none";
  case FinishReason::stop:
    return "stop";
  case FinishReason::length:
    return "length";
  case FinishReason::context_full:
    return "context_full";
  case FinishReason::cancelled:
    return "cancelled";
  case FinishReason::failed:
    return "failed";
  }
  return "none";
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
}

int run(const std::vector<std::string>& words) {
  Options options(run_command);
  declare(options);
  if (!options.parse(words)) return exit_ok;
  const auto& name = options.required("MODEL");
  const auto start = std::chrono::steady_clock::now();
  const auto registry = options.registry();
  const auto model = Model::make(open_model(name, *registry), *registry);
  Engine engine(model, *registry, options.engine());
  const double load =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  Request request;
  const std::string text = render(options, *model, read_prompt(options));
  // Most templates write the token that begins a text; it must not come twice.
  const auto& tokenizer = model->tokenizer();
  const bool begun = tokenizer.bos() >= 0 && text.starts_with(tokenizer.spelling(tokenizer.bos()));
  request.prompt = tokenizer.encode(text, {.add_special = !begun});
  if (!options.quiet())
    for (const auto& warning : model->warnings()) say("warning: " + warning);
  request.max_tokens = options.get<std::int64_t>("max-tokens");
  request.sampling = sampling(options);
  if (options.has("stop")) request.stop = options.get<std::vector<std::string>>("stop");
  const bool stream = !options.json();
  request.on_token = [&](Token, std::string_view text) {
    if (stream && !text.empty()) print(text);
    return !interrupted.load();
  };
  const Result result = engine.run(std::move(request));

  if (result.reason == FinishReason::failed) throw Error(ErrorCode::invalid, result.message);
  if (stream) {
    print("\n");
  } else {
    print_json(json::value{{"text", result.text},
                           {"tokens", json::value_from(result.tokens)},
                           {"finish_reason", to_string(result.reason)},
                           {"prompt_tokens", result.prompt_tokens},
                           {"seed", result.seed},
                           {"load_seconds", load},
                           {"prefill_seconds", result.prefill_seconds},
                           {"decode_seconds", result.decode_seconds}});
  }
  if (result.reason == FinishReason::context_full && !options.quiet())
    say("the context of " + std::to_string(engine.context()) +
        " tokens is full; --ctx makes it longer");
  if (options.verbose()) report(result, load);
  return result.reason == FinishReason::cancelled ? exit_interrupted : exit_ok;
}

}  // namespace

const Command run_command = {"run", "MODEL [--prompt TEXT | --file FILE | < FILE] [-n N]",
                             "One prompt, one answer, streamed", run};

}  // namespace quipu::app
