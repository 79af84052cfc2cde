// Counts what is left, so that whether an object can still be finished is a comparison.
#include "text/grammar/object_progress.h"

#include <algorithm>

namespace quipu::grammar {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;  // the golden ratio: spreads low bits upwards
  return hash ^ (hash >> 32);
}

}  // namespace

std::uint32_t ObjectProgress::start(std::uint32_t object) {
  const auto& facts = program_.objects[object];
  Entry entry;
  entry.object = object;
  if (!facts.listed_order) {
    entry.seen.resize((facts.members.size() + 63) / 64);
    entry.required_left = facts.required_from[0];
    for (const auto& member : facts.members)
      entry.once_left += member.usable && !member.repeatable ? 1 : 0;
  }
  return intern(std::move(entry));
}

bool ObjectProgress::seen(const Entry& entry, std::uint32_t member) const {
  return (entry.seen[member / 64] >> (member % 64) & 1) != 0;
}

// Beyond these bounds one more member changes nothing.
ObjectProgress::Entry ObjectProgress::taken(const Entry& entry, std::uint32_t member) const {
  const auto& facts = program_.objects[entry.object];
  Entry next = entry;
  next.living_keys.clear();
  ++next.count;
  if (facts.most == unbounded) next.count = std::min(next.count, facts.least);
  if (facts.listed_order) {
    next.last = member;
  } else if (!seen(entry, member)) {
    next.seen[member / 64] |= std::uint64_t{1} << (member % 64);
    if (facts.members[member].required) --next.required_left;
    if (!facts.members[member].repeatable) --next.once_left;
  }
  return next;
}

bool ObjectProgress::feasible(const Entry& entry) const {
  const auto& facts = program_.objects[entry.object];
  std::uint64_t required = entry.required_left, more = entry.once_left;
  bool endless = facts.endless_from[0];
  if (facts.listed_order) {
    const std::size_t from = entry.last == none ? 0 : entry.last + std::size_t{1};
    required = facts.required_from[from];
    more = facts.usable_from[from];
    endless =
        facts.endless_from[from] || (entry.last != none && facts.members[entry.last].repeatable);
  }
  return entry.count + required <= facts.most && (endless || entry.count + more >= facts.least);
}

bool ObjectProgress::may_come(std::uint32_t id, std::uint32_t member) const {
  const Entry& entry = entries_[id];
  const auto& facts = program_.objects[entry.object];
  const auto& taken_member = facts.members[member];
  if (!taken_member.usable) return false;
  if (facts.listed_order) {
    const std::size_t from = entry.last == none ? 0 : entry.last + std::size_t{1};
    const bool again = member == entry.last && taken_member.repeatable;
    if (!again && (member < from || member > facts.next_required[from])) return false;
  } else if (!taken_member.repeatable && seen(entry, member)) {
    return false;
  }
  if (facts.most == unbounded && facts.least == 0) return true;
  return feasible(taken(entry, member));
}

bool ObjectProgress::may_close(std::uint32_t id) const {
  const Entry& entry = entries_[id];
  const auto& facts = program_.objects[entry.object];
  if (entry.count < facts.least) return false;
  if (!facts.listed_order) return entry.required_left == 0;
  return facts.required_from[entry.last == none ? 0 : entry.last + std::size_t{1}] == 0;
}

std::uint32_t ObjectProgress::with(std::uint32_t id, std::uint32_t member) {
  return intern(taken(entries_[id], member));
}

std::uint32_t ObjectProgress::adopt(const ObjectProgress& other, std::uint32_t id) {
  if (id == 0) return 0;
  Entry entry = other.entries_[id];
  entry.living_keys.clear();
  return intern(std::move(entry));
}

std::uint32_t ObjectProgress::intern(Entry entry) {
  std::uint64_t hash = mix(mix(entry.object, entry.count), entry.last);
  for (const std::uint64_t word : entry.seen) hash = mix(hash, word);
  const auto [from, to] = ids_.equal_range(hash);
  for (auto at = from; at != to; ++at) {
    const Entry& old = entries_[at->second];
    if (old.object == entry.object && old.count == entry.count && old.last == entry.last &&
        old.seen == entry.seen)
      return at->second;
  }
  const auto id = static_cast<std::uint32_t>(entries_.size());
  bytes_ += sizeof(Entry) + 8 * entry.seen.size() + 64;  // and its place in the index
  entries_.push_back(std::move(entry));
  ids_.emplace(hash, id);
  return id;
}

bool ObjectProgress::key_lives(std::uint32_t id, std::uint32_t key_state) {
  if (entries_[id].living_keys.empty()) find_living_keys(id);
  return entries_[id].living_keys[key_state];
}

void ObjectProgress::find_living_keys(std::uint32_t id) {
  const auto& facts = program_.objects[entries_[id].object];
  std::vector<bool> living(std::max<std::size_t>(facts.keys.size(), 1));
  std::vector<std::uint32_t> told;
  for (std::uint32_t state = 0; state < facts.keys.size(); ++state) {
    const std::int32_t member = facts.key_member[state];
    if (member < 0 || !may_come(id, static_cast<std::uint32_t>(member))) continue;
    living[state] = true;
    told.push_back(state);
  }
  while (!told.empty()) {
    const std::uint32_t state = told.back();
    told.pop_back();
    for (const std::uint32_t before : facts.keys_before[state])
      if (!living[before]) {
        living[before] = true;
        told.push_back(before);
      }
  }
  bytes_ += living.size() / 8;
  entries_[id].living_keys = std::move(living);
}

}  // namespace quipu::grammar
