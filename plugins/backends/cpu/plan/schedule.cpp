#include "plan/schedule.h"

#include <algorithm>
#include <map>
#include <set>

#include "clock.h"

namespace quipu_cpu {
namespace {

// Less than this many floats are not worth handing to another thread.
constexpr std::uint64_t least_work = 4096;

/// Where a job ended up; chain < 0 for jobs that are not row jobs.
struct Place {
  std::uint32_t stage = 0;
  std::int64_t chain = -1;
};

/// Chains while they grow: merging makes one the alias of the other.
class Chains {
 public:
  std::int64_t make(Rows rows) {
    alias_.push_back(static_cast<std::int64_t>(alias_.size()));
    rows_.push_back(rows);
    return alias_.back();
  }
  std::int64_t find(std::int64_t chain) const {
    while (alias_[chain] != chain) chain = alias_[chain];
    return chain;
  }
  void merge(std::int64_t into, std::int64_t from) { alias_[find(from)] = find(into); }
  Rows rows(std::int64_t chain) const { return rows_[chain]; }

 private:
  std::vector<std::int64_t> alias_;
  std::vector<Rows> rows_;
};

/// Says which buffers only the jobs of one chain write and read.
void find_chains(std::span<const std::unique_ptr<Job>> jobs, std::span<const Place> places,
                 const Chains& chains) {
  constexpr std::int64_t none = -1;
  std::map<Buffer*, std::int64_t> homes;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::int64_t chain = places[i].chain < 0 ? none : chains.find(places[i].chain);
    for (const auto* buffers : {&jobs[i]->reads, &jobs[i]->writes})
      for (Buffer* buffer : *buffers)
        if (const auto [at, added] = homes.try_emplace(buffer, chain);
            !added && at->second != chain)
          at->second = none;
  }
  for (const auto& [buffer, chain] : homes) buffer->within_chain = chain != none;
}

/// Lets results take the place of what they are made from where nobody else needs that any more.
void share_memory(std::span<const std::unique_ptr<Job>> jobs, std::span<const Place> places) {
  for (std::size_t i = 0; i < jobs.size(); ++i)
    for (const auto& [read, written] : jobs[i]->in_place) {
      bool others_are_done = true;
      for (std::size_t j = 0; j < jobs.size() && others_are_done; ++j)
        others_are_done = j == i || places[j].stage < places[i].stage ||
                          std::ranges::find(jobs[j]->reads, read) == jobs[j]->reads.end();
      if (read->bytes == 0 || read->bytes != written->bytes || !others_are_done) continue;
      if (read->within_chain || written->within_chain) continue;
      Buffer& owner = read->in_place_of ? *read->in_place_of : *read;
      written->in_place_of = &owner;
      owner.last_stage = std::max(owner.last_stage, written->last_stage);
    }
}

}  // namespace

std::uint32_t JobStage::tasks() const noexcept {
  std::uint64_t end = 0;
  std::size_t i = 0;
  const auto add = [&](std::uint64_t tasks) {
    end = std::min<std::uint64_t>(end + tasks, most_tasks);
    ends_[i++] = static_cast<std::uint32_t>(end);
  };
  for (const Job* job : jobs) add(job->tasks(step_));
  for (const Chain& chain : chains)
    add((count(chain.rows, step_) + chain.rows_per_task - 1) / chain.rows_per_task);
  return static_cast<std::uint32_t>(end);
}

template <class Done>
void JobStage::run_parts(std::uint32_t first, std::uint32_t last, std::uint32_t thread,
                         const Done& done) const noexcept {
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < ends_.size() && begin < last; begin = ends_[i++]) {
    if (ends_[i] <= first) continue;
    const std::uint32_t from = std::max(first, begin) - begin;
    const std::uint32_t to = std::min(last, ends_[i]) - begin;
    if (i < jobs.size()) {
      jobs[i]->run(step_, from, to, thread);
      done(i);
      continue;
    }
    const Chain& chain = chains[i - jobs.size()];
    const std::uint32_t rows = std::min(to * chain.rows_per_task, count(chain.rows, step_));
    for (std::uint32_t row = from * chain.rows_per_task; row < rows; ++row)
      for (std::size_t j = 0; j < chain.jobs.size(); ++j) {
        chain.jobs[j]->run_row(step_, {row, thread});
        done(chain.first_part + j);
      }
  }
}

void JobStage::run(std::uint32_t first, std::uint32_t last, std::uint32_t thread) const noexcept {
  run_parts(first, last, thread, [](std::size_t) {});
}

