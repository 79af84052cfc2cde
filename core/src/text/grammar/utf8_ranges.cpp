// UTF-8 is a sequence of digits: a lead byte, then bytes of six bits. A range of code points falls
// into pieces in which all but the last few digits are fixed and the rest run free.
#include "text/grammar/utf8_ranges.h"

#include <algorithm>

namespace quipu::grammar {
namespace {

constexpr std::uint32_t highest = 0x10FFFF;
// The last code point of each length.
constexpr std::uint32_t last_of_size[4] = {0x7F, 0x7FF, 0xFFFF, highest};

void encode(std::uint32_t code_point, std::uint32_t size, std::uint8_t* bytes) {
  constexpr std::uint8_t lead[4] = {0, 0xC0, 0xE0, 0xF0};
  for (std::uint32_t i = size; i-- > 1; code_point >>= 6)
    bytes[i] = static_cast<std::uint8_t>(0x80 | (code_point & 0x3F));
  bytes[0] = static_cast<std::uint8_t>(lead[size - 1] | code_point);
}

// A range whose code points have `size` bytes, cut where a digit changes before the digits after
// it have run through.
void cut(std::uint32_t first, std::uint32_t last, std::uint32_t size,
         std::vector<ByteRanges>& out) {
  while (first <= last) {
    // The most low digits that run free from here on.
    std::uint32_t end = first;
    for (std::uint32_t free = 1; free < size; ++free) {
      const std::uint32_t mask = (std::uint32_t{1} << (6 * free)) - 1;
      if ((first & mask) != 0 || (first | mask) > last) break;
      end = first | mask;
    }
    // The digit before them runs as far as it may.
    const std::uint32_t step = end - first + 1;
    std::uint32_t digit_end = end;
    const std::uint32_t ceiling = step == (std::uint32_t{1} << (6 * (size - 1)))
                                      ? last  // the lead byte
                                      : (first | (step * 64 - 1));
    if (ceiling > end) {
      const std::uint32_t limit = std::min(last, ceiling);
      if (limit >= end + step) digit_end = end + (limit - end) / step * step;
    }
    std::uint8_t low[4], high[4];
    encode(first, size, low);
    encode(digit_end, size, high);
    ByteRanges ranges{{}, size};
    for (std::uint32_t i = 0; i < size; ++i) ranges.at[i] = {low[i], high[i]};
    out.push_back(ranges);
    first = digit_end + 1;
  }
}

}  // namespace

std::vector<CodePoints> tidy(std::vector<CodePoints> ranges) {
  std::ranges::sort(ranges, {}, &CodePoints::first);
  std::vector<CodePoints> out;
  const auto add = [&](std::uint32_t first, std::uint32_t last) {
    if (first > last) return;
    if (!out.empty() && first <= out.back().last + 1)
      out.back().last = std::max(out.back().last, last);
    else
      out.push_back({first, last});
  };
  for (const auto& [first, last] : ranges) {
    add(first, std::min<std::uint32_t>(last, 0xD7FF));
    add(std::max<std::uint32_t>(first, 0xE000), std::min(last, highest));
  }
  // Two halves of one range may come before a range that lies in the first half.
  if (std::ranges::is_sorted(out, {}, &CodePoints::first)) return out;
  return tidy(std::move(out));
}

std::vector<CodePoints> all_but(std::vector<CodePoints> ranges) {
  std::vector<CodePoints> out;
  std::uint32_t next = 0;
  for (const auto& [first, last] : tidy(std::move(ranges))) {
    if (first > next) out.push_back({next, first - 1});
    next = last + 1;
  }
  if (next <= highest) out.push_back({next, highest});
  return tidy(std::move(out));
}

std::vector<ByteRanges> byte_ranges(std::span<const CodePoints> tidy_ranges) {
  std::vector<ByteRanges> out;
  for (const auto& range : tidy_ranges) {
    std::uint32_t first = range.first;
    for (std::uint32_t size = 1; size <= 4 && first <= range.last; ++size) {
      const std::uint32_t last = std::min(range.last, last_of_size[size - 1]);
      if (first > last) continue;
      cut(first, last, size, out);
      first = last + 1;
    }
  }
  return out;
}

}  // namespace quipu::grammar
