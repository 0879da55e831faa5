// Updates of variables come last, so that a step that throws before them leaves every variable as
// it was; among them the readers of a variable's old value come before its update, which then may
// happen in place.
#include <algorithm>

#include "core/plan/passes.h"
#include "core/plan/tile_steps.h"

namespace abax {
namespace {

class Order {
 public:
  explicit Order(Program& program)
      : program_(program),
        count_(program.step_count()),
        producers_(producers(program)),
        before_(at(count_)) {
    for (int s = 0; s < count_; ++s)
      for (const int id : program.step(s).inputs)
        if (const int from = producers_[at(id)]; from >= 0) before_[at(s)].push_back(from);
  }

  int updates_last() {
    find_late();
    readers_before_updates();
    placed_.assign(at(count_), false);
    for (const bool late : {false, true})
      for (int s = 0; s < count_; ++s)
        if (late_[at(s)] == late) place(s);
    program_.steps = std::move(result_);
    return count_ - static_cast<int>(std::ranges::count(late_, true));
  }

 private:
  /// The updates that nothing reads but updates and elementwise work, and all that reads them.
  void find_late() {
    std::vector<bool> update(at(count_), false);
    for (const Program::Commit& commit : program_.commits)
      if (const int s = producers_[at(commit.value)]; s >= 0) update[at(s)] = true;
    std::vector<bool> closed(at(count_));
    for (int s = 0; s < count_; ++s)
      closed[at(s)] = update[at(s)] || !program_.step(s).op || is_elementwise(program_.step(s));
    for (int s = count_ - 1; s >= 0; --s)
      if (!closed[at(s)])
        for (const int from : before_[at(s)]) closed[at(from)] = false;
    late_.assign(at(count_), false);
    for (int s = 0; s < count_; ++s)
      late_[at(s)] =
          closed[at(s)] && (update[at(s)] || std::ranges::any_of(before_[at(s)], [&](int from) {
                              return late_[at(from)];
                            }));
  }

  /// Adds write-after-read edges, where they close no cycle: two updates may read each other's
  /// variable.
  void readers_before_updates() {
    const std::vector<std::vector<int>> reading = readers(program_);
    for (const Program::Commit& commit : program_.commits) {
      const int update = producers_[at(commit.value)];
      if (update < 0 || !late_[at(update)]) continue;
      for (int id = 0; id < program_.value_count(); ++id) {
        const ProgramValue& value = program_.value(id);
        if (value.source != Source::variable || value.index != commit.variable ||
            value.view_of >= 0)
          continue;
        for (const int reader : reading[at(id)])
          if (reader != update && late_[at(reader)] && !leads_to(update, reader))
            before_[at(update)].push_back(reader);
      }
    }
  }

  /// Whether `to` must come after `from`.
  bool leads_to(int from, int to) const {
    std::vector<bool> seen(at(count_), false);
    std::vector<int> open = {to};
    while (!open.empty()) {
      const int s = open.back();
      open.pop_back();
      if (s == from) return true;
      for (const int earlier : before_[at(s)]) {
        if (seen[at(earlier)] || !late_[at(earlier)]) continue;
        seen[at(earlier)] = true;
        open.push_back(earlier);
      }
    }
    return false;
  }

  void place(int s) {
    if (placed_[at(s)]) return;
    placed_[at(s)] = true;
    for (const int earlier : before_[at(s)]) place(earlier);
    result_.push_back(std::move(program_.step(s)));
  }

  Program& program_;
  int count_;
  std::vector<int> producers_;
  std::vector<std::vector<int>> before_;  // of each step, those that must come before
  std::vector<bool> late_;
  std::vector<bool> placed_;
  std::vector<Step> result_;
};

}  // namespace

int updates_last(Program& program) { return Order(program).updates_last(); }

}  // namespace abax
