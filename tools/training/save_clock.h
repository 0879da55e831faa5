// When a run that saves by time is to save again: so seldom that it costs almost nothing.
#pragma once

#include <functional>

#include "core/base/function_ref.h"

namespace abax {

/// Between two saves lie at least two seconds, and 200 times what the last one took: saving takes
/// half a percent of a run at most, besides its first and last one.
class SaveClock {
 public:
  using Clock = std::function<double()>;  // seconds
  explicit SaveClock(Clock clock = {});

  bool due() const;
  /// Saves, and takes the time.
  void save(FunctionRef<void()> action);

 private:
  Clock clock_;
  double next_;
};

}  // namespace abax
