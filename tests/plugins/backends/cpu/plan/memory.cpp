// Where intermediate results lie: in memory of their own, or in place of what they are made from.
#include <boost/test/unit_test.hpp>

#include "plan/program.h"
#include "stages/row_job.h"

namespace quipu_cpu {
namespace {

constexpr std::uint64_t bytes = 64;

/// Programs whose jobs do nothing.
struct Sketch {
  Step step;
  Program program{step, 1, 1};

  Job& add(std::initializer_list<Buffer*> reads, Buffer& writes) {
    Buffer* const written[] = {&writes};
    return program.add(std::unique_ptr<Job>(
                           row_job("nothing", Rows::tokens, 1, [](const Step&, std::uint32_t) {})),
                       std::span(reads), written);
  }
};

BOOST_AUTO_TEST_CASE(a_result_takes_the_place_of_what_nobody_else_reads_any_more) {
  Sketch sketch;
  Buffer &x = sketch.program.buffer(bytes), &y = sketch.program.buffer(bytes),
         &z = sketch.program.buffer(bytes);
  sketch.add({}, x);
  sketch.add({&x}, y).in_place.push_back({&x, &y});
  sketch.add({&y}, z).in_place.push_back({&y, &z});

  BOOST_TEST(sketch.program.finish() == bytes);
}

BOOST_AUTO_TEST_CASE(a_result_has_its_own_memory_while_another_job_may_still_read_the_input) {
  Sketch sketch;
  Buffer &x = sketch.program.buffer(bytes), &y = sketch.program.buffer(bytes),
         &z = sketch.program.buffer(bytes);
  sketch.add({}, x);
  sketch.add({&x}, y).in_place.push_back({&x, &y});
  sketch.add({&x}, z);

  BOOST_TEST(sketch.program.finish() == 3 * bytes);
  BOOST_TEST(!y.in_place_of);
}

BOOST_AUTO_TEST_CASE(a_result_of_another_size_has_its_own_memory) {
  Sketch sketch;
  Buffer &x = sketch.program.buffer(bytes), &y = sketch.program.buffer(2 * bytes);
  sketch.add({}, x);
  sketch.add({&x}, y).in_place.push_back({&x, &y});

  BOOST_TEST(sketch.program.finish() == 3 * bytes);
}

}  // namespace
}  // namespace quipu_cpu
