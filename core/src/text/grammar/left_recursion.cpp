// A part reads nothing before the calls of its first state, and every call reads something: so a
// circle among first calls is all that there is to find.
#include "text/grammar/left_recursion.h"

#include "quipu/error.h"

namespace quipu::grammar {
namespace {

std::vector<PartId> first_calls(const Program& program, PartId part) {
  const auto& state = program.states[program.parts[part].start];
  if (state.kind == StateKind::repeat) return {program.repeats[state.index].body};
  std::vector<PartId> calls;
  for (std::uint32_t i = 0; i < state.calls; ++i)
    calls.push_back(program.calls[state.first_call + i].part);
  return calls;
}

std::string name_of(const Program& program, PartId part) {
  const std::uint32_t rule = program.parts[part].rule;
  return rule == none ? "root" : printable(program.rule_names[rule], 60);
}

struct Visit {
  PartId part;
  std::vector<PartId> calls;
  std::size_t next = 0;
};

[[noreturn]] void refuse(const Program& program, const std::vector<Visit>& way, PartId again) {
  std::size_t from = 0;
  while (way[from].part != again) ++from;
  std::string names, last;
  std::size_t shown = 0;
  for (std::size_t i = from; i < way.size(); ++i) {
    const std::string name = name_of(program, way[i].part);
    if (name == last) continue;
    last = name;
    if (++shown <= 8) names += name + " -> ";
  }
  if (shown > 8) names += "… -> ";
  throw Error(ErrorCode::invalid,
              "grammar: expected rules that read something before they begin again, found left "
              "recursion: " +
                  names + name_of(program, again));
}

}  // namespace

void refuse_left_recursion(const Program& program) {
  enum class Mark : std::uint8_t { fresh, open, finished };
  std::vector<Mark> marks(program.parts.size(), Mark::fresh);
  std::vector<Visit> way;
  const auto enter = [&](PartId part) {
    marks[part] = Mark::open;
    way.push_back({part, first_calls(program, part)});
  };
  for (PartId part = 0; part < program.parts.size(); ++part) {
    if (marks[part] != Mark::fresh) continue;
    enter(part);
    while (!way.empty()) {
      Visit& visit = way.back();
      if (visit.next == visit.calls.size()) {
        marks[visit.part] = Mark::finished;
        way.pop_back();
        continue;
      }
      const PartId next = visit.calls[visit.next++];
      if (marks[next] == Mark::open) refuse(program, way, next);
      if (marks[next] == Mark::fresh) enter(next);
    }
  }
}

}  // namespace quipu::grammar
