// quipu completion: what a shell needs to complete verbs and options.
#include "command.h"

namespace quipu::app {
namespace {

std::string verbs() {
  std::string text;
  for (const Command* command : commands())
    text += (text.empty() ? "" : " ") + std::string(command->name);
  return text;
}

// Options are asked for by "quipu VERB --help-all": the one list that cannot go stale.
std::string bash() {
  return R"sh(_quipu() {
  local word=${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ")sh" +
         verbs() + R"sh(" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$(quipu "${COMP_WORDS[1]}" --help-all 2>/dev/null |
      grep -oE -- '--[a-z][a-z-]*' | sort -u)" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _quipu quipu
)sh";
}

std::string zsh() {
  return "#compdef quipu\nautoload -U +X bashcompinit && bashcompinit\n" + bash();
}

std::string fish() {
  std::string text = "complete -c quipu -n __fish_use_subcommand -f -a '" + verbs() + "'\n";
  for (const Command* command : commands())
    text += "complete -c quipu -n '__fish_seen_subcommand_from " + std::string(command->name) +
            "' -a '(quipu " + std::string(command->name) +
            " --help-all 2>/dev/null | string match -ra -- \"--[a-z][a-z-]*\")'\n";
  return text;
}

int run(const std::vector<std::string>& words) {
  Options options(completion_command);
  options.positional("SHELL");
  if (!options.parse(words)) return exit_ok;
  const std::string& shell = options.required("SHELL");
  if (shell == "bash")
    print(bash());
  else if (shell == "zsh")
    print(zsh());
  else if (shell == "fish")
    print(fish());
  else
    throw Error(ErrorCode::usage,
                "completion: expected bash, zsh or fish, found " + printable(shell));
  return exit_ok;
}

}  // namespace

const Command completion_command = {"completion", "bash|zsh|fish", "Completions for a shell", run};

}  // namespace quipu::app
