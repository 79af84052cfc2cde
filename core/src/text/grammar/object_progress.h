// What was seen of a JSON object's members, and what may still come.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "text/grammar/program.h"

namespace quipu::grammar {

/// Each combination that occurs gets an id; 0 is no combination.
class ObjectProgress {
 public:
  explicit ObjectProgress(const Program& program) : program_(program), entries_(1) {}

  /// Nothing seen.
  std::uint32_t start(std::uint32_t object);
  /// With one more member; it must be one that may come.
  std::uint32_t with(std::uint32_t id, std::uint32_t member);
  /// The same combination, of another ObjectProgress of the same program.
  std::uint32_t adopt(const ObjectProgress& other, std::uint32_t id);

  /// Whether the object can be finished after one more member, this one.
  bool may_come(std::uint32_t id, std::uint32_t member) const;
  bool may_close(std::uint32_t id) const;
  /// Whether a key that has come to this state of the keys can still become one that may come.
  /// State 0: whether any may.
  bool key_lives(std::uint32_t id, std::uint32_t key_state);

  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Entry {
    std::uint32_t object = none;
    std::uint32_t count = 0;                         // of members, as far as it matters
    std::uint32_t last = none;                       // in listed order
    std::vector<std::uint64_t> seen;                 // in any order: a bit per member
    std::uint32_t required_left = 0, once_left = 0;  // that follow from the rest
    std::vector<bool> living_keys;                   // empty: not known yet
  };

  std::uint32_t intern(Entry entry);
  Entry taken(const Entry& entry, std::uint32_t member) const;
  bool feasible(const Entry& entry) const;
  bool seen(const Entry& entry, std::uint32_t member) const;
  void find_living_keys(std::uint32_t id);

  const Program& program_;
  std::vector<Entry> entries_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> ids_;  // by hash
  std::size_t bytes_ = 0;
};

}  // namespace quipu::grammar
