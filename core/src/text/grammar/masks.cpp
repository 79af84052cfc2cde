// Walks tries; remembers what each frame makes of each front.
#include "text/grammar/masks.h"

#include <algorithm>

#include "quipu/error.h"

namespace quipu::grammar {
namespace {

// Steps that are not look-ups, and places in tries, for one mask: some milliseconds each.
constexpr std::uint64_t most_work = 500'000;
constexpr std::uint64_t most_nodes = 2'500'000;
// To sort a place and to find it again.
constexpr std::uint64_t nodes_of_rest = 8;
// A look at what is known of a front and a frame takes as long as so many places.
constexpr std::uint64_t nodes_of_look = 16;
// A conversation comes back to the same places; of 150,000 tokens a mask has 19 KB.
constexpr std::size_t most_kept = 256;

}  // namespace

Masks::Masks(std::shared_ptr<const Program> program, std::shared_ptr<const TokenPieces> pieces)
    : pieces_(std::move(pieces)), machine_(std::move(program)), kept_(most_kept) {
  for (std::uint32_t trie = 0; trie < pieces_->tries().size(); ++trie) front_of(trie, {0});
}

std::uint32_t Masks::front_of(std::uint32_t trie, std::vector<std::uint32_t> nodes) {
  std::uint64_t hash = trie;
  for (const std::uint32_t node : nodes) {
    hash = (hash ^ node) * 0x9E3779B97F4A7C15u;  // the golden ratio: spreads low bits upwards
    hash ^= hash >> 32;
  }
  const auto [from, to] = front_ids_.equal_range(hash);
  for (auto at = from; at != to; ++at)
    if (fronts_[at->second].trie == trie && fronts_[at->second].nodes == nodes) return at->second;
  std::uint32_t height = 0;
  for (const std::uint32_t node : nodes)
    height = std::max<std::uint32_t>(height, pieces_->tries()[trie].nodes[node].height);
  const auto id = static_cast<std::uint32_t>(fronts_.size());
  bytes_ += sizeof(Front) + nodes.size() * sizeof(std::uint32_t) + 48;
  fronts_.push_back({trie, std::move(nodes), height});
  front_ids_.emplace(hash, id);
  return id;
}

void Masks::find_following(Front& front) {
  const auto& nodes = pieces_->tries()[front.trie].nodes;
  front.starts.assign(257, 0);
  const auto each = [&](const auto& visit) {
    for (const std::uint32_t node : front.nodes)
      for (std::uint32_t next = node + 1; next < nodes[node].end; next = nodes[next].end)
        visit(next);
  };
  each([&](std::uint32_t next) { ++front.starts[nodes[next].byte + std::size_t{1}]; });
  for (std::size_t byte = 0; byte < 256; ++byte) front.starts[byte + 1] += front.starts[byte];
  front.following.resize(front.starts.back());
  std::vector<std::uint32_t> places(front.starts);
  each([&](std::uint32_t next) { front.following[places[nodes[next].byte]++] = next; });
  nodes_ += front.following.size();
  bytes_ += (front.following.size() + front.starts.size()) * sizeof(std::uint32_t);
}

void Masks::check_budget() const {
  if (machine_.work() > budget_ || nodes_ > node_budget_)
    throw Error(ErrorCode::invalid, "grammar: expected one whose next tokens are found in " +
                                        std::to_string(most_work) +
                                        " steps, found more: it is too ambiguous");
}

void Masks::walk(const Front& front, FrameId frame, std::vector<Token>& tokens,
                 std::vector<std::uint32_t>& rest) {
  const auto& trie = pieces_->tries()[front.trie];
  const ConfigId first = machine_.alone(frame);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    if (front.starts[byte] == front.starts[byte + 1]) continue;
    const ConfigId config = machine_.step(first, static_cast<std::uint8_t>(byte));
    if (config == 0) continue;
    for (std::uint32_t i = front.starts[byte]; i < front.starts[byte + 1]; ++i)
      walk_from(trie, front.following[i], config, tokens, rest);
  }
}

// One loop over the nodes in their order, with the configuration of each on the way down: where
// there is none, all that begins so is skipped.
void Masks::walk_from(const TokenPieces::Trie& trie, std::uint32_t node, ConfigId config,
                      std::vector<Token>& tokens, std::vector<std::uint32_t>& rest) {
  const std::uint32_t depth = trie.nodes[node].depth, end = trie.nodes[node].end;
  configs_.resize(std::max<std::size_t>(configs_.size(), trie.nodes[node].height + std::size_t{1}));
  for (std::uint32_t i = node;;) {
    const auto& at = trie.nodes[i];
    configs_[at.depth - depth] = config;
    for (std::uint32_t t = 0; t < at.tokens; ++t) tokens.push_back(trie.tokens[at.first_token + t]);
    // Beginnings in a front may begin with each other, and then meet here.
    if (at.end > i + 1 && !in_rest_[i] && machine_.ends(config)) {
      in_rest_[i] = true;
      rest.push_back(i);
    }
    ++i;
    for (; i < end; i = trie.nodes[i].end) {
      ++nodes_;
      config = machine_.step(configs_[trie.nodes[i].depth - depth - 1u], trie.nodes[i].byte);
      if (config != 0) break;
    }
    if (i >= end) return;
    check_budget();
  }
}

