// Runs a grammar over bytes. Where it stands is a configuration: a set of stacks of frames, what is
// read now on top and what waits for it below. Frames, stacks and configurations are numbered as
// they turn up, and where a byte leads is remembered, so what was done once is a look-up.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "text/grammar/object_progress.h"
#include "text/grammar/program.h"

namespace quipu::grammar {

using FrameId = std::uint32_t;
using StackId = std::uint32_t;   // 0: nothing more has to come
using ConfigId = std::uint32_t;  // 0: no stack, so nothing can come

/// Not thread-safe. Grows; adopt() into a new one keeps what a configuration needs and leaves the
/// rest behind.
class Machine {
 public:
  explicit Machine(std::shared_ptr<const Program> program);

  const Program& program() const noexcept { return *program_; }

  /// Before the first byte.
  ConfigId start();
  /// Behind a byte. Throws invalid when there are too many stacks.
  ConfigId step(ConfigId config, std::uint8_t byte) {
    const std::uint32_t row = rows_[config];
    if (row != none) {
      const ConfigId known = next_[row + program_->byte_class[byte]];
      if (known != none) return known;
    }
    return find_step(config, byte);
  }
  /// Whether what was read is complete. Every configuration but 0 can be completed.
  bool ends(ConfigId config) {
    if (!closed_[config]) close(config);
    return ends_[config];
  }
  /// Whether a byte can follow.
  bool goes_on(ConfigId config) {
    if (!closed_[config]) close(config);
    return !configs_[config].moves.empty();
  }
  /// Bytes that can follow, as characters for people: "'a'-'z', '}' or the end".
  std::string expected(ConfigId config);

  /// The stacks, as they were behind the last byte: calls are not made, ends not left.
  const std::vector<StackId>& stacks(ConfigId config) const { return *configs_[config].stacks; }
  FrameId top(StackId stack) const { return stacks_[stack].frame; }
  StackId below(StackId stack) const { return stacks_[stack].below; }
  /// A stack of one frame.
  ConfigId alone(FrameId frame);
  /// A frame that `bytes` bytes cannot tell from this one: counters far from their bounds are
  /// alike.
  FrameId typical(FrameId frame, std::uint32_t bytes);

  /// The same configuration, of another machine of the same program.
  ConfigId adopt(const Machine& other, ConfigId config);

  /// About what it takes in memory.
  std::size_t bytes() const noexcept { return bytes_ + objects_.bytes(); }
  /// Grows with what is done that was not remembered; for budgets.
  std::uint64_t work() const noexcept { return work_; }

 private:
  struct Frame {
    StateId state = none;
    std::uint32_t data = 0;  // rounds of a repeat, progress of an object
  };
  struct Edge {
    std::uint8_t first, last;
    FrameId target;
  };
  struct Call {
    FrameId start, target;  // target none: nothing is left to do behind it
  };
  /// What a frame can do.
  struct Moves {
    std::vector<Edge> edges;
    std::vector<Call> calls;
    bool accepting = false;
    bool known = false;
  };
  struct Stack {
    FrameId frame = none;
    StackId below = 0;
  };
  /// An edge of some frame, and what waits below it.
  struct StackEdge {
    std::uint8_t first, last;
    FrameId target;
    StackId below;
  };
  struct Config {
    const std::vector<StackId>* stacks = nullptr;  // sorted; in config_ids_
    std::vector<StackEdge> moves;                  // once closed
  };
  struct Hash {
    std::size_t operator()(const std::vector<StackId>& stacks) const noexcept;
  };

  FrameId frame_of(StateId state, std::uint32_t data);
  FrameId start_of(PartId part);
  const Moves& moves_of(FrameId frame);
  void add_plain(const Program::State& state, Moves& moves);
  void add_repeat(const Program::State& state, std::uint32_t count, Moves& moves);
  void add_object(const Program::State& state, std::uint32_t progress, Moves& moves);
  void add_key(const Program::Object& object, std::uint32_t key_state, std::uint32_t progress,
               Moves& moves);
  void add_value(const Program::Object& object, std::uint32_t member, std::uint32_t progress,
                 Moves& moves);
  void add_optional(const Program::Optional& part, FrameId target, Moves& moves);
  StackId stack_of(FrameId frame, StackId below);
  ConfigId config_of(std::vector<StackId> stacks);
  void close(ConfigId config);
  ConfigId find_step(ConfigId config, std::uint8_t byte);

  std::shared_ptr<const Program> program_;
  ObjectProgress objects_;
  std::vector<Frame> frames_;
  std::vector<Moves> moves_;  // per frame
  std::unordered_map<std::uint64_t, FrameId> frame_ids_;
  std::vector<Stack> stacks_;
  std::unordered_map<std::uint64_t, StackId> stack_ids_;
  std::vector<Config> configs_;
  std::unordered_map<std::vector<StackId>, ConfigId, Hash> config_ids_;
  // Per configuration: where its row of next_ begins, or none.
  std::vector<std::uint32_t> rows_;
  std::vector<ConfigId> next_;  // per class of bytes
  std::vector<char> ends_, closed_;
  std::vector<std::uint32_t> visited_;  // per stack: the round in which it was
  std::uint32_t round_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t work_ = 0;
};

}  // namespace quipu::grammar
