// Grammars: what an answer may look like, as a set of tokens at every step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "quipu/token_set.h"
#include "quipu/tokenizer.h"

namespace quipu {

namespace grammar {
struct Program;
}

/// How the JSON that a schema describes may be written.
struct SchemaOptions {
  /// For answers: no spaces, or those of an indented document. For checks: any white space.
  enum class Layout { compact_or_indented, any } layout = Layout::compact_or_indented;
  /// Members as the schema lists them, or in any order.
  enum class Order { as_listed, any } order = Order::as_listed;
};

/// How far a text follows a grammar.
struct GrammarMatch {
  bool whole = false;     ///< the text is one that the grammar describes
  std::size_t bytes = 0;  ///< at the start of the text that some text of the grammar begins with
  std::string expected;   ///< what could stand there, unless `whole`: "'}', ',' or the end"
};

/// Compiled; immutable, thread-safe.
class Grammar {
 public:
  /// GBNF as llama.cpp writes it. Throws invalid for what is none, naming line and column, and for
  /// what this engine refuses: left recursion, a grammar of nothing, one beyond the budgets.
  static std::shared_ptr<const Grammar> from_gbnf(std::string_view text,
                                                  std::string_view root = "root");
  /// JSON Schema, draft 2020-12. Throws invalid for what is no schema or what nothing satisfies,
  /// unsupported for keywords that cannot be said exactly; both name where.
  static std::shared_ptr<const Grammar> from_json_schema(std::string_view schema,
                                                         SchemaOptions options = {});

  explicit Grammar(std::shared_ptr<const grammar::Program> program);
  ~Grammar();

  /// Whether the grammar describes the whole text, byte for byte. Throws invalid when it is too
  /// ambiguous to say.
  bool accepts(std::string_view text) const { return match(text).whole; }
  GrammarMatch match(std::string_view text) const;

  const grammar::Program& program() const noexcept { return *program_; }

 private:
  friend class GrammarMatcher;
  struct Shared;
  std::shared_ptr<const grammar::Program> program_;
  std::unique_ptr<Shared> shared_;  // caches, one per tokenizer
};

/// How far one sequence has come in a grammar. Copies are cheap and independent; one is used by
/// one thread at a time. What they compute is shared by all of a grammar and a tokenizer.
class GrammarMatcher {
 public:
  /// The tokenizer must outlive the construction only. Throws unsupported when it is none.
  GrammarMatcher(std::shared_ptr<const Grammar> grammar, const Tokenizer& tokenizer);
  ~GrammarMatcher();
  GrammarMatcher(const GrammarMatcher&);
  GrammarMatcher& operator=(const GrammarMatcher&);
  GrammarMatcher(GrammarMatcher&&) noexcept;
  GrammarMatcher& operator=(GrammarMatcher&&) noexcept;

  /// Tokens after which the text can still become one of the grammar's; those that end generation
  /// when it is one already. Empty only when no token ends generation and the matcher is
  /// finished(), or when the vocabulary has no token for the bytes that must come. Valid until the
  /// matcher changes. Throws invalid when the grammar is too ambiguous at this place.
  const TokenSet& allowed();
  /// Goes on by a token; false, and nothing changes, when the token is not allowed. A token that
  /// ends generation changes nothing.
  bool accept(Token token);
  /// Whether the text so far is one of the grammar's.
  bool may_end() const;
  /// Whether it is, and no longer one begins with it.
  bool finished() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quipu