Masks::Found& Masks::find(std::uint32_t front, FrameId frame) {
  const auto [at, fresh] = found_.try_emplace(std::uint64_t{front} << 32 | frame);
  Found& found = at->second;
  if (!fresh) return found;
  std::vector<Token> tokens;
  std::vector<std::uint32_t> rest;
  in_rest_.resize(std::max(in_rest_.size(), pieces_->tries()[fronts_[front].trie].nodes.size()));
  try {
    if (fronts_[front].starts.empty()) find_following(fronts_[front]);
    found.passes = machine_.ends(machine_.alone(frame));
    walk(fronts_[front], frame, tokens, rest);
  } catch (...) {
    found_.erase(at);
    in_rest_.clear();
    throw;
  }
  nodes_ += tokens.size() + nodes_of_rest * rest.size();
  if (!rest.empty()) {
    std::ranges::sort(rest);
    for (const std::uint32_t node : rest) in_rest_[node] = false;
    found.rest = front_of(fronts_[front].trie, std::move(rest));
  }
  bytes_ += sizeof(Found) + 48;
  if (tokens.size() * sizeof(Token) * 8 > pieces_->vocabulary()) {
    found.many = std::make_unique<TokenSet>(pieces_->vocabulary());
    for (const Token token : tokens) found.many->set(token);
    bytes_ += pieces_->vocabulary() / 8;
  } else {
    found.few = std::move(tokens);
    found.few.shrink_to_fit();
    bytes_ += found.few.size() * sizeof(Token);
  }
  return found;
}

// Once for each mask, however many stacks lead here.
void Masks::add(Found& found, TokenSet& set) {
  if (found.round == round_) return;
  found.round = round_;
  if (found.many)
    set |= *found.many;
  else
    for (const Token token : found.few) set.set(token);
  nodes_ += found.many ? set.words().size() / 8 : found.few.size();
}

// What the top frame leaves of the fronts goes to the frame below it, and so on.
void Masks::add_stack(StackId stack, bool shared, TokenSet& set) {
  std::vector<std::uint32_t> fronts, left;
  for (std::uint32_t trie = 0; trie < pieces_->tries().size(); ++trie) fronts.push_back(trie);
  for (; stack != 0 && !fronts.empty(); stack = machine_.below(stack)) {
    left.clear();
    for (const std::uint32_t front : fronts) {
      if (shared && !looked_.insert(std::uint64_t{front} << 32 | stack).second) continue;
      const FrameId frame = machine_.typical(machine_.top(stack), fronts_[front].height);
      Found& found = find(front, frame);
      add(found, set);
      if (found.passes) left.push_back(front);
      if (found.rest != none) left.push_back(found.rest);
      nodes_ += nodes_of_look;
    }
    check_budget();
    std::ranges::sort(left);
    left.erase(std::ranges::unique(left).begin(), left.end());
    fronts.swap(left);
  }
}

ConfigId Masks::step(ConfigId config, std::string_view piece) {
  budget_ = machine_.work() + most_work;
  node_budget_ = nodes_ + most_nodes;
  for (std::size_t i = 0; i < piece.size() && config != 0; ++i) {
    config = machine_.step(config, static_cast<std::uint8_t>(piece[i]));
    check_budget();
  }
  return config;
}

std::shared_ptr<const TokenSet> Masks::mask(ConfigId config) {
  if (const auto at = kept_at_.find(config); at != kept_at_.end()) return kept_[at->second].set;
  budget_ = machine_.work() + most_work;
  node_budget_ = nodes_ + most_nodes;
  auto set = std::make_shared<TokenSet>(pieces_->vocabulary());
  ++round_;
  looked_.clear();
  // More stacks turn up meanwhile, but these stay where they are.
  const std::vector<StackId>& stacks = machine_.stacks(config);
  for (const StackId stack : stacks) add_stack(stack, stacks.size() > 1, *set);
  if (machine_.ends(config))
    for (const Token token : pieces_->ends()) set->set(token);
  Kept& place = kept_[next_kept_];
  if (place.set)
    kept_at_.erase(place.config);
  else
    bytes_ += pieces_->vocabulary() / 8;
  place = {config, set};
  kept_at_[config] = next_kept_;
  next_kept_ = (next_kept_ + 1) % kept_.size();
  return set;
}

}  // namespace quipu::grammar
