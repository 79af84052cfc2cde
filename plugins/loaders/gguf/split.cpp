#include "split.h"

#include <unistd.h>

#include <array>
#include <cstdio>

#include "../shared/text.h"

namespace gguf {
namespace {

// Five digits are all that a part's name has room for.
constexpr std::uint64_t most_parts = 99999;

// Missing parts that a message names before it only counts.
constexpr std::uint64_t most_named = 8;

struct Split {
  std::uint64_t number, count;  // number is from 0
};

Split split_of(const Container& file) {
  // Tools that do not split write a count of 0 or none at all.
  const Split split{file.integer("split.no", 0),
                    std::max<std::uint64_t>(file.integer("split.count", 1), 1)};
  const auto check = [&](const char* key, std::uint64_t found, std::uint64_t most) {
    if (found > most)
      throw Error(QUIPU_E_INVALID, file.path() + ": key '" + key + "': expected at most " +
                                       std::to_string(most) + ", found " + std::to_string(found));
  };
  check("split.count", split.count, most_parts);
  check("split.no", split.number, split.count - 1);
  return split;
}

// "-00002-of-00003.gguf" for number 1.
std::string ending(std::uint64_t number, std::uint64_t count) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "-%05llu-of-%05llu.gguf",
                static_cast<unsigned long long>(number + 1),
                static_cast<unsigned long long>(count));
  return text.data();
}

std::string part_name(const Split& split) {
  return "part " + std::to_string(split.number + 1) + " of " + std::to_string(split.count);
}

}  // namespace

std::vector<std::string> other_parts(const Container& first) {
  const Split split = split_of(first);
  if (split.count == 1) return {};
  if (split.number != 0)
    throw Error(QUIPU_E_INVALID, first.path() + ": expected the first part of the model, whose " +
                                     "name ends in " + ending(0, split.count) + ", found " +
                                     part_name(split));
  const std::string own_ending = ending(0, split.count);
  if (!first.path().ends_with(own_ending))
    throw Error(QUIPU_E_INVALID, first.path() + ": " + part_name(split) +
                                     ", and the others are found by name: expected a name that " +
                                     "ends in " + own_ending);
  const std::string stem = first.path().substr(0, first.path().size() - own_ending.size());
  std::vector<std::string> parts;
  std::string missing;
  std::uint64_t missing_count = 0;
  for (std::uint64_t number = 1; number < split.count; ++number) {
    parts.push_back(stem + ending(number, split.count));
    if (::access(parts.back().c_str(), F_OK) == 0) continue;
    if (missing_count++ < most_named) missing += (missing.empty() ? "" : ", ") + parts.back();
  }
  if (missing_count > most_named)
    missing += " and " + std::to_string(missing_count - most_named) + " more";
  if (missing_count)
    throw Error(QUIPU_E_IO, first.path() + ": expected " + std::to_string(split.count) +
                                " parts, not found: " + missing);
  return parts;
}

std::vector<std::string> part_paths(const std::string& path, std::uint32_t count) {
  if (count == 1) return {path};
  if (count > most_parts)
    throw Error(QUIPU_E_UNSUPPORTED, path + ": expected at most " + std::to_string(most_parts) +
                                         " parts, found " + std::to_string(count));
  const std::string stem = path.ends_with(".gguf") ? path.substr(0, path.size() - 5) : path;
  std::vector<std::string> paths;
  for (std::uint32_t number = 0; number < count; ++number)
    paths.push_back(stem + ending(number, count));
  return paths;
}

void check_part(const Container& part, const Container& first, std::uint64_t number) {
  const Split expected{number, split_of(first).count};
  const Split found = split_of(part);
  if (found.number != expected.number || found.count != expected.count)
    throw Error(QUIPU_E_INVALID, part.path() + ": keys 'split.no' and 'split.count': expected " +
                                     part_name(expected) + ", found " + part_name(found));
}

}  // namespace gguf
