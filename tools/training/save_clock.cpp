// The time of the next save; see save_clock.h.
#include "tools/training/save_clock.h"

#include <algorithm>
#include <chrono>

namespace abax {
namespace {

constexpr double least_pause = 2;       // seconds
constexpr double pause_for_cost = 200;  // seconds a second of saving

double now() {
  using std::chrono::steady_clock;
  return std::chrono::duration<double>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

SaveClock::SaveClock(Clock clock)
    : clock_(clock ? std::move(clock) : now), next_(clock_() + least_pause) {}

bool SaveClock::due() const { return clock_() >= next_; }

void SaveClock::save(FunctionRef<void()> action) {
  const double start = clock_();
  action();
  const double end = clock_();
  next_ = end + std::max(least_pause, pause_for_cost * (end - start));
}

}  // namespace abax
