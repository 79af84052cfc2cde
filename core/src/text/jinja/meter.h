// What a rendering may cost. A template that needs more is an error that says which budget was
// exceeded.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace quipu::jinja {

struct Budget {
  /// Expressions and statements, elements gone over, and every so many bytes of text.
  std::uint64_t steps = 4'000'000;
  std::uint64_t bytes = 64ull << 20;  ///< of all texts, lists and scopes that are made
  int depth = 300;                    ///< of expressions, blocks and macros in each other
};

/// What is wrong with a template or exceeds its budget; becomes an Error that has the line.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] inline void fail(const std::string& what) {
  throw Failure(what);
}

class Meter {
 public:
  explicit Meter(Budget budget) : left_(budget) {}

  void step(std::uint64_t count = 1) {
    if (count > left_.steps) fail("expected to be done in 4 million steps, found more");
    left_.steps -= count;
  }
  /// Going over so many bytes of text as a whole.
  void read(std::uint64_t bytes) { step(bytes / 64); }
  /// Going over them character by character.
  void read_characters(std::uint64_t bytes) { step(bytes / 8); }
  /// Making so many bytes.
  void make(std::uint64_t bytes) {
    if (bytes > left_.bytes) fail("expected to make at most 64 MiB of text and lists, found more");
    left_.bytes -= bytes;
    read(bytes);
  }
  /// Making so many values of a list, or entries of a mapping.
  void make_values(std::uint64_t count) {
    step(count);
    make(count < left_.bytes ? 32 * count : left_.bytes + 1);
  }
  void make_entries(std::uint64_t count) {
    step(count);
    make(count < left_.bytes ? 200 * count : left_.bytes + 1);
  }
  std::uint64_t bytes_left() const { return left_.bytes; }

  void enter() {
    if (left_.depth <= 0)
      fail("expected blocks, expressions and macros nested less deep, found 300 in each other");
    --left_.depth;
  }
  void leave() { ++left_.depth; }

 private:
  Budget left_;
};

}  // namespace quipu::jinja
