// What an engine's runs took, job by job.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quipu {

/// One job of one stage; what abi/backend.h says of quipu_profile_entry.
struct ProfileEntry {
  struct Weight {
    std::string name, codec;
    std::vector<std::uint64_t> shape;  ///< the first axis is contiguous
    std::string kernel;                ///< "dot avx512"
  };

  std::uint32_t stage = 0;
  std::string op;
  std::vector<Weight> weights;
  std::uint64_t calls = 0;
  double elapsed_seconds = 0, busy_seconds = 0, waiting_seconds = 0;
  std::uint64_t bytes = 0, multiply_adds = 0;
};

struct Profile {
  std::uint32_t threads = 0;
  std::uint64_t runs = 0, tokens = 0;
  double elapsed_seconds = 0;  ///< within the backend; at least the sum of the entries
  double noting_seconds = 0;   ///< within the backend, besides, for noting it
  std::vector<ProfileEntry> entries;
};

}  // namespace quipu
