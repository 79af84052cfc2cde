// Ranges are cut where a set begins or ends; stretches that the same sets have share a class.
#include "text/regular/alphabet.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "text/regular/tuple_hash.h"

namespace quipu::regular {

Ranges normalised(Ranges ranges) {
  std::ranges::sort(ranges, {}, &Range::first);
  Ranges out;
  for (const Range& each : ranges) {
    if (!out.empty() && each.first <= out.back().last + 1)
      out.back().last = std::max(out.back().last, each.last);
    else
      out.push_back(each);
  }
  return out;
}

Ranges complement(const Ranges& ranges) {
  Ranges out;
  char32_t next = 0;
  for (const Range& each : ranges) {
    if (each.first > next) out.push_back({next, each.first - 1});
    next = each.last + 1;
  }
  if (next <= last_code_point) out.push_back({next, last_code_point});
  return out;
}

std::uint32_t Alphabet::class_of(char32_t point) const noexcept {
  const auto above = std::upper_bound(starts.begin(), starts.end(), point);
  return classes[static_cast<std::size_t>(above - starts.begin()) - 1];
}

Alphabet Alphabet::of(std::span<const Ranges> sets, Budget& budget) {
  std::vector<char32_t> starts{0};
  for (const Ranges& set : sets)
    for (const Range& each : set) {
      starts.push_back(each.first);
      if (each.last < last_code_point) starts.push_back(each.last + 1);
    }
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());

  std::vector<std::vector<std::int32_t>> members(starts.size());  // sets that have the stretch
  for (std::size_t s = 0; s < sets.size(); ++s)
    for (const Range& each : sets[s]) {
      const auto first = std::ranges::lower_bound(starts, each.first) - starts.begin();
      for (auto i = static_cast<std::size_t>(first); i < starts.size() && starts[i] <= each.last;
           ++i) {
        budget.spend(1);
        members[i].push_back(static_cast<std::int32_t>(s));
      }
    }
  Alphabet out{{}, {}, 0};
  std::unordered_map<std::vector<std::int32_t>, std::uint32_t, TupleHash> ids;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto [place, fresh] = ids.try_emplace(std::move(members[i]), out.count);
    if (fresh) ++out.count;
    if (!out.classes.empty() && out.classes.back() == place->second) continue;
    out.starts.push_back(starts[i]);
    out.classes.push_back(place->second);
  }
  return out;
}

}  // namespace quipu::regular
