// The stage "tokenizer": ids and lists that agree, texts that come back.
#include <algorithm>
#include <unordered_set>

#include "stages.h"

namespace quipu::app {
namespace {

constexpr std::string_view prefix = "tokenizer.ggml.";
// Those without which a text begins or ends wrongly.
constexpr std::string_view essential[] = {"bos_token_id", "eos_token_id", "eot_token_id",
                                          "eom_token_id"};

// Every tokenizer.ggml.NAME_token_id of the file; all ones stand for none.
void check_ids(const Metadata& metadata, std::size_t size, StageResult& result) {
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    const auto [key, value] = metadata.at(i);
    if (!key.starts_with(prefix) || !key.ends_with("_token_id")) continue;
    if (value.type != QUIPU_VALUE_UNSIGNED && value.type != QUIPU_VALUE_SIGNED) continue;
    const auto id = metadata.integer(key);
    if (*id == -1 || *id == 0xFFFFFFFF || (*id >= 0 && static_cast<std::size_t>(*id) < size))
      continue;
    const std::string message = printable(key) + ": expected an id below " + std::to_string(size) +
                                ", found " + std::to_string(*id);
    if (std::ranges::find(essential, key.substr(prefix.size())) != std::end(essential))
      fail(result, exit_invalid, message);
    else
      warn(result, message);
  }
}

void check_spellings(const Tokenizer& tokenizer, StageResult& result) {
  std::unordered_set<std::string_view> spellings;
  std::size_t twice = 0;
  Token first = 0;
  for (std::size_t i = 0; i < tokenizer.size(); ++i)
    if (!spellings.insert(tokenizer.spelling(static_cast<Token>(i))).second && twice++ == 0)
      first = static_cast<Token>(i);
  if (twice)
    warn(result, "tokenizer.ggml.tokens: expected different tokens, found '" +
                     printable(tokenizer.spelling(first), 40) + "' again as token " +
                     std::to_string(first) +
                     (twice > 1 ? " (and " + std::to_string(twice - 1) + " more)" : ""));
}

// A merge makes one token of two; one whose tokens are not there never happens.
void check_merges(const Metadata& metadata, const Tokenizer& tokenizer, StageResult& result) {
  if (tokenizer.kind() != "bpe") return;
  const auto merges = metadata.texts("tokenizer.ggml.merges");
  if (!merges) return;
  std::unordered_set<std::string_view> spellings;
  for (std::size_t i = 0; i < tokenizer.size(); ++i)
    spellings.insert(tokenizer.spelling(static_cast<Token>(i)));
  std::size_t idle = 0, first = 0;
  for (std::size_t i = 0; i < merges->size(); ++i) {
    const std::string_view merge = (*merges)[i];
    // The first part may begin with a space of its own.
    const std::size_t space = merge.find(' ', 1);
    std::string whole(merge);
    if (space != std::string_view::npos) whole.erase(space, 1);
    if (space != std::string_view::npos && spellings.contains(whole)) continue;
    if (idle++ == 0) first = i;
  }
  if (idle)
    warn(result, "tokenizer.ggml.merges: expected two parts of a token, found '" +
                     printable((*merges)[first], 40) + "' as merge " + std::to_string(first) +
                     (idle > 1 ? " (and " + std::to_string(idle - 1) + " more)" : ""));
}

void check_round_trips(const Tokenizer& tokenizer, StageResult& result) {
  // It normalises texts: case, accents and spaces are not kept.
  if (tokenizer.kind() == "wpm") return;
  for (const std::string text :
       {"Hello, world! 123", " two  spaces\n\tand lines\n", "héllo 日本 🙂"}) {
    const auto decoded =
        tokenizer.decode(tokenizer.encode(text, {.add_special = false, .parse_special = false}));
    if (decoded != text)
      warn(result, "tokenizer: expected the round trip of '" + printable(text) + "', found '" +
                       printable(decoded) + "'");
  }
}

void check_ends(Subject& subject, const Tokenizer& tokenizer, StageResult& result) {
  const Model* model = subject.model_if_whole();
  if (model && !gives(*model, "logits")) return;
  for (std::size_t i = 0; i < tokenizer.size(); ++i)
    if (tokenizer.ends_generation(static_cast<Token>(i))) {
      if (tokenizer.eos() < 0)
        warn(result, "tokenizer.ggml.eos_token_id: none; '" +
                         printable(tokenizer.spelling(static_cast<Token>(i)), 40) +
                         "' ends answers");
      return;
    }
  warn(result, "tokenizer.ggml.eos_token_id: no token ends generation; answers go on until the "
               "context is full");
}

// Tokens without a row are an error of the model; rows without a token can be drawn all the same.
void check_rows(Subject& subject, const Tokenizer& tokenizer, StageResult& result) {
  const Model* model = subject.model_if_whole();
  const std::size_t rows = model ? model->facts().vocabulary : 0;
  if (!rows || rows == tokenizer.size()) return;
  const std::string message = "tokenizer.ggml.tokens: expected " + std::to_string(rows) +
                              " tokens, one for each row of the output, found " +
                              std::to_string(tokenizer.size());
  if (tokenizer.size() > rows)
    fail(result, exit_invalid, message);
  else
    warn(result, message);
}

}  // namespace

void check_tokenizer(Subject& subject, StageResult& result) {
  const Metadata& metadata = subject.file->metadata();
  std::vector<std::string> warnings;
  const Tokenizer& tokenizer = subject.tokenizer(&warnings);
  if (tokenizer.kind() == "none") {
    warn(result, "tokenizer.ggml.model: none; the model takes and gives token ids, no text");
    return;
  }
  check_ids(metadata, tokenizer.size(), result);
  check_rows(subject, tokenizer, result);
  const auto said = [&](const std::string& warning) {
    return std::ranges::any_of(
        result.messages, [&](const std::string& message) { return warning.starts_with(message); });
  };
  for (const auto& warning : warnings)
    if (!said(warning)) warn(result, warning);
  check_spellings(tokenizer, result);
  check_merges(metadata, tokenizer, result);
  check_round_trips(tokenizer, result);
  check_ends(subject, tokenizer, result);
}

}  // namespace quipu::app
