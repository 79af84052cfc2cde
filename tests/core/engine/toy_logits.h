// A toy model, the same for the backend that runs it and the tests that know what must come out.
//
// The logits after a prefix are a hash of the whole prefix, so that nothing of a cache can be wrong
// without another token coming out. A prefix that begins with `script, n` is followed by its own
// next n tokens, and then by the end.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace toy {

enum : std::int32_t {
  end = 0,
  letters = 1,      // 'a' to 'z'
  euro_bytes = 27,  // the three bytes of U+20AC
  poison = 30,      // a batch that holds it fails
  no_numbers = 31,  // logits after it are NaN
  script = 32,
  counts = 33,      // 'script' takes counts + n
  vocabulary = 64,  // of the tokenizer
  width = 80        // of the logits
};

inline std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 29);
}

inline std::vector<float> logits(std::span<const std::int32_t> prefix) {
  std::vector<float> row(width, 0.0f);
  if (prefix.back() == no_numbers) {
    row[5] = std::numeric_limits<float>::quiet_NaN();
  } else if (prefix.size() >= 2 && prefix[0] == script) {
    const auto count = static_cast<std::size_t>(prefix[1] - counts);
    const std::size_t done = prefix.size() - 2;
    const auto next = done < count ? prefix[1] : done < 2 * count ? prefix[2 + done - count] : end;
    row[static_cast<std::size_t>(next)] = 50;
  } else {
    std::uint64_t hash = 1;
    for (const std::int32_t token : prefix) hash = mix(hash, static_cast<std::uint64_t>(token));
    // Letters only, so that an answer goes on until something ends it.
    for (std::size_t i = 0; i < row.size(); ++i)
      row[i] = i >= letters && i < letters + 26
                   ? static_cast<float>(mix(hash, i) >> 40) / 4194304.0f
                   : -10.0f;
  }
  return row;
}

}  // namespace toy
