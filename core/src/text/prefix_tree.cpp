#include "text/prefix_tree.h"

namespace quipu {
namespace {

// The first eight bytes as one number, in the order of texts: most comparisons need no more.
std::uint64_t first_bytes(std::string_view text) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i)
    number = number << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0u);
  return number;
}

struct Keyed {
  std::uint64_t key;
  std::uint32_t index;
};

// In order, the first of equals alone.
std::vector<PrefixTree::Entry> sorted(std::vector<PrefixTree::Entry> entries) {
  std::erase_if(entries, [](const PrefixTree::Entry& entry) {
    return entry.text.empty() || entry.text.size() > PrefixTree::longest;
  });
  std::vector<Keyed> keys;
  keys.reserve(entries.size());
  for (const auto& entry : entries)
    keys.push_back({first_bytes(entry.text), static_cast<std::uint32_t>(keys.size())});
  std::ranges::sort(keys, [&](const Keyed& a, const Keyed& b) {
    if (a.key != b.key) return a.key < b.key;
    const int order = entries[a.index].text.compare(entries[b.index].text);
    return order ? order < 0 : a.index < b.index;
  });
  std::vector<PrefixTree::Entry> out;
  out.reserve(entries.size());
  for (const auto& key : keys)
    if (out.empty() || out.back().text != entries[key.index].text)
      out.push_back(entries[key.index]);
  return out;
}

}  // namespace

PrefixTree::PrefixTree(std::vector<Entry> entries) {
  const std::vector<Entry> all = sorted(std::move(entries));
  roots_.fill(none);
  if (all.empty()) return;
  struct Range {
    std::size_t first, last;
  };
  std::vector<Range> ranges;
  // Adds a node for each stretch of entries that agree in the byte after the first `size`.
  const auto add_children = [&](Range range, std::size_t size) {
    while (range.first < range.last) {
      const auto byte = static_cast<unsigned char>(all[range.first].text[size]);
      std::size_t end = range.first + 1;
      while (end < range.last && static_cast<unsigned char>(all[end].text[size]) == byte) ++end;
      // What the first and the last share, all between them share.
      const auto first = all[range.first].text, last = all[end - 1].text;
      const auto parted = std::ranges::mismatch(first, last).in1 - first.begin();
      nodes_.push_back({first.substr(0, static_cast<std::size_t>(parted))});
      bytes_.push_back(byte);
      ranges.push_back({range.first, end});
      range.first = end;
    }
  };
  nodes_.reserve(all.size() + all.size() / 4);
  add_children({0, all.size()}, 0);
  for (std::uint32_t root = 0; root < nodes_.size(); ++root) roots_[bytes_[root]] = root;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Range range = ranges[i];
    const std::size_t size = nodes_[i].text.size();
    if (all[range.first].text.size() == size) nodes_[i].token = all[range.first++].token;
    const std::size_t before = nodes_.size();
    add_children(range, size);
    nodes_[i].children = static_cast<std::uint32_t>(before);
    nodes_[i].children_count = static_cast<std::uint32_t>(nodes_.size() - before);
  }
}

}  // namespace quipu
