// Where intermediate results lie: in memory of their own, in place of what they are made from, or
// a row at a time.
#include <boost/test/unit_test.hpp>

#include "plan/program.h"
#include "stages/row_job.h"

namespace quipu_cpu {
namespace {

constexpr std::uint64_t bytes = 64;
constexpr std::uint32_t tokens = 8, threads = 2, width = bytes / sizeof(float);

class Nothing final : public Job {
 public:
  std::uint32_t tasks(const Step&) const noexcept override { return 0; }
  void run(const Step&, std::uint32_t, std::uint32_t, std::uint32_t) const noexcept override {}
  std::string describe() const override { return "nothing"; }
};

/// Programs whose jobs do nothing.
struct Sketch {
  Step step;
  Program program{step, tokens, threads};

  Job& add(std::initializer_list<Buffer*> reads, Buffer& writes) {
    return add(std::make_unique<Nothing>(), reads, writes);
  }
  Job& add_row_job(std::initializer_list<Buffer*> reads, Buffer& writes) {
    return add(row_job("nothing", Rows::tokens, 1, [](const Step&, Row) {}), reads, writes);
  }

 private:
  Job& add(std::unique_ptr<Job> job, std::initializer_list<Buffer*> reads, Buffer& writes) {
    Buffer* const written[] = {&writes};
    return program.add(std::move(job), std::span(reads), written);
  }
};

BOOST_AUTO_TEST_CASE(a_result_takes_the_place_of_what_nobody_else_reads_any_more) {
  Sketch sketch;
  Buffer &x = sketch.program.buffer(bytes), &y = sketch.program.buffer(bytes),
         &z = sketch.program.buffer(bytes);
  sketch.add({}, x);
  sketch.add({&x}, y).in_place.push_back({&x, &y});
  sketch.add({&y}, z).in_place.push_back({&y, &z});

  BOOST_TEST(sketch.program.finish().bytes == bytes);
}

BOOST_AUTO_TEST_CASE(a_result_has_its_own_memory_while_another_job_may_still_read_the_input) {
  Sketch sketch;
  Buffer &x = sketch.program.buffer(bytes), &y = sketch.program.buffer(bytes),
         &z = sketch.program.buffer(bytes);
  sketch.add({}, x);
  sketch.add({&x}, y).in_place.push_back({&x, &y});
  sketch.add({&x}, z);

  BOOST_TEST(sketch.program.finish().bytes == 3 * bytes);
  BOOST_TEST(!y.in_place_of);
}

BOOST_AUTO_TEST_CASE(a_result_of_another_size_has_its_own_memory) {
  Sketch sketch;
  Buffer &x = sketch.program.buffer(bytes), &y = sketch.program.buffer(2 * bytes);
  sketch.add({}, x);
  sketch.add({&x}, y).in_place.push_back({&x, &y});

  BOOST_TEST(sketch.program.finish().bytes == 3 * bytes);
}

BOOST_AUTO_TEST_CASE(a_matrix_that_only_one_chain_sees_has_a_row_for_each_thread) {
  Sketch sketch;
  Matrix &x = sketch.program.matrix(Rows::tokens, width),
         &y = sketch.program.matrix(Rows::tokens, width);
  sketch.add_row_job({}, *x.buffer);
  sketch.add_row_job({x.buffer}, *y.buffer);
  sketch.add({y.buffer}, sketch.program.buffer(0));

  BOOST_TEST(sketch.program.finish().bytes == (threads + tokens) * bytes);
  alignas(bytes) std::byte memory[(threads + tokens) * bytes];
  sketch.program.bind(memory);
  BOOST_TEST(x.row(Row{5, 0}) == x.row(Row{6, 0}));
  BOOST_TEST(x.row(Row{5, 1}) == x.row(Row{5, 0}) + width);
  BOOST_TEST(y.row(Row{6, 1}) == y.row(Row{5, 0}) + width);
}

}  // namespace
}  // namespace quipu_cpu