void JobStage::run_timed(std::uint32_t first, std::uint32_t last, std::uint32_t thread,
                         std::span<std::int64_t> nanoseconds) const noexcept {
  std::int64_t since = now_nanoseconds();
  run_parts(first, last, thread, [&](std::size_t part) {
    const std::int64_t now = now_nanoseconds();
    nanoseconds[part] += now - since;
    since = now;
  });
}

std::vector<const Job*> JobStage::parts() const {
  std::vector<const Job*> all = jobs;
  for (const Chain& chain : chains) all.insert(all.end(), chain.jobs.begin(), chain.jobs.end());
  return all;
}

bool JobStage::has_tasks(std::size_t part) const noexcept {
  std::size_t i = part;
  if (part >= jobs.size()) {
    const auto after = std::ranges::upper_bound(chains, part, {}, &Chain::first_part);
    i = jobs.size() + static_cast<std::size_t>(after - chains.begin()) - 1;
  }
  return ends_[i] != (i == 0 ? 0 : ends_[i - 1]);
}

std::string JobStage::describe() const {
  std::string text;
  const auto add = [&](const Job& job, const char* separator) {
    if (!text.empty()) text += separator;
    text += job.describe();
  };
  for (const Job* job : jobs) add(*job, " | ");
  for (const Chain& chain : chains)
    for (const RowJob* job : chain.jobs) add(*job, job == chain.jobs.front() ? " | " : ", ");
  return text;
}

std::vector<std::unique_ptr<JobStage>> schedule(std::span<const std::unique_ptr<Job>> jobs,
                                                const Step& step) {
  std::map<const Buffer*, Place> writers;
  std::vector<Place> places;
  Chains chains;
  std::uint32_t stage_count = 0;
  for (const auto& job : jobs) {
    Place place;
    for (const Buffer* buffer : job->reads)
      if (const auto writer = writers.find(buffer); writer != writers.end())
        place.stage = std::max(place.stage, writer->second.stage + 1);
    if (const RowJob* row_job = job->as_row_job()) {
      // Joins the jobs just before it if all of them compute the same rows.
      std::vector<std::int64_t> before;
      bool joins = place.stage > 0;
      for (const Buffer* buffer : job->reads) {
        const auto writer = writers.find(buffer);
        if (writer == writers.end() || writer->second.stage + 1 != place.stage) continue;
        const std::int64_t chain = writer->second.chain;
        joins = joins && chain >= 0 && chains.rows(chain) == row_job->rows();
        before.push_back(chain);
      }
      if (joins) {
        --place.stage;
        place.chain = before.front();
        for (const std::int64_t chain : before) chains.merge(place.chain, chain);
      } else {
        place.chain = chains.make(row_job->rows());
      }
    }
    for (const Buffer* buffer : job->writes) writers[buffer] = place;
    places.push_back(place);
    stage_count = std::max(stage_count, place.stage + 1);
  }

  std::vector<std::unique_ptr<JobStage>> stages;
  for (std::uint32_t i = 0; i < stage_count; ++i)
    stages.push_back(std::make_unique<JobStage>(step));
  std::map<std::int64_t, std::size_t> chain_index;  // within its stage
  std::set<const Buffer*> written;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const Place& place = places[i];
    JobStage& stage = *stages[place.stage];
    if (const RowJob* row_job = jobs[i]->as_row_job()) {
      const auto [at, added] =
          chain_index.try_emplace(chains.find(place.chain), stage.chains.size());
      if (added) stage.chains.push_back({{}, row_job->rows(), 1});
      stage.chains[at->second].jobs.push_back(row_job);
    } else {
      stage.jobs.push_back(jobs[i].get());
    }
    for (Buffer* buffer : jobs[i]->writes) {
      if (written.insert(buffer).second) buffer->first_stage = place.stage;
      buffer->last_stage = std::max(buffer->last_stage, place.stage);
    }
    for (Buffer* buffer : jobs[i]->reads)
      buffer->last_stage = std::max(buffer->last_stage, place.stage);
  }
  find_chains(jobs, places, chains);
  share_memory(jobs, places);
  for (const auto& stage : stages) {
    std::size_t part = stage->jobs.size();
    for (Chain& chain : stage->chains) {
      chain.first_part = part;
      part += chain.jobs.size();
      std::uint64_t work = 1;
      for (const RowJob* job : chain.jobs) work += job->work();
      chain.rows_per_task =
          static_cast<std::uint32_t>(std::max<std::uint64_t>(1, least_work / work));
    }
    stage->ends_.resize(stage->jobs.size() + stage->chains.size());
  }
  return stages;
}

}  // namespace quipu_cpu
