// quipu template: what a chat template makes of messages.
#include "quipu/chat_template.h"

#include <algorithm>

#include "command.h"
#include "prompt.h"

namespace quipu::app {
namespace {

std::unique_ptr<ChatTemplate> open_template(const Options& options) {
  if (options.has("template")) return template_by_name(options.get<std::string>("template"));
  const std::string& name = options.required("MODEL");
  const auto names = ChatTemplate::names();
  const bool known = std::ranges::find(names, name) != names.end();
  if (name.ends_with(".jinja") || name.ends_with(".j2") || name == "-" ||
      (known && !std::filesystem::exists(name)))
    return template_by_name(name);
  const auto registry = options.registry();
  auto chat = ChatTemplate::make(open_model(name, *registry)->metadata());
  if (!chat)
    throw Error(ErrorCode::invalid,
                printable(name) + ": expected a tokenizer.chat_template, found none; --template "
                                  "takes another");
  return chat;
}

int list(const Options& options) {
  json::array names;
  std::string text;
  for (const std::string_view name : ChatTemplate::names()) {
    names.emplace_back(name);
    text.append(name).append("\n");
  }
  if (options.json())
    print_json(names);
  else
    print(text);
  return exit_ok;
}

int run(const std::vector<std::string>& words) {
  Options options(template_command);
  options.add()(
      "template", po::value<std::string>()->value_name("NAME|FILE"),
      "instead of a model's: chatml, llama3 … or a Jinja file; --template list names them")(
      "vars", po::value<std::string>()->value_name("FILE")->default_value("-"),
      "JSON object of variables, - for stdin: messages, tools, add_generation_prompt …")(
      "now", po::value<std::string>()->value_name("TIME"),
      "what strftime_now sees, 2026-01-02T03:04:05");
  options.positional("MODEL");
  if (!options.parse(words)) return exit_ok;
  TemplateTime now = TemplateTime::now();
  if (options.has("now")) {
    const auto& text = options.get<std::string>("now");
    const auto parsed = TemplateTime::parse(text);
    if (!parsed)
      throw Error(ErrorCode::usage,
                  "--now: expected a time like 2026-01-02T03:04:05, found " + printable(text));
    now = *parsed;
  }
  if (options.has("template") && options.get<std::string>("template") == "list")
    return list(options);
  const auto chat = open_template(options);
  const std::string variables = read_all(options.get<std::string>("vars"));
  try {
    const std::string text = chat->render_json(variables, now);
    if (options.json())
      print_json(json::value{{"template", chat->name()}, {"text", text}});
    else
      print(text);
  } catch (const TemplateRaised& raised) {
    say(raised.what());
    return exit_no;
  }
  return exit_ok;
}

}  // namespace

const Command template_command = {"template",
                                  "MODEL|FILE.jinja|--template NAME [--vars F.json|-] [--now TIME]",
                                  "What a chat template makes of messages", run};

}  // namespace quipu::app
