// quipu grammar: whether a grammar is one, and whether a text follows it.
#include "command.h"
#include "grammar_options.h"

namespace quipu::app {
namespace {

int run(const std::vector<std::string>& words) {
  Options options(grammar_command);
  add_grammar_options(options);
  options.add()("match", po::value<std::string>()->value_name("FILE"),
                "a text, byte for byte, - for stdin: exit 0 if the grammar describes all of it, "
                "1 if not");
  if (!options.parse(words)) return exit_ok;
  // A text may be written in any way that JSON can be.
  const auto grammar = grammar_of(options, {SchemaOptions::Layout::any, SchemaOptions::Order::any});
  if (!grammar)
    throw Error(ErrorCode::usage, "grammar: expected --grammar or --json-schema, found neither");
  if (!options.has("match")) {
    if (options.json()) print_json(json::value{{"valid", true}});
    return exit_ok;
  }
  const std::string text = read_all(options.get<std::string>("match"));
  const GrammarMatch match = grammar->match(text);
  if (options.json())
    print_json(json::value{{"valid", true},
                           {"accepted", match.whole},
                           {"bytes", match.bytes},
                           {"expected", match.expected}});
  if (match.whole) return exit_ok;
  if (!options.quiet()) {
    const std::string found =
        match.bytes == text.size()
            ? "the end"
            : std::string("'").append(printable(std::string_view(text).substr(match.bytes), 20)) +
                  "'";
    say("byte " + std::to_string(match.bytes) + ": expected " + match.expected + ", found " +
        found);
  }
  return exit_no;
}

}  // namespace

const Command grammar_command = {"grammar",
                                 "(--grammar FILE | --json-schema FILE|JSON) [--match FILE|-]",
                                 "Checks a grammar, and texts against it", run};

}  // namespace quipu::app
