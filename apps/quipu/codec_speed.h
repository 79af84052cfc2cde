// How fast a codec's weights multiply on a backend, next to what the machine does at that moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "quipu/registry.h"

namespace quipu::app {

/// Medians over rounds; what is compared runs within milliseconds of each other.
struct CodecSpeed {
  double decode_bytes;       ///< of weights per second, one token, weights from memory
  double decode_of_read;     ///< against a plain read of the same bytes by as many threads
  double prefill_multiples;  ///< multiply-adds per second, 512 tokens
  double prefill_of_peak;    ///< against the integer peak of as many threads; 0 where unknown
};

/// Measures codecs one after another in the same memory, through one matrix product each, planned
/// and run as a model's is.
class CodecBench {
 public:
  /// threads: 0 = the backend's own choice.
  CodecBench(const quipu_backend& backend, std::uint32_t threads);
  ~CodecBench();
  CodecBench(const CodecBench&) = delete;
  CodecBench& operator=(const CodecBench&) = delete;

  /// Throws what the backend refuses, and Error{unsupported} where no block of the codec with
  /// finite weights can be made.
  CodecSpeed measure(const quipu_codec& codec);

 private:
  const quipu_backend& backend_;
  std::uint32_t threads_;
  quipu_backend_context* context_ = nullptr;
  std::vector<std::byte> memory_;
};

}  // namespace quipu::app
