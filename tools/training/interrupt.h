// Ctrl-C and SIGTERM as a question that a training loop asks after each step.
#pragma once

namespace abax {

/// While one lives, the first SIGINT or SIGTERM is noted instead of ending the process; a second of
/// the same kind ends it at once. One at a time.
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
  /// 130 after SIGINT, 143 after SIGTERM, 0 where none came.
  int exit_code() const;
};

}  // namespace abax
