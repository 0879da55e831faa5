// Large independent steps that cannot keep all threads busy on their own come together, to run side
// by side. All others run one after another: a step of many parts fills the threads by itself.
#include <algorithm>
#include <numeric>

#include "core/plan/passes.h"

namespace abax {
namespace {

// A step of more parts fills the threads well enough alone.
constexpr std::int64_t few_parts = 4;
// What makes a step large: below some 100 microseconds the hand-over costs more than it gains.
constexpr double large_flops = 1e6, large_bytes = 1e6;
// How many steps ahead to look for company, and how much of it one step gets.
constexpr int window = 32;
constexpr std::size_t most = 8;

bool wants_company(const Work& work) {
  return work.parts > 0 && work.parts <= few_parts &&
         (work.cost.flops >= large_flops || work.cost.bytes >= large_bytes);
}

}  // namespace

Schedule schedule(const Program& program, std::span<const Work> work, int first_update,
                  bool concurrent) {
  const int count = program.step_count();
  Schedule result;
  if (!concurrent) {
    result.order.resize(at(count));
    std::iota(result.order.begin(), result.order.end(), 0);
    result.times = result.order;
    return result;
  }
  const std::vector<int> producer = producers(program);
  std::vector<int> time(at(count), -1);  // of each step, once it has its place
  const auto put = [&](int s, int t) {
    time[at(s)] = t;
    result.order.push_back(s);
    result.times.push_back(t);
  };
  for (int s = 0, t = 0; s < count; ++s) {
    if (time[at(s)] >= 0) continue;
    put(s, t);
    const auto is_ready = [&](int id) {
      const int from = producer[at(id)];
      return from < 0 || (time[at(from)] >= 0 && time[at(from)] < t);
    };
    if (s < first_update && wants_company(work[at(s)])) {
      std::size_t beside = 1;
      for (int other = s + 1; other < std::min(first_update, s + window) && beside < most;
           ++other) {
        if (time[at(other)] >= 0 || !wants_company(work[at(other)]) ||
            !std::ranges::all_of(program.step(other).inputs, is_ready))
          continue;
        put(other, t);
        ++beside;
      }
    }
    ++t;
  }
  return result;
}

}  // namespace abax
