// The pool: every task once, stages in order, any number of threads.
#include "pool.h"

#include <sched.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <numeric>
#include <thread>
#include <vector>

#include "cores.h"

using namespace quipu_cpu;

namespace {

/// Counts how often each task ran, and notes tasks that ran before an earlier stage had finished.
class Counting final : public Stage {
 public:
  Counting(std::uint32_t tasks, const Counting* before)
      : runs_(tasks), tasks_(tasks), before_(before) {}

  std::uint32_t tasks() const noexcept override { return tasks_; }
  void run(std::uint32_t first, std::uint32_t last, std::uint32_t) const noexcept override {
    if (before_ && before_->finished() % before_->tasks_ != 0) out_of_order_ = true;
    for (std::uint32_t task = first; task < last; ++task) ++runs_[task];
    finished_ += last - first;
  }

  std::uint64_t finished() const { return finished_; }
  bool out_of_order() const { return out_of_order_; }
  bool each_ran(std::uint32_t times) const {
    return std::all_of(runs_.begin(), runs_.end(), [&](const auto& runs) { return runs == times; });
  }

 private:
  mutable std::vector<std::atomic<std::uint32_t>> runs_;
  mutable std::atomic<std::uint64_t> finished_{0};
  mutable std::atomic<bool> out_of_order_{false};
  std::uint32_t tasks_;
  const Counting* before_;
};

}  // namespace

BOOST_DATA_TEST_CASE(every_task_runs_exactly_once_in_every_run,
                     boost::unit_test::data::make({1, 2, 3, 4, 7}), threads) {
  Pool pool(threads);
  std::vector<std::unique_ptr<Counting>> stages;
  for (const std::uint32_t tasks : {1u, 2u, 3u, 5u, 16u, 17u, 64u, 1000u})
    stages.push_back(
        std::make_unique<Counting>(tasks, stages.empty() ? nullptr : stages.back().get()));
  std::vector<const Stage*> list;
  for (const auto& stage : stages) list.push_back(stage.get());

  for (int run = 0; run < 500; ++run) pool.run(list);

  for (const auto& stage : stages) {
    BOOST_TEST(stage->each_ran(500));
    BOOST_TEST(!stage->out_of_order());
  }
}

BOOST_AUTO_TEST_CASE(bound_threads_run_every_task_and_the_caller_is_free_afterwards) {
  cpu_set_t before, after;
  sched_getaffinity(0, sizeof before, &before);
  // The last is no hardware thread of this machine: then a thread stays where it is.
  Pool pool(std::vector<NodePlace>{{0, {0, 1}}, {0, {0, 1}}, {1, {0}}, {1, {CPU_SETSIZE}}});
  const Counting stage(100, nullptr);
  const Stage* const list[] = {&stage};

  for (int run = 0; run < 10; ++run) pool.run(list);

  sched_getaffinity(0, sizeof after, &after);
  BOOST_TEST(stage.each_ran(10));
  BOOST_TEST(CPU_EQUAL(&before, &after));
}

BOOST_AUTO_TEST_CASE(stages_without_tasks_are_skipped) {
  Pool pool(3);
  const Counting none(0, nullptr), some(4, nullptr);
  const Stage* const list[] = {&none, &some, &none, &none};

  pool.run(list);
  pool.run(std::span(list).first(1));
  pool.run({});

  BOOST_TEST(some.each_ran(1));
  BOOST_TEST(none.finished() == 0u);
}

BOOST_AUTO_TEST_CASE(a_later_stage_sees_how_many_tasks_an_earlier_one_asks_for) {
  struct Writer final : Stage {
    std::uint32_t tasks() const noexcept override { return 1; }
    void run(std::uint32_t, std::uint32_t, std::uint32_t) const noexcept override { ++found; }
    mutable std::uint32_t found = 0;
  } writer;
  struct Reader final : Stage {
    explicit Reader(const Writer& writer) : writer_(writer) {}
    std::uint32_t tasks() const noexcept override { return writer_.found; }
    void run(std::uint32_t first, std::uint32_t last, std::uint32_t) const noexcept override {
      done += last - first;
    }
    mutable std::atomic<std::uint32_t> done{0};
    const Writer& writer_;
  } reader(writer);
  const Stage* const list[] = {&writer, &reader};
  Pool pool(2);

  for (int run = 0; run < 100; ++run) pool.run(list);

  BOOST_TEST(reader.done == 5050u);
}

BOOST_AUTO_TEST_CASE(sleeping_threads_wake_up_for_the_next_run) {
  Pool pool(2);
  const Counting stage(64, nullptr);
  const Stage* const list[] = {&stage};

  // Longer than helpers stay awake; the result is the same if they do not sleep.
  for (int run = 0; run < 5; ++run) {
    pool.run(list);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  BOOST_TEST(stage.each_ran(5));
}

BOOST_AUTO_TEST_CASE(pools_are_made_and_ended_without_a_run) {
  for (std::uint32_t threads = 1; threads <= 8; ++threads) {
    const Pool pool(threads);
    BOOST_TEST(pool.threads() == threads);
  }
  BOOST_TEST(Pool(0).threads() == usable_cores());
}
