// Frames are expanded once, stacks are shared, and every step is remembered.
#include "text/grammar/machine.h"

#include <algorithm>
#include <array>

#include "quipu/error.h"

namespace quipu::grammar {
namespace {

// Of one configuration. Real grammars have few: what is ambiguous for many bytes has one stack for
// each way to read them.
constexpr std::size_t most_stacks = 4096;
constexpr std::size_t most_moves = 65536;
// What takes about ten nanoseconds is one step of work.
constexpr std::uint64_t steps_of_insertion = 16;
constexpr std::size_t moves_of_step = 8;

[[noreturn]] void too_ambiguous() {
  throw Error(ErrorCode::invalid, "grammar: expected at most " + std::to_string(most_stacks) +
                                      " ways to read a text, found more: it is too ambiguous");
}

std::uint64_t key(std::uint32_t high, std::uint32_t low) {
  return std::uint64_t{high} << 32 | low;
}

std::string character(std::size_t byte) {
  if (byte >= 0x21 && byte < 0x7F && byte != '\'') {
    std::string text = "'";
    text += static_cast<char>(byte);
    return text + "'";
  }
  if (byte == ' ') return "a space";
  if (byte == '\n') return "a line's end";
  constexpr char digits[] = "0123456789ABCDEF";
  return std::string("byte ") + digits[byte / 16] + digits[byte % 16];
}

}  // namespace

std::size_t Machine::Hash::operator()(const std::vector<StackId>& stacks) const noexcept {
  std::uint64_t hash = stacks.size();
  for (const StackId stack : stacks) {
    hash = (hash ^ stack) * 0x9E3779B97F4A7C15u;  // the golden ratio: spreads low bits upwards
    hash ^= hash >> 32;
  }
  return hash;
}

Machine::Machine(std::shared_ptr<const Program> program)
    : program_(std::move(program)), objects_(*program_), stacks_(1), visited_(1) {
  config_of({});
}

ConfigId Machine::start() {
  std::vector<StackId> stacks;
  if (program_->empty_text) stacks.push_back(0);
  if (program_->root != none) stacks.push_back(stack_of(start_of(program_->root), 0));
  return config_of(std::move(stacks));
}

ConfigId Machine::alone(FrameId frame) {
  return config_of({stack_of(frame, 0)});
}

FrameId Machine::frame_of(StateId state, std::uint32_t data) {
  const auto [at, fresh] =
      frame_ids_.try_emplace(key(state, data), static_cast<FrameId>(frames_.size()));
  if (fresh) {
    frames_.push_back({state, data});
    moves_.emplace_back();
    bytes_ += sizeof(Frame) + sizeof(Moves) + 48;  // and its place in the index; likewise below
    work_ += steps_of_insertion;
  }
  return at->second;
}

FrameId Machine::start_of(PartId part) {
  const StateId start = program_->parts[part].start;
  const auto& state = program_->states[start];
  return frame_of(start, state.kind == StateKind::object_open ? objects_.start(state.index) : 0);
}

const Machine::Moves& Machine::moves_of(FrameId frame) {
  if (moves_[frame].known) return moves_[frame];
  const auto [id, data] = frames_[frame];
  const auto& state = program_->states[id];
  Moves moves;
  if (state.kind == StateKind::plain)
    add_plain(state, moves);
  else if (state.kind == StateKind::repeat)
    add_repeat(state, data, moves);
  else
    add_object(state, data, moves);
  moves.known = true;
  bytes_ += moves.edges.size() * sizeof(Edge) + moves.calls.size() * sizeof(Call);
  return moves_[frame] = std::move(moves);
}

void Machine::add_plain(const Program::State& state, Moves& moves) {
  moves.accepting = state.accepting;
  for (std::uint32_t i = 0; i < state.edges; ++i) {
    const auto& edge = program_->edges[state.first_edge + i];
    moves.edges.push_back(
        {edge.first, edge.last, edge.target == program_->done ? none : frame_of(edge.target, 0)});
  }
  for (std::uint32_t i = 0; i < state.calls; ++i) {
    const auto& call = program_->calls[state.first_call + i];
    moves.calls.push_back(
        {start_of(call.part), call.target == program_->done ? none : frame_of(call.target, 0)});
  }
}

void Machine::add_repeat(const Program::State& state, std::uint32_t count, Moves& moves) {
  const auto& repeat = program_->repeats[state.index];
  // A part never describes the empty text, so there is at least one round.
  const std::uint32_t least = std::max(repeat.least, std::uint32_t{1});
  moves.accepting = repeat.ends && count >= least;
  if (count >= repeat.most) return;
  std::uint32_t next = count + 1;
  if (repeat.most == unbounded) next = std::min(next, least);
  moves.calls.push_back(
      {start_of(repeat.body), next == repeat.most ? none : frame_of(repeat.state, next)});
}

void Machine::add_object(const Program::State& state, std::uint32_t progress, Moves& moves) {
  const auto& object = program_->objects[state.index];
  switch (state.kind) {
  case StateKind::object_open:
    moves.edges.push_back({'{', '{', frame_of(object.opened, progress)});
    break;
  case StateKind::object_opened:
    if (objects_.may_close(progress))
      add_optional(object.when_empty, frame_of(object.close, 0), moves);
    if (objects_.key_lives(progress, 0))
      add_optional(object.before_first, frame_of(object.keys_at, progress), moves);
    break;
  case StateKind::object_key:
    add_key(object, state.position, progress, moves);
    break;
  case StateKind::object_value:
    add_optional(object.members[state.position].value,
                 frame_of(object.after, objects_.with(progress, state.position)), moves);
    break;
  case StateKind::object_after:
    if (objects_.key_lives(progress, 0))
      add_optional(object.between, frame_of(object.keys_at, progress), moves);
    if (objects_.may_close(progress))
      add_optional(object.before_close, frame_of(object.close, 0), moves);
    break;
  case StateKind::object_close:
    moves.edges.push_back({'}', '}', none});
    break;
  case StateKind::plain:
  case StateKind::repeat:
    break;
  }
}

void Machine::add_key(const Program::Object& object, std::uint32_t key_state,
                      std::uint32_t progress, Moves& moves) {
  for (const auto& edge : object.keys[key_state].edges)
    if (objects_.key_lives(progress, edge.target))
      moves.edges.push_back(
          {edge.first, edge.last, frame_of(object.keys_at + edge.target, progress)});
  const std::int32_t member = object.key_member[key_state];
  if (member < 0 || !objects_.may_come(progress, static_cast<std::uint32_t>(member))) return;
  const StateId value = object.values_at + static_cast<std::uint32_t>(member);
  add_optional(object.after_key, frame_of(value, progress), moves);
}

// Between two keys there is at least a byte of the second, so this does not go round.
void Machine::add_optional(const Program::Optional& part, FrameId target, Moves& moves) {
  if (part.part != none) moves.calls.push_back({start_of(part.part), target});
  if (!part.skip) return;
  const Moves& behind = moves_of(target);
  moves.edges.insert(moves.edges.end(), behind.edges.begin(), behind.edges.end());
  moves.calls.insert(moves.calls.end(), behind.calls.begin(), behind.calls.end());
  moves.accepting = moves.accepting || behind.accepting;
}

FrameId Machine::typical(FrameId frame, std::uint32_t bytes) {
  const auto [id, count] = frames_[frame];
  if (program_->states[id].kind != StateKind::repeat) return frame;
  const auto& repeat = program_->repeats[program_->states[id].index];
  if (repeat.free == none) return frame;
  // Each round reads at least a byte.
  const std::uint64_t reached = std::uint64_t{count} + bytes;
  if (reached < repeat.least) return frame_of(program_->repeats[repeat.endless].state, 1);
  if (count >= std::max(repeat.least, std::uint32_t{1}) &&
      (repeat.most == unbounded || reached < repeat.most))
    return frame_of(program_->repeats[repeat.free].state, 1);
  return frame;
}

StackId Machine::stack_of(FrameId frame, StackId below) {
  const auto [at, fresh] =
      stack_ids_.try_emplace(key(frame, below), static_cast<StackId>(stacks_.size()));
  if (fresh) {
    stacks_.push_back({frame, below});
    visited_.push_back(0);
    bytes_ += sizeof(Stack) + 48;
    work_ += steps_of_insertion;
  }
  return at->second;
}

ConfigId Machine::config_of(std::vector<StackId> stacks) {
  std::ranges::sort(stacks);
  stacks.erase(std::ranges::unique(stacks).begin(), stacks.end());
  if (stacks.size() > most_stacks) too_ambiguous();
  const auto [at, fresh] =
      config_ids_.try_emplace(std::move(stacks), static_cast<ConfigId>(configs_.size()));
  if (fresh) {
    configs_.push_back({&at->first, {}});
    rows_.push_back(none);
    ends_.push_back(0);
    closed_.push_back(0);
    bytes_ += sizeof(Config) + 96 + at->first.size() * sizeof(StackId);
    work_ += steps_of_insertion + at->first.size();
  }
  return at->second;
}

// Calls are made and ends are left until there is a byte to read. Every call reads one before it
// ends and no part calls itself before it has, so this comes to an end.
void Machine::close(ConfigId config) {
  ++round_;
  std::vector<StackEdge> moves;
  std::vector<StackId> open;
  std::size_t visited = 0;
  const auto visit = [&](StackId stack) {
    if (visited_[stack] == round_) return;
    visited_[stack] = round_;
    open.push_back(stack);
    if (++visited > most_moves) too_ambiguous();
  };
  for (const StackId stack : *configs_[config].stacks) visit(stack);
  bool ends = false;
  while (!open.empty()) {
    const StackId stack = open.back();
    open.pop_back();
    if (stack == 0) {
      ends = true;
      continue;
    }
    const auto [frame, below] = stacks_[stack];
    const Moves& can = moves_of(frame);
    for (const auto& edge : can.edges) moves.push_back({edge.first, edge.last, edge.target, below});
    for (const auto& call : can.calls)
      visit(stack_of(call.start, call.target == none ? below : stack_of(call.target, below)));
    if (can.accepting) visit(below);
    if (moves.size() > most_moves) too_ambiguous();
  }
  work_ += 2 * visited + moves.size();
  bytes_ += moves.size() * sizeof(StackEdge);
  moves.shrink_to_fit();
  configs_[config].moves = std::move(moves);
  ends_[config] = ends;
  closed_[config] = true;
}

ConfigId Machine::find_step(ConfigId config, std::uint8_t byte) {
  if (!closed_[config]) close(config);
  std::vector<StackId> stacks;
  for (const auto& move : configs_[config].moves)
    if (move.first <= byte && byte <= move.last)
      stacks.push_back(move.target == none ? move.below : stack_of(move.target, move.below));
  work_ += configs_[config].moves.size() / moves_of_step + 4 * stacks.size() + 1;
  const ConfigId next = config_of(std::move(stacks));
  if (rows_[config] == none) {
    rows_[config] = static_cast<std::uint32_t>(next_.size());
    next_.resize(next_.size() + program_->byte_classes, none);
    bytes_ += program_->byte_classes * sizeof(ConfigId);
  }
  return next_[rows_[config] + program_->byte_class[byte]] = next;
}

ConfigId Machine::adopt(const Machine& other, ConfigId config) {
  std::unordered_map<StackId, StackId> known{{0, 0}};
  std::vector<StackId> stacks;
  for (const StackId stack : other.stacks(config)) {
    std::vector<StackId> way;
    StackId at = stack;
    for (; !known.contains(at); at = other.below(at)) way.push_back(at);
    StackId mine = known[at];
    for (; !way.empty(); way.pop_back()) {
      const Frame& frame = other.frames_[other.top(way.back())];
      const StateKind kind = program_->states[frame.state].kind;
      const bool has_progress = kind != StateKind::plain && kind != StateKind::repeat;
      mine =
          stack_of(frame_of(frame.state,
                            has_progress ? objects_.adopt(other.objects_, frame.data) : frame.data),
                   mine);
      known[way.back()] = mine;
    }
    stacks.push_back(mine);
  }
  return config_of(std::move(stacks));
}

std::string Machine::expected(ConfigId config) {
  const bool end = ends(config);
  std::array<bool, 257> can{};
  for (const auto& move : configs_[config].moves)
    for (std::size_t byte = move.first; byte <= move.last; ++byte) can[byte] = true;
  std::vector<std::string> words;
  for (std::size_t byte = 0; byte < 256;) {
    std::size_t last = byte;
    while (can[byte] && can[last + 1]) ++last;
    if (can[byte])
      words.push_back(last == byte ? character(byte)
                                   : character(byte) + (last == byte + 1 ? " or " : " to ") +
                                         character(last));
    byte = last + 1;
  }
  constexpr std::size_t shown = 8;
  if (words.size() > shown) {
    words.resize(shown);
    words.push_back("…");
  }
  if (end) words.push_back("the end");
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text.empty() ? "nothing" : text;
}

}  // namespace quipu::grammar
