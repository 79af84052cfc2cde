// Profiles as tables: sums, shares and which kernel each tensor got.
#include <boost/test/unit_test.hpp>

#include <numeric>

#include "bench/kernel_table.h"
#include "bench/profile_table.h"
#include "bench/samples.h"

using namespace quipu;
using namespace quipu::app;

namespace {

ProfileEntry linear(std::uint32_t layer, const std::string& kernel, double seconds) {
  ProfileEntry entry;
  entry.op = "linear q4_0 [8, 32]";
  entry.weights = {{"blk." + std::to_string(layer) + ".a.weight", "q4_0", {32, 8}, kernel}};
  entry.calls = 2;
  entry.elapsed_seconds = seconds;
  entry.busy_seconds = 1.5 * seconds;
  entry.waiting_seconds = 0.25 * seconds;
  entry.bytes = 1000;
  entry.multiply_adds = 4000;
  return entry;
}

/// Two runs of two threads: two products of the same kind, a norm, half a second beside them.
Profile some_profile() {
  Profile profile;
  profile.threads = 2;
  profile.runs = 2;
  profile.tokens = 4;
  profile.elapsed_seconds = 4.5;
  profile.noting_seconds = 0.5;
  ProfileEntry norm;
  norm.op = "norm";
  norm.calls = 4;
  norm.elapsed_seconds = 1;
  norm.busy_seconds = 1;
  norm.waiting_seconds = 1;
  profile.entries = {norm, linear(0, "dot avx2", 1), linear(1, "dot avx2", 2)};
  return profile;
}

}  // namespace

BOOST_AUTO_TEST_CASE(jobs_of_a_kind_are_one_row) {
  const auto table = profile_table(some_profile(), 6.5);

  BOOST_REQUIRE(table.rows.size() == 4u);
  BOOST_TEST(table.rows[0].op == "linear q4_0 [8, 32]");
  BOOST_TEST(table.rows[0].kernel == "dot avx2");
  BOOST_TEST(table.rows[0].calls == 4u);
  BOOST_TEST(table.rows[0].seconds == 3);
  BOOST_TEST(table.rows[0].bytes == 2000u);
  BOOST_TEST(table.rows[0].multiply_adds == 8000u);
  // 0.75 s of 3 s with two threads.
  BOOST_TEST(table.waiting_share(table.rows[0]) == 0.125);
  BOOST_TEST(table.rows[1].op == "norm");
  BOOST_TEST(table.waiting_share(table.rows[1]) == 0.5);
}

BOOST_AUTO_TEST_CASE(a_kind_with_two_kernels_is_two_rows) {
  Profile profile = some_profile();
  profile.entries[2].weights[0].kernel = "panel avx2";

  const auto table = profile_table(profile, 6.5);

  BOOST_REQUIRE(table.rows.size() == 5u);
  BOOST_TEST(table.rows[0].kernel == "panel avx2");
  BOOST_TEST(table.rows[0].calls == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_no_stage_has_rows_of_its_own_and_shares_add_up_to_one) {
  const auto table = profile_table(some_profile(), 6.5);

  // 6.5 s seen from outside: 0.5 of them noting, 4 in stages, 0.5 beside those, 1.5 elsewhere.
  BOOST_TEST(table.seconds == 6);
  BOOST_TEST(table.rows[2].op == "before and after the stages");
  BOOST_TEST(table.rows[2].seconds == 0.5);
  BOOST_TEST(table.rows[3].op == "outside the backend");
  BOOST_TEST(table.rows[3].seconds == 1.5);
  double shares = 0;
  for (const ProfileRow& row : table.rows) shares += table.share(row);
  BOOST_TEST(shares == 1, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_row_says_how_near_to_the_limits_it_is) {
  const auto table = profile_table(some_profile(), 6.5);

  const auto rows = to_json(table, {1000, 8000}).at("rows").as_array();

  // 2000 bytes and 8000 products in 3 s.
  BOOST_TEST(rows[0].at("fraction_of_read").as_double() == 2.0 / 3,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(rows[0].at("fraction_of_peak").as_double() == 1.0 / 3,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(rows[1].at("fraction_of_read").is_null());
}

BOOST_AUTO_TEST_CASE(lines_have_a_row_each) {
  const auto text = lines(profile_table(some_profile(), 6.5), {1000, 8000});

  BOOST_REQUIRE(text.size() == 6u);
  // Threads waited 1.75 s of 12.
  BOOST_TEST(text[0] ==
             "1500000.0 us per token over 4 tokens in 2 runs; 2 threads waited 14.6 % of it");
  BOOST_TEST(text[2].find(" 50.0%       2.0    12.5%") != std::string::npos, text[2]);
  BOOST_TEST(text[2].ends_with("67%      0.0     33%  linear q4_0 [8, 32]: dot avx2"), text[2]);
}

BOOST_AUTO_TEST_CASE(an_empty_profile_makes_an_empty_table) {
  const auto table = profile_table({}, 0);
  BOOST_TEST(table.seconds == 0);
  for (const ProfileRow& row : table.rows) BOOST_TEST(table.share(row) == 0);
  BOOST_TEST(lines(table, {}).size() == 4u);
}

BOOST_AUTO_TEST_CASE(tensors_that_differ_in_numbers_alone_are_one_row) {
  const Profile decode = some_profile();
  Profile prefill = some_profile();
  for (ProfileEntry& entry : prefill.entries)
    for (auto& weight : entry.weights) weight.kernel = "panel avx2";

  const auto rows = kernel_table({&prefill, &decode});

  BOOST_REQUIRE(rows.size() == 1u);
  BOOST_TEST(rows[0].names == "blk.*.a.weight");
  BOOST_TEST(rows[0].count == 2u);
  BOOST_TEST(rows[0].codec == "q4_0");
  BOOST_TEST(rows[0].kernels == (std::vector<std::string>{"panel avx2", "dot avx2"}));
  const auto text = lines(rows, {"pp8", "tg2"});
  BOOST_REQUIRE(text.size() == 2u);
  BOOST_TEST(text[0] == "tensors             codec  shape    pp8         tg2");
  BOOST_TEST(text[1] == "blk.*.a.weight (2)  q4_0   [32, 8]  panel avx2  dot avx2");
}

BOOST_AUTO_TEST_CASE(a_tensor_with_another_kernel_or_codec_has_a_row_of_its_own) {
  Profile profile = some_profile();
  profile.entries[1].weights[0].kernel = "float dot avx2";
  profile.entries.push_back(linear(2, "dot avx2", 1));
  profile.entries.back().weights[0].codec = "q8_0";

  const auto rows = kernel_table({&profile});

  BOOST_REQUIRE(rows.size() == 3u);
  for (const KernelRow& row : rows) {
    BOOST_TEST(row.names == "blk.*.a.weight");
    BOOST_TEST(row.count == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_tensor_that_took_two_kernels_names_both) {
  Profile profile = some_profile();
  profile.entries.push_back(linear(1, "panel avx2", 1));

  const auto rows = kernel_table({&profile});

  BOOST_REQUIRE(rows.size() == 2u);
  BOOST_TEST(rows[1].kernels[0] == "dot avx2 or panel avx2");
}

BOOST_AUTO_TEST_CASE(the_median_of_an_even_number_lies_between_two) {
  Samples samples;
  for (const double value : {4.0, 1.0, 3.0, 10.0}) samples.add(value);
  BOOST_TEST(samples.min() == 1);
  BOOST_TEST(samples.median() == 3.5);
  BOOST_TEST(samples.max() == 10);
  samples.add(0);
  BOOST_TEST(samples.median() == 3);
}
