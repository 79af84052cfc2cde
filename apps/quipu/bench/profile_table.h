// A profile of an engine, put together by kind of work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command.h"
#include "quipu/profile.h"

namespace quipu::app {

/// All jobs of a kind that took the same kernels.
struct ProfileRow {
  std::string op, kernel;  ///< kernel: "" where there is no choice
  std::uint64_t calls = 0;
  double seconds = 0, busy_seconds = 0, waiting_seconds = 0;
  std::uint64_t bytes = 0, multiply_adds = 0;
};

/// Rows, the longest first, then what is spent outside of stages and outside of the backend; their
/// seconds add up to `seconds`.
struct ProfileTable {
  std::vector<ProfileRow> rows;
  double seconds = 0;  ///< without what noting took
  std::uint64_t runs = 0, tokens = 0;
  std::uint32_t threads = 0;

  double share(const ProfileRow& row) const { return seconds > 0 ? row.seconds / seconds : 0; }
  /// Of the time that all threads had for the row: what they waited for one another.
  double waiting_share(const ProfileRow& row) const {
    return row.seconds > 0 ? row.waiting_seconds / (row.seconds * threads) : 0;
  }
};

/// `seconds`: what the runs and all around them took, as the caller saw it.
ProfileTable profile_table(const Profile& profile, double seconds);

/// The machine's limits, to be held against; 0 = not known.
struct ProfileLimits {
  double read_bytes_per_second = 0, multiply_adds_per_second = 0;
};

/// A line for the whole, a line for the columns, a line for each row. No line ends here.
std::vector<std::string> lines(const ProfileTable& table, const ProfileLimits& limits);
json::object to_json(const ProfileTable& table, const ProfileLimits& limits);

}  // namespace quipu::app
