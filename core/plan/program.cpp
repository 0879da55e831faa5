// What the passes ask of a program: who computes a value, who reads it.
#include "core/plan/program.h"

#include <algorithm>

namespace abax {

bool Program::reads_assigned_variable(int id) const {
  const ProgramValue& origin = value(root(id));
  return origin.source == Source::variable &&
         std::ranges::any_of(commits, [&](const Commit& c) { return c.variable == origin.index; });
}

int Program::add_value(TensorType type, std::string name) {
  values.push_back({.type = type, .name = std::move(name)});
  return value_count() - 1;
}

std::vector<TensorType> types_of(const Program& program, std::span<const int> values) {
  std::vector<TensorType> types;
  types.reserve(values.size());
  for (const int id : values) types.push_back(program.value(id).type);
  return types;
}

std::vector<int> producers(const Program& program) {
  std::vector<int> result(program.values.size(), -1);
  for (int s = 0; s < program.step_count(); ++s)
    for (const int id : program.step(s).outputs) result[static_cast<std::size_t>(id)] = s;
  for (int id = 0; id < program.value_count(); ++id)
    result[static_cast<std::size_t>(id)] = result[static_cast<std::size_t>(program.root(id))];
  return result;
}

std::vector<std::vector<int>> readers(const Program& program) {
  std::vector<std::vector<int>> result(program.values.size());
  for (int s = 0; s < program.step_count(); ++s) {
    for (const int id : program.step(s).inputs) {
      std::vector<int>& list = result[static_cast<std::size_t>(program.root(id))];
      if (list.empty() || list.back() != s) list.push_back(s);
    }
  }
  return result;
}

std::vector<bool> kept_to_the_end(const Program& program) {
  std::vector<bool> result(program.values.size(), false);
  for (const Program::Output& output : program.outputs)
    result[static_cast<std::size_t>(program.root(output.value))] = true;
  for (const Program::Commit& commit : program.commits)
    result[static_cast<std::size_t>(program.root(commit.value))] = true;
  return result;
}

}  // namespace abax
