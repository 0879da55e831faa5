// Chains and small graphs of elementwise steps of one shape become one step over a tile program.
//
// Every step is computed once, in one group: smaller, broadcast operands are computed before.
#include <algorithm>
#include <map>

#include "core/plan/passes.h"
#include "core/plan/tile_steps.h"

namespace abax {
namespace {

// A group's operands and instructions: more would crowd the tiles out of the first-level cache.
constexpr std::size_t max_operands = 16;
constexpr std::size_t max_instructions = 24;
// A value with other readers too joins a reader only where that stands near: computing both
// together would keep the reader's result in memory for long.
constexpr int near = 64;

/// Groups of steps, kept so that the graph of groups has no cycle.
class Groups {
 public:
  explicit Groups(const Program& program)
      : program_(program), kept_(kept_to_the_end(program)), readers_(readers(program)) {
    const std::vector<int> producer = producers(program);
    group_.resize(program.steps.size());
    for (int s = 0; s < program.step_count(); ++s) {
      group_[at(s)] = s;
      members_.push_back({s});
      elementwise_.push_back(is_elementwise(program.step(s)));
    }
    edges_.resize(program.steps.size());
    for (int s = 0; s < program.step_count(); ++s)
      for (const int id : program.step(s).inputs)
        if (const int from = producer[at(id)]; from >= 0)
          edges_[at(from)].push_back({s, joins(s, id)});
  }

  void join_all() {
    // From the end: what only the backward pass reads joins it there, and not the forward pass.
    for (int s = program_.step_count() - 1; s >= 0; --s) {
      if (!elementwise_[at(s)]) continue;
      for (const Edge& edge : edges_[at(s)])
        if (edge.joins && group_[at(edge.to)] != group_[at(s)]) try_join(s, edge.to);
    }
  }

  /// The steps with each group made one: in the old order, but each where its inputs are there.
  std::vector<Step> fused() {
    done_.assign(program_.steps.size(), false);
    producer_ = producers(program_);
    for (int s = 0; s < program_.step_count(); ++s)
      if (members_[at(group_[at(s)])].back() == s) emit(group_[at(s)]);
    return std::move(result_);
  }

 private:
  struct Edge {
    int to = -1;
    bool joins = false;  // whether both ends may be in one group: same shape, no piece of a value
  };
  const Shape& shape(int s) const {
    return program_.value(program_.step(s).outputs.front()).type.shape;
  }

  bool joins(int reader, int id) const {
    return elementwise_[at(reader)] && is_whole(program_, id) &&
           program_.value(id).type.shape == shape(reader) &&
           program_.value(program_.root(id)).type.shape == shape(reader);
  }

  void try_join(int producer, int reader) {
    const int a = group_[at(producer)], b = group_[at(reader)];
    if (!elementwise_[at(producer)] || !fits(a, b) || !is_close(producer, reader) || apart(a, b))
      return;
    std::vector<int>& into = members_[at(b)];
    for (const int s : members_[at(a)]) group_[at(s)] = b;
    into.insert(into.end(), members_[at(a)].begin(), members_[at(a)].end());
    std::ranges::sort(into);
    members_[at(a)].clear();
  }

  bool fits(int a, int b) const {
    std::vector<int> members = members_[at(a)];
    members.insert(members.end(), members_[at(b)].begin(), members_[at(b)].end());
    std::vector<int> operands;
    for (const int s : members)
      for (const int id : program_.step(s).inputs) operands.push_back(id);
    for (const int s : members) std::erase(operands, program_.step(s).outputs.front());
    std::ranges::sort(operands);
    operands.erase(std::unique(operands.begin(), operands.end()), operands.end());
    return members.size() <= max_instructions && operands.size() <= max_operands;
  }

  bool is_close(int producer, int reader) const {
    const int value = program_.step(producer).outputs.front();
    const bool only_reader = !kept_[at(value)] && readers_[at(value)].size() == 1;
    return only_reader || members_[at(group_[at(reader)])].front() - producer <= near;
  }

  /// Whether a way leads from group `a` to group `b` other than by an edge within which both may
  /// join.
  bool apart(int a, int b) const {
    std::vector<bool> seen(program_.steps.size(), false);
    std::vector<int> open;
    const auto follow = [&](int group, bool first) {
      for (const int s : members_[at(group)]) {
        for (const Edge& edge : edges_[at(s)]) {
          const int to = group_[at(edge.to)];
          if (to == group || (first && to == b && edge.joins)) continue;
          if (to == b) return true;
          if (seen[at(to)]) continue;
          seen[at(to)] = true;
          open.push_back(to);
        }
      }
      return false;
    };
    if (follow(a, true)) return true;
    while (!open.empty()) {
      const int group = open.back();
      open.pop_back();
      if (follow(group, false)) return true;
    }
    return false;
  }

  void emit(int group) {
    if (done_[at(group)]) return;
    done_[at(group)] = true;
    for (const int s : members_[at(group)])
      for (const int id : program_.step(s).inputs)
        if (const int from = producer_[at(id)]; from >= 0 && group_[at(from)] != group)
          emit(group_[at(from)]);
    if (members_[at(group)].size() == 1) {
      result_.push_back(program_.step(members_[at(group)].front()));
      return;
    }
    std::vector<const Step*> steps;
    std::vector<bool> is_output(program_.values.size(), false);
    for (const int s : members_[at(group)]) {
      steps.push_back(&program_.step(s));
      const int value = program_.step(s).outputs.front();
      is_output[at(value)] =
          kept_[at(value)] || std::ranges::any_of(readers_[at(value)], [&](int reader) {
            return group_[at(reader)] != group;
          });
    }
    result_.push_back(fused_step(program_, steps, is_output));
  }

  const Program& program_;
  std::vector<bool> kept_;
  std::vector<std::vector<int>> readers_;
  std::vector<int> group_;  // of each step
  std::vector<std::vector<int>>
      members_;  // of each group, ascending; empty where it joined another
  std::vector<bool> elementwise_;
  std::vector<std::vector<Edge>> edges_;  // of each step, to its readers
  std::vector<int> producer_;
  std::vector<bool> done_;
  std::vector<Step> result_;
};

}  // namespace

void fuse(Program& program) {
  Groups groups(program);
  groups.join_all();
  program.steps = groups.fused();
}

}  // namespace abax
