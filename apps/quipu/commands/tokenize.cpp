// quipu tokenize, detokenize: text to token ids and back. A file with a vocabulary and no tensors
// is enough.
#include <iostream>

#include "command.h"

namespace quipu::app {
namespace {

std::unique_ptr<Tokenizer> open_tokenizer(const Options& options, const ModelFile& file) {
  std::vector<std::string> warnings;
  auto tokenizer = Tokenizer::make(file.metadata(), &warnings);
  if (!options.quiet())
    for (const auto& warning : warnings) say("warning: " + warning);
  return tokenizer;
}

std::string spaced(const std::vector<Token>& tokens) {
  std::string line;
  for (const Token token : tokens) line += (line.empty() ? "" : " ") + std::to_string(token);
  return line + "\n";
}

// Every line of stdin is a JSON string, every line of stdout the array of its ids.
void tokenize_lines(const Tokenizer& tokenizer, TokenizeOptions how) {
  std::string line;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    boost::system::error_code error;
    const json::value text = json::parse(line, error);
    if (error || !text.is_string())
      throw Error(ErrorCode::usage, "stdin, line " + std::to_string(number) +
                                        ": expected a JSON string, found " + printable(line, 60));
    print_json(json::value_from(tokenizer.encode(text.as_string(), how)));
  }
}

int tokenize(const std::vector<std::string>& words) {
  Options options(tokenize_command);
  options.add()("text,t", po::value<std::string>()->value_name("TEXT"),
                "the text (default: all of stdin)")(
      "no-special", "neither add special tokens nor look for them in the text")(
      "pieces", "one token per line: id and spelling")(
      "jsonl", "a JSON string per line in, an array of ids per line out");
  options.positional("MODEL");
  if (!options.parse(words)) return exit_ok;
  const auto registry = options.registry();
  const auto file = open_model(options.required("MODEL"), *registry);
  const auto tokenizer = open_tokenizer(options, *file);
  const bool special = !options.has("no-special");
  const TokenizeOptions how{special, special};
  if (options.has("jsonl")) {
    tokenize_lines(*tokenizer, how);
    return exit_ok;
  }
  const auto tokens = tokenizer->encode(
      options.has("text") ? options.get<std::string>("text") : read_all("-"), how);
  if (options.json()) {
    json::array pieces;
    for (const Token token : tokens) pieces.emplace_back(tokenizer->spelling(token));
    print_json(json::value{{"tokens", json::value_from(tokens)}, {"pieces", std::move(pieces)}});
  } else if (options.has("pieces")) {
    for (const Token token : tokens)
      print(std::to_string(token) + "\t" +
            printable(tokenizer->spelling(token), std::size_t{1} << 20) + "\n");
  } else {
    print(spaced(tokens));
  }
  return exit_ok;
}

int detokenize(const std::vector<std::string>& words) {
  Options options(detokenize_command);
  options.add()("special", "show special tokens too");
  options.positional("MODEL");
  options.positional("IDS", true);
  if (!options.parse(words)) return exit_ok;
  const auto registry = options.registry();
  const auto file = open_model(options.required("MODEL"), *registry);
  const auto tokenizer = open_tokenizer(options, *file);
  std::vector<Token> tokens;
  if (options.has("IDS")) {
    for (const auto& word : options.get<std::vector<std::string>>("IDS"))
      for (const Token token : parse_tokens(word)) tokens.push_back(token);
  } else {
    tokens = parse_tokens(read_all("-"));
  }
  const std::string text = tokenizer->decode(tokens, options.has("special"));
  if (options.json())
    print_json(json::value{{"text", text}});
  else
    print(text + "\n");
  return exit_ok;
}

}  // namespace

const Command tokenize_command = {"tokenize", "MODEL [--text TEXT | < FILE]",
                                  "Token ids of a text, separated by spaces", tokenize};
const Command detokenize_command = {"detokenize", "MODEL IDS…", "The text of token ids",
                                    detokenize};

}  // namespace quipu::app
