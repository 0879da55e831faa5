// Where the time of a plan's runs went, as a table by step, op or scope.
#include <algorithm>
#include <iomanip>
#include <map>
#include <sstream>

#include "core/plan/execution.h"

namespace abax {
namespace {

struct Row {
  std::string name;
  double seconds = 0, flops = 0, bytes = 0;
  std::int64_t runs = 0;
};

std::string key(const Execution::StepProfile& step, ProfileBy by) {
  const std::string scope = step.scope.empty() ? "(no scope)" : step.scope;
  switch (by) {
    case ProfileBy::op:
      return step.op;
    case ProfileBy::scope:
      return scope;
    case ProfileBy::step:
      break;
  }
  return scope + ": " + step.op;
}

std::vector<Row> rows(const Execution& execution, ProfileBy by) {
  std::vector<Row> result;
  std::map<std::string, std::size_t> index;
  for (const Execution::StepProfile& step : execution.profile()) {
    if (step.runs == 0) continue;
    std::string name = key(step, by);
    std::size_t at = result.size();
    if (by != ProfileBy::step) at = index.emplace(name, at).first->second;
    if (at == result.size()) result.push_back({.name = std::move(name)});
    Row& row = result[at];
    row.seconds += step.seconds;
    row.flops += step.flops;
    row.bytes += step.bytes;
    row.runs += step.runs;
  }
  std::ranges::stable_sort(result, std::greater(), &Row::seconds);
  return result;
}

}  // namespace

std::string profile_table(const Execution& execution, ProfileBy by) {
  const std::vector<Row> table = rows(execution, by);
  double total = 0;
  for (const Row& row : table) {
    total += row.seconds;
  }
  std::ostringstream out;
  out << std::fixed << std::setw(10) << "ms" << std::setw(7) << "%" << std::setw(9) << "calls"
      << std::setw(10) << "GFLOP/s" << std::setw(9) << "GB/s"
      << "  "
      << (by == ProfileBy::op      ? "op"
          : by == ProfileBy::scope ? "scope"
                                   : "step")
      << '\n';
  const auto line = [&](const Row& row) {
    const double rate = row.seconds > 0 ? 1e-9 / row.seconds : 0;
    out << std::setprecision(3) << std::setw(10) << row.seconds * 1e3 << std::setprecision(1)
        << std::setw(7) << (total > 0 ? 100 * row.seconds / total : 0) << std::setw(9) << row.runs
        << std::setprecision(2) << std::setw(10) << row.flops * rate << std::setw(9)
        << row.bytes * rate << "  " << row.name << '\n';
  };
  Row sum{.name = "total"};
  for (const Row& row : table) {
    line(row);
    sum.seconds += row.seconds;
    sum.flops += row.flops;
    sum.bytes += row.bytes;
    sum.runs += row.runs;
  }
  line(sum);
  return std::move(out).str();
}

}  // namespace abax
