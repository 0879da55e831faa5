// Updates of variables come last, so that they may be written in place and a step that throws
// before them leaves every variable as it was.
#include <algorithm>

#include "core/plan/passes.h"

namespace abax {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

int updates_last(Program& program) {
  const int count = program.step_count();
  const std::vector<int> producer = producers(program);
  std::vector<bool> update(at(count), false);
  for (const Program::Commit& commit : program.commits)
    if (const int s = producer[at(commit.value)]; s >= 0) update[at(s)] = true;

  // Closed: an update, or elementwise work, that only such steps read.
  std::vector<bool> closed(at(count));
  for (int s = 0; s < count; ++s) closed[at(s)] = update[at(s)] || !program.step(s).op;
  for (int s = count - 1; s >= 0; --s)
    if (!closed[at(s)])
      for (const int id : program.step(s).inputs)
        if (const int from = producer[at(id)]; from >= 0) closed[at(from)] = false;

  // Late: the closed updates and what reads them. Nothing else reads those, so that order is kept.
  std::vector<bool> late(at(count), false);
  for (int s = 0; s < count; ++s)
    late[at(s)] =
        closed[at(s)] && (update[at(s)] || std::ranges::any_of(program.step(s).inputs, [&](int id) {
                            const int from = producer[at(id)];
                            return from >= 0 && late[at(from)];
                          }));
  std::vector<Step> steps;
  for (const bool last : {false, true})
    for (int s = 0; s < count; ++s)
      if (late[at(s)] == last) steps.push_back(std::move(program.step(s)));
  program.steps = std::move(steps);
  return count - static_cast<int>(std::ranges::count(late, true));
}

}  // namespace abax
