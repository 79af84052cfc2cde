// quipu template: what a chat template makes of messages.
#include "quipu/chat_template.h"

#include "command.h"

namespace quipu::app {
namespace {

std::unique_ptr<ChatTemplate> open_template(const std::string& name, const Options& options) {
  if (name.ends_with(".jinja") || name.ends_with(".j2") || name == "-")
    return ChatTemplate::parse(read_all(name), name);
  const auto registry = options.registry();
  auto chat = ChatTemplate::make(open_model(name, *registry)->metadata());
  if (!chat)
    throw Error(ErrorCode::invalid,
                printable(name) + ": expected a tokenizer.chat_template, found none");
  return chat;
}

int run(const std::vector<std::string>& words) {
  Options options(template_command);
  options.add()("vars", po::value<std::string>()->value_name("FILE")->default_value("-"),
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
  const auto chat = open_template(options.required("MODEL"), options);
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

const Command template_command = {"template", "MODEL|FILE.jinja [--vars F.json|-] [--now TIME]",
                                  "What a chat template makes of messages", run};

}  // namespace quipu::app
