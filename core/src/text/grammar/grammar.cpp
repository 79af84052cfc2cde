// The library's face: grammars, and matchers that share what they find out.
#include "quipu/grammar.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "quipu/error.h"
#include "text/grammar/compile.h"
#include "text/grammar/gbnf.h"
#include "text/grammar/masks.h"

namespace quipu {
namespace {

using grammar::ConfigId;
using grammar::Machine;
using grammar::Masks;
using grammar::Program;

// What is remembered of one grammar may take this much, then it begins anew with what is needed.
constexpr std::size_t most_bytes = std::size_t{64} << 20;
// Machine::work of a whole text, at first and for each byte: about 50 ms and 5 µs. Texts of real
// grammars take a tenth of it.
constexpr std::uint64_t most_work = 5'000'000, most_work_of_byte = 500;

}  // namespace

// What all matchers of a grammar and a tokenizer share.
struct MatcherCache {
  std::mutex mutex;
  std::shared_ptr<const Program> program;
  std::shared_ptr<const TokenPieces> pieces;
  // The matchers that began with older masks still hold them, until their next step.
  std::shared_ptr<Masks> masks;
  std::size_t limit = most_bytes;
};

struct Grammar::Shared {
  std::mutex mutex;
  std::vector<std::shared_ptr<MatcherCache>> caches;
};

Grammar::Grammar(std::shared_ptr<const Program> program)
    : program_(std::move(program)), shared_(std::make_unique<Shared>()) {}

Grammar::~Grammar() = default;

std::shared_ptr<const Grammar> Grammar::from_gbnf(std::string_view text, std::string_view root) {
  return grammar::compile(grammar::parse_gbnf(text, root));
}

GrammarMatch Grammar::match(std::string_view text) const {
  auto machine = std::make_unique<Machine>(program_);
  std::size_t limit = most_bytes;
  std::uint64_t work = 0;
  ConfigId config = machine->start();
  GrammarMatch match;
  for (; match.bytes < text.size(); ++match.bytes) {
    const ConfigId next = machine->step(config, static_cast<std::uint8_t>(text[match.bytes]));
    if (next == 0) break;
    config = next;
    if (work + machine->work() > most_work + most_work_of_byte * (match.bytes + 1))
      throw Error(ErrorCode::invalid,
                  "grammar: expected one that tells in a few steps for each byte whether a text "
                  "follows it, found one that takes more: it is too ambiguous");
    if (machine->bytes() < limit) continue;
    work += machine->work();
    auto fresh = std::make_unique<Machine>(program_);
    config = fresh->adopt(*machine, config);
    machine = std::move(fresh);
    limit = std::max(most_bytes, 2 * machine->bytes());
  }
  match.whole = match.bytes == text.size() && machine->ends(config);
  if (!match.whole) match.expected = machine->expected(config);
  return match;
}

struct GrammarMatcher::State {
  std::shared_ptr<const Grammar> grammar;
  std::shared_ptr<MatcherCache> cache;
  std::shared_ptr<Masks> masks;  // that the configuration is one of
  ConfigId config = 0;
  std::shared_ptr<const TokenSet> allowed;

  // With the cache's mutex held: moves to the masks in use, and to new ones when these are full.
  Machine& machine() {
    if (cache->masks->bytes() > cache->limit && masks == cache->masks) {
      cache->masks = std::make_shared<Masks>(cache->program, cache->pieces);
      move_to_current();
      cache->limit = std::max(most_bytes, 2 * masks->bytes());
    }
    if (masks != cache->masks) move_to_current();
    return masks->machine();
  }
  void move_to_current() {
    config = cache->masks->machine().adopt(masks->machine(), config);
    masks = cache->masks;
  }
};

GrammarMatcher::GrammarMatcher(std::shared_ptr<const Grammar> grammar, const Tokenizer& tokenizer)
    : state_(std::make_unique<State>()) {
  auto& s = *state_;
  s.grammar = std::move(grammar);
  if (tokenizer.kind() == "none")
    throw Error(ErrorCode::unsupported,
                "grammar: expected a model with a tokenizer, found one that takes and gives ids");
  const auto pieces = tokenizer.pieces();
  auto& shared = *s.grammar->shared_;
  {
    const std::lock_guard lock(shared.mutex);
    const auto at = std::ranges::find(shared.caches, pieces, &MatcherCache::pieces);
    if (at != shared.caches.end()) {
      s.cache = *at;
    } else {
      s.cache = std::make_shared<MatcherCache>();
      s.cache->program = s.grammar->program_;
      s.cache->pieces = pieces;
      s.cache->masks = std::make_shared<Masks>(s.grammar->program_, pieces);
      shared.caches.push_back(s.cache);
    }
  }
  const std::lock_guard lock(s.cache->mutex);
  s.masks = s.cache->masks;
  s.config = s.masks->machine().start();
}

GrammarMatcher::~GrammarMatcher() = default;
GrammarMatcher::GrammarMatcher(const GrammarMatcher& other)
    : state_(std::make_unique<State>(*other.state_)) {}
GrammarMatcher& GrammarMatcher::operator=(const GrammarMatcher& other) {
  *state_ = *other.state_;
  return *this;
}
GrammarMatcher::GrammarMatcher(GrammarMatcher&&) noexcept = default;
GrammarMatcher& GrammarMatcher::operator=(GrammarMatcher&&) noexcept = default;

const TokenSet& GrammarMatcher::allowed() {
  auto& s = *state_;
  if (s.allowed) return *s.allowed;
  const std::lock_guard lock(s.cache->mutex);
  s.machine();
  s.allowed = s.masks->mask(s.config);
  return *s.allowed;
}

bool GrammarMatcher::accept(Token token) {
  auto& s = *state_;
  if (token < 0 || static_cast<std::size_t>(token) >= s.cache->pieces->vocabulary()) return false;
  if (s.cache->pieces->ends_generation(token)) return may_end();
  const std::string_view piece = s.cache->pieces->piece(token);
  if (piece.empty()) return false;
  const std::lock_guard lock(s.cache->mutex);
  s.machine();
  const ConfigId config = s.masks->step(s.config, piece);
  if (config == 0) return false;
  if (config != s.config) s.allowed.reset();
  s.config = config;
  return true;
}

bool GrammarMatcher::may_end() const {
  const std::lock_guard lock(state_->cache->mutex);
  return state_->machine().ends(state_->config);
}

bool GrammarMatcher::finished() const {
  const std::lock_guard lock(state_->cache->mutex);
  Machine& machine = state_->machine();
  return machine.ends(state_->config) && !machine.goes_on(state_->config);
}

}  // namespace quipu
