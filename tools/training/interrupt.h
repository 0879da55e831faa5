// Ctrl-C, SIGTERM, SIGHUP and a closed pipe as a question that a training loop asks after each
// step.
#pragma once

namespace abax {

/// While one lives, the first SIGINT, SIGTERM, SIGHUP (unless it was ignored, as nohup does) or
/// SIGPIPE is noted instead of ending the process; a second of the same kind ends it at once, but
/// for SIGPIPE, which comes with every write. One at a time.
///
///     const InterruptGuard interrupt;
///     while (!interrupt.came()) step();
///     save();
///     return interrupt.exit_code();
class InterruptGuard {
 public:
  InterruptGuard();
  /// Puts the previous handlers back.
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool came() const;
  /// 128 and the number of the signal that came last (130 after SIGINT), 0 where none came.
  int exit_code() const;
};

}  // namespace abax
