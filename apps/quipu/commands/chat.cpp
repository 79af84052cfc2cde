// quipu chat: a conversation on a terminal, or one line a turn from a script.
#include <unistd.h>

#include "chat/conversation_file.h"
#include "chat/history.h"
#include "chat/line_editor.h"
#include "chat/loop.h"
#include "chat/screen.h"
#include "chat/session.h"
#include "chat/settings.h"
#include "command.h"
#include "draft_options.h"
#include "grammar_options.h"
#include "interrupts.h"
#include "prompt.h"
#include "sampling_options.h"

namespace quipu::app {
namespace {

void declare(Options& options) {
  options.add()("prompt,p", po::value<std::string>()->value_name("TEXT"), "the first message")(
      "load", po::value<std::string>()->value_name("FILE"), "go on with a saved conversation");
  options.add_rare()("no-history", "write no file of what was typed");
  add_prompt_options(options);
  add_answer_options(options);
  add_grammar_options(options);
  add_sampling_options(options);
  add_draft_options(options);
  options.add_repack_option();
  options.add_engine_options();
  options.positional("MODEL");
}

std::vector<std::string> completions(const Settings& settings) {
  std::vector<std::string> all;
  for (const SlashHelp& command : slash_commands())
    all.emplace_back("/").append(command.name).append(command.argument.empty() ? "" : " ");
  for (const auto* const names : {&settings.names(), &settings.rare_names()})
    for (const std::string& name : *names) all.emplace_back("/set ").append(name + " ");
  return all;
}

std::unique_ptr<LineReader> make_reader(bool interactive, const Screen& screen,
                                        const Settings& settings,
                                        const std::filesystem::path& history) {
  if (!interactive || !screen.moves())
    return std::make_unique<PlainReader>(STDIN_FILENO, interactive);
  return std::make_unique<LineEditor>(LineEditorOptions{
      .history = history.empty() ? std::vector<std::string>() : read_history(history),
      .completions = completions(settings),
      .colour = screen.styled()});
}

int run(const std::vector<std::string>& words) {
  Options options(chat_command);
  declare(options);
  if (!options.parse(words)) return exit_ok;
  const std::string& name = options.required("MODEL");
  const auto registry = options.registry();
  const auto model =
      Model::make(open_model(name, *registry, Fetch::allowed, options.quiet()), *registry);
  Engine engine(model, *registry, engine_with_draft(options, *registry));
  const PromptBuilder prompts(options, *model);
  Settings settings(chat_command, declare, words, *model);
  Session session(engine, prompts);
  if (!options.quiet())
    for (const auto& warning : model->warnings()) say("warning: " + warning);
  if (options.has("load")) {
    session.conversation() = Conversation(load_conversation(options.get<std::string>("load")));
    if (options.has("system"))
      session.conversation().set_system(options.get<std::string>("system"));
  }

  const bool interactive = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
  Screen screen(!options.json(), options.quiet());
  const auto history =
      interactive && !options.has("no-history") ? history_file() : std::filesystem::path();
  const auto reader = make_reader(interactive, screen, settings, history);
  Loop loop(session, settings, *reader, screen,
            {.model = name,
             .template_name = std::string(prompts.template_name()),
             .context = engine.context(),
             .interactive = interactive,
             .json = options.json(),
             .figures = !options.quiet() && (interactive || options.verbose()),
             .verbose = options.verbose(),
             .history = history});
  const InterruptsAreKept kept;
  if (interactive)
    screen.note(std::filesystem::path(name).filename().string() +
                "; /help lists commands, Ctrl-D quits");
  if (options.has("prompt")) loop.say_first(options.get<std::string>("prompt"));
  return loop.run() ? exit_ok : exit_no;
}

}  // namespace

const Command chat_command = {"chat", "MODEL [--system TEXT] [--load FILE] [--context-full shift]",
                              "A conversation: lines are messages, /help lists commands", run};

}  // namespace quipu::app
